"""What can go wrong with a drive, in words for who plugged it in."""

from catalog.formats.errors import N_, AppError


class NoBundle(AppError):
    """There is no bundle where one was looked for."""

    code = "bundle.none"
    status = 404
    message = N_(
        "There is no bundle in %(folder)s: it has no folder songtan with volumes such as 00001.tar. "
        "Name the folder at which the drive is mounted."
    )


class DriveFull(AppError):
    """No more room on the drive, or none for one more byte."""

    code = "bundle.drive-full"
    status = 507
    message = N_(
        "The drive %(folder)s is full. What is on it is sound and can be used; the rest comes over the line, or take a "
        "larger drive, or name fewer courses."
    )


class DriveUnusable(AppError):
    """The drive cannot be read or written: pulled out, read-only, broken, or not ours to write."""

    code = "bundle.drive-unusable"
    status = 500
    message = N_(
        "The drive %(folder)s cannot be used: %(why)s. Look whether it was pulled out or is write-protected, then run "
        "the command again: it goes on where it stopped."
    )


class NothingToExport(AppError):
    """No signed release is here, or none of the courses that were named."""

    code = "bundle.nothing-to-export"
    status = 409
    message = N_(
        "This node holds no signed release of what should be exported. Let it look at the centre or at a drive first "
        "(`songtan edge sync`), or name other courses."
    )
