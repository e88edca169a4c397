"""What can go wrong at the front door."""

from catalog.formats.errors import AppError, N_


class PartMissing(AppError):
    """A command needs an extra that is not installed; `module` is what Python did not find."""

    code = "front-door.part-missing"
    status = 503
    message = N_(
        "`songtan %(command)s` needs the Python module %(module)s, which is not installed here. "
        "Install it with: pip install 'songtan[%(extra)s]'."
    )
