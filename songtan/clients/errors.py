"""What can go wrong between a command and the centre."""

from catalog.formats.errors import N_, AppError


class NoCentre(AppError):
    """No address of a centre is known: never signed in, and SONGTAN_API is not set."""

    code = "client.no-centre"
    status = 400
    message = N_("Which centre? Sign in first: songtan %(face)s login --api https://the.centre (or set SONGTAN_API).")


class NoSession(AppError):
    """Nobody is signed in at this centre from here."""

    code = "client.no-session"
    status = 401
    message = N_("Nobody is signed in at %(api)s. Run: songtan %(face)s login --api %(api)s (or set SONGTAN_TOKEN).")


class CentreAway(AppError):
    """The centre, the store or the signer cannot be reached, or says that it cannot work now."""

    code = "client.centre-away"
    status = 503
    message = N_("%(url)s does not answer: %(why)s. Check the address and the line, then run the same command again.")


class CentreRefused(AppError):
    """The centre's own words about a request that it did not carry out; `answer` is the HTTP status."""

    code = "client.refused"
    status = 400
    message = "%(detail)s"


class NotOurs(AppError):
    """Something answers at the address, but not as a centre does."""

    code = "client.not-a-centre"
    status = 400
    message = N_("What answers at %(url)s is not a Songtan centre: %(why)s. Check the address.")


class FileUnusable(AppError):
    """The file to upload cannot be read, is empty, or changed while it was being sent."""

    code = "client.file-unusable"
    status = 400
    message = N_("%(path)s cannot be uploaded: %(why)s.")


class JobEnded(AppError):
    """A lesson's job ended without packs; `why` is the centre's reason."""

    code = "client.job-ended"
    status = 409
    message = N_("The lesson was not encoded: %(why)s")


class NotPublished(AppError):
    """The release was not signed in time, or was withdrawn."""

    code = "client.not-published"
    status = 409
    message = N_("Release %(number)s was not published: %(why)s")


class NoJob(AppError):
    """Nothing was uploaded for the lesson yet, so there is nothing to watch."""

    code = "client.no-job"
    status = 409
    message = N_(
        "The lesson %(lesson)s has no job yet. Upload its video: songtan partner upload FILE --lesson %(lesson)s"
    )
