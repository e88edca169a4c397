"""What can go wrong on the way."""

from catalog.formats.errors import N_, AppError


class WayFailed(AppError):
    """A step of the way did not come to its end; `why` is what the program concerned said."""

    code = "demo.way-failed"
    status = 409
    message = N_("%(step)s did not work: %(why)s. The logs are in %(logs)s.")


class TookTooLong(AppError):
    """A step did not end in time."""

    code = "demo.too-long"
    status = 504
    message = N_("%(step)s did not end within %(seconds)s seconds. The logs are in %(logs)s.")


class CheckFailed(AppError):
    """`--once` found something that is not as it must be."""

    code = "demo.check-failed"
    status = 500
    message = N_("The check failed: %(what)s. The logs are in %(logs)s.")
