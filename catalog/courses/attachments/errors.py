"""What can be wrong with an attachment: each fault is a class of its own, so that its words can be translated."""

from catalog.formats.errors import N_, AppError


class AttachmentUnknown(AppError):
    """The lesson has no attachment of this name."""

    code = "attachment.unknown"
    status = 404
    message = N_("This lesson has no attachment %(name)s. Open the lesson to see which it has.")


class TooManyAttachments(AppError):
    """The lesson has as many attachments as the centre takes."""

    code = "attachment.too-many"
    status = 409
    message = N_("This lesson has %(limit)s attachments, which is the most. Remove one, or put several into one ZIP.")


class AttachmentTooLarge(AppError):
    """A file of more bytes than the centre takes."""

    code = "attachment.too-large"
    status = 413
    message = N_(
        "%(name)s has %(size)s bytes; an attachment may have %(limit)s at most, for schools fetch it over thin lines. "
        "Save it smaller (pictures first), or cut it in two."
    )


class BadAttachment(AppError):
    """A file that cannot be attached. Only its subclasses are raised."""

    code = "attachment.bad"
    status = 422
    message = N_("%(name)s cannot be attached.")


class AttachmentEmpty(BadAttachment):
    """A file without a byte."""

    message = N_("The file %(name)s is empty. Choose the right one and send it again.")


class BadFileName(BadAttachment):
    """A name that no file should have."""

    message = N_(
        "A file cannot be called %(name)s here: at most 85 Chinese characters (255 bytes), no / or \\, nothing "
        "invisible, no blank or dot at either end. Rename it and send it again."
    )


class KindUnknown(BadAttachment):
    """Bytes of none of the kinds that are taken."""

    message = N_(
        "%(name)s is of no kind that can be attached. Taken are PDF, DOCX, XLSX, PPTX, ODT, ODS, ODP, JPEG, PNG, GIF, "
        "WebP, TXT and ZIP. Save an older document (.doc, .xls, .ppt, .wps) in the newer form, or as PDF."
    )


class NotAsNamed(BadAttachment):
    """A name that does not end as files of this kind do, so that a computer would open it as something else."""

    message = N_("%(name)s is not what its name says: its name must end in %(endings)s. Rename it and send it again.")


class HoldsProgram(BadAttachment):
    """A ZIP with something in it that a computer runs."""

    message = N_("%(name)s holds %(member)s, which a computer would run. Take it out and send the rest again.")


class HoldsMacros(BadAttachment):
    """A document with macros."""

    message = N_("%(name)s holds macros, which a computer would run. Save it without them (.docx, .xlsx, .pptx).")


class ArchiveBroken(BadAttachment):
    """A ZIP, or a document that is one, that cannot be read or has too many files in it."""

    message = N_("%(name)s is damaged, or holds too many files: it cannot be looked through. Save or pack it again.")
