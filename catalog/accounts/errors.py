"""What can go wrong when somebody signs in, or may not do something."""

from catalog.formats.errors import N_, AppError


class WrongPassword(AppError):
    """No account has this login name with this password; which of the two is wrong is not told."""

    code = "account.wrong-password"
    status = 401
    message = N_("The login name or the password is wrong. Check both and try again, or ask the centre's staff.")


class TooManyAttempts(AppError):
    """Too many wrong passwords for one login name; `retry_after` is in seconds."""

    code = "account.too-many-attempts"
    status = 429
    message = N_("Too many wrong passwords for %(login)s. Wait %(minutes)s minutes, then try again.")


class NotSignedIn(AppError):
    """The request needs an account, and carries none that is valid."""

    code = "account.not-signed-in"
    status = 401
    message = N_("You are not signed in, or your session has ended. Sign in and try again.")


class NotAllowed(AppError):
    """The account's role does not allow this; `need` names the roles that do."""

    code = "account.not-allowed"
    status = 403
    message = N_("Your account (role %(role)s) may not do this; it takes the role %(need)s. Ask the centre's staff.")


class ForeignOrigin(AppError):
    """A request with a session's cookie came from a page that is not ours."""

    code = "account.foreign-origin"
    status = 403
    message = N_("This request came from another site, so it was not carried out. Open the page here and try again.")


class PartnerUnknown(AppError):
    """No partner has this id."""

    code = "partner.unknown"
    status = 404
    message = N_("There is no partner %(partner)s. `GET /api/partners` lists those there are.")


class PartnerNameTaken(AppError):
    """Another partner has this name."""

    code = "partner.name-taken"
    status = 409
    message = N_("A partner called %(name)s exists already. Choose another name.")


class LoginTaken(AppError):
    """Another account has this login name."""

    code = "account.login-taken"
    status = 409
    message = N_("The login name %(login)s is taken. Choose another one.")


class PartnerMissing(AppError):
    """An account with the role partner must belong to a partner."""

    code = "account.partner-missing"
    status = 422
    message = N_("An account with the role partner belongs to a partner: name its id.")
