"""What can go wrong at the signer, in words for the publisher or for ops."""

from catalog.formats.errors import N_, AppError


class NotThere(AppError):
    """The folder holds no keys and no signed repository yet."""

    code = "signer.not-initialised"
    status = 503
    message = N_("The folder %(folder)s holds no signing keys yet. Ops: run `songtan signer init`.")


class AlreadyThere(AppError):
    """Something that can be made only once exists."""

    code = "signer.exists"
    status = 409
    message = N_("%(what)s exists already and is never overwritten. Choose another name or folder.")


class KeysOpen(AppError):
    """A key file can be read by other users of the machine."""

    code = "signer.keys-open"
    status = 500
    message = N_("Other users of this machine can read %(path)s. Run `chmod %(mode)s` on it, then start again.")


class BrokenFile(AppError):
    """A file of the signer's folder cannot be read or is not what its name says."""

    code = "signer.broken-file"
    status = 500
    message = N_("The file %(path)s cannot be used: %(why)s. Ops: restore the signer's folder from its backup.")


class FolderRefused(AppError):
    """The signer's folder cannot be written."""

    code = "signer.folder"
    status = 503
    message = N_(
        "The signer's folder cannot be written: %(path)s: %(why)s. Ops: see to space and rights; nothing changed."
    )


class SignerBusy(AppError):
    """Another process is writing to the signed repository."""

    code = "signer.busy"
    status = 503
    message = N_("Another process is signing in %(folder)s. Wait until it has finished, then try again.")


class WeakPassphrase(AppError):
    """A new passphrase is too short."""

    code = "signer.weak-passphrase"
    status = 422
    message = N_("The passphrase for %(name)s is too short: take %(least)s characters or more.")


class BadPassphrase(AppError):
    """The passphrase does not open the key."""

    code = "signer.bad-passphrase"
    status = 403
    message = N_("The passphrase is not that of %(name)s. Nothing was signed; try again.")


class TooManyTries(AppError):
    """Wrong passphrases came too fast."""

    code = "signer.too-many-tries"
    status = 429
    message = N_("Too many wrong passphrases for %(name)s. Nothing was signed; try again in %(seconds)s seconds.")


class NoName(AppError):
    """The form came without a name or passphrase."""

    code = "signer.no-name"
    status = 422
    message = N_("Enter your name as a signer and your passphrase. Nothing was signed yet.")


class UnknownPartner(AppError):
    """The partner has no role in the signed repository."""

    code = "signer.unknown-partner"
    status = 404
    message = N_("No one can sign for partner %(partner)s yet. Ops: run `songtan signer add-partner %(partner)s`.")


class UnknownSigner(AppError):
    """Nobody of this name holds a key of the partner."""

    code = "signer.unknown-signer"
    status = 404
    message = N_("%(name)s does not sign for this partner. Enter the name exactly as ops registered it.")


class UnknownDraft(AppError):
    """There is no such draft."""

    code = "signer.unknown-draft"
    status = 404
    message = N_("There is nothing to sign at this address. Open it again from the partner's page.")


class DraftClosed(AppError):
    """The draft was signed or refused before."""

    code = "signer.draft-closed"
    status = 409
    message = N_("This release is no longer waiting for a signature: it is %(state)s. Go back to the partner's page.")


class AlreadySigned(AppError):
    """The same person signs twice where two are wanted."""

    code = "signer.already-signed"
    status = 409
    message = N_("%(name)s has signed already. A second person has to sign this release.")


class NotNewer(AppError):
    """The course has a listed release with this number or a higher one."""

    code = "signer.not-newer"
    status = 409
    message = N_(
        "Release %(number)s is not newer than release %(listed)s, which is published. Publish the course again."
    )


class Incomplete(AppError):
    """An object that the release names is missing or is not what the release says."""

    code = "signer.incomplete"
    status = 422
    message = N_("Lesson %(lesson)s is not complete in the store: %(what)s %(why)s. Run its job again, then publish.")


class UnknownRelease(AppError):
    """A direction names a course that the signed repository does not vouch for."""

    code = "signer.unknown-release"
    status = 422
    message = N_(
        "Course %(course)s has no signed release %(release)s of partner %(partner)s. Publish it, then assign it."
    )


class Diverged(AppError):
    """The store holds signed metadata that this folder does not know: it was restored from a backup."""

    code = "signer.diverged"
    status = 503
    message = N_(
        "The store holds signed metadata that is newer than this folder: %(what)s. Nothing was overwritten. "
        "Ops: if the folder was restored from a backup, run `songtan signer adopt` and `songtan signer raise`."
    )


class NotUploaded(AppError):
    """The program has just started and has not yet made sure that the store holds what is signed."""

    code = "signer.not-uploaded"
    status = 503
    message = N_(
        "The signer has just started and is still bringing the object store up to date. Try again in a moment."
    )


class NotAllowed(AppError):
    """The service token is missing or wrong."""

    code = "signer.not-allowed"
    status = 401
    message = N_("This request needs the signer's service token. Ops: set SONGTAN_SIGNER_TOKEN alike on both programs.")


class ForeignOrigin(AppError):
    """A form was sent from another site."""

    code = "signer.foreign-origin"
    status = 403
    message = N_("This form came from %(origin)s, not from the signer's own page. Open %(url)s and sign there.")


class TooLarge(AppError):
    """A request's body is longer than any right one."""

    code = "signer.too-large"
    status = 413
    message = N_("The request has more than %(limit)s bytes. Send a smaller one.")


class NoSuchPage(AppError):
    """There is nothing at this address."""

    code = "signer.no-page"
    status = 404
    message = N_("There is nothing at %(path)s. Open the address again from the partner's page.")


class NoSuchMethod(AppError):
    """The address does not take requests of this kind."""

    code = "signer.no-method"
    status = 405
    message = N_("%(path)s does not take this kind of request. See docs/architecture.md for what it takes.")
