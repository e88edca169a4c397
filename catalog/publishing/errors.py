"""What can go wrong when a course is published."""

from catalog.formats.errors import N_, AppError


class NothingToPublish(AppError):
    """No lesson of the course has been encoded yet."""

    code = "publishing.nothing-ready"
    status = 409
    message = N_("No lesson of this course is ready: upload a source and wait until its job is done, then publish.")


class NotAName(AppError):
    """A name or text of the course cannot go into a release; `where` says which."""

    code = "publishing.bad-name"
    status = 422
    message = N_("The course cannot be published: %(where)s. Correct it and publish again.")


class PublicationUnknown(AppError):
    """No publication has this id, or its course belongs to somebody else."""

    code = "publication.unknown"
    status = 404
    message = N_("There is no publication %(publication)s. Open the course to see its releases.")


class PublicationOver(AppError):
    """The publication has its signature, or was withdrawn."""

    code = "publication.over"
    status = 409
    message = N_("This publication is %(state)s already. Publish the course again to make a new release.")


class SignerAway(AppError):
    """The signer cannot be reached or cannot work now."""

    code = "signer.away"
    status = 503
    message = N_("The signer does not answer: %(why)s. Nothing was changed; try again in a minute, or tell ops.")


class SignerRefused(AppError):
    """The signer answers and will not do it; `why` is its own message."""

    code = "signer.refused"
    status = 409
    message = N_("The signer refused: %(why)s")
