"""What can go wrong at the front door."""

from catalog.formats.errors import N_, AppError


class PartMissing(AppError):
    """A command needs an extra that is not installed; `module` is what Python did not find."""

    code = "front-door.part-missing"
    status = 503
    message = N_(
        "`songtan %(command)s` needs the Python module %(module)s, which is not installed here. "
        "Install it with: pip install 'songtan[%(extra)s]'."
    )


class NotAnswering(AppError):
    """An address that should say it is ready does not; `why` is what came instead."""

    code = "front-door.not-answering"
    status = 503
    message = N_("%(url)s does not say that it is ready: %(why)s. Is the program running, and what does its log say?")
