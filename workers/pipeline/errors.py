"""What can be wrong with a source, and with the tools that look at it."""

from catalog.formats.errors import N_, AppError


class SourceEmpty(AppError):
    """The source has no bytes."""

    code = "source.no-bytes"
    status = 422
    message = N_("The uploaded file is empty. Upload the video again.")


class NotAVideo(AppError):
    """No demuxer that we allow recognises the source."""

    code = "source.not-a-video"
    status = 422
    message = N_(
        "The uploaded file is not a video or sound recording that can be read (%(why)s). "
        "Export it as MP4 (H.264 and AAC) and upload it again."
    )


class NothingInside(AppError):
    """The source has a readable header and neither pictures nor sound."""

    code = "source.nothing-inside"
    status = 422
    message = N_(
        "The uploaded file has neither moving pictures nor sound inside. Export the video again and upload it."
    )


class SourceCutOff(AppError):
    """The header promises more than the file holds."""

    code = "source.cut-off"
    status = 422
    message = N_(
        "The file says that it lasts %(promised)s seconds, but only %(present)s seconds of it are there: it was "
        "cut off on the way, or its header is wrong. Play it to its end; export it again if it stops, and upload it."
    )


class SourceTooLong(AppError):
    """The source lasts longer than one lesson may."""

    code = "source.too-long"
    status = 422
    message = N_("The video lasts %(seconds)s seconds; a lesson may last %(limit)s. Divide it into several lessons.")


class PicturesTooLarge(AppError):
    """The source's pictures have more pixels than the limit."""

    code = "source.pictures-too-large"
    status = 422
    message = N_(
        "The pictures are %(width)s×%(height)s; up to %(limit)s pixels a picture are taken. Export it smaller."
    )


class TooManyStreams(AppError):
    """The source has more streams (pictures, sounds, subtitles, attachments) than any export has."""

    code = "source.too-many-streams"
    status = 422
    message = N_(
        "The file holds more than %(limit)s streams. Export it with one track of pictures and one of sound, "
        "and upload it again."
    )


class SourceGap(AppError):
    """For a long time in the middle the source has neither pictures nor sound."""

    code = "source.gap"
    status = 422
    message = N_(
        "Between %(start)s and %(end)s seconds the file holds neither pictures nor sound: its clock jumps, or much of "
        "it is missing. Play it there; export it again and upload it."
    )


class SourceTooHeavy(AppError):
    """The source has more pictures, sound packets or pixels than its length can need."""

    code = "source.too-heavy"
    status = 422
    message = N_(
        "The file takes far more work than a lesson needs (%(why)s). "
        "Export it as MP4 (H.264 and AAC, 1080p, 25 or 30 pictures a second) and upload it again."
    )


class NotDecodable(AppError):
    """A stretch of the source cannot be decoded, or not within its limits."""

    code = "source.not-decodable"
    status = 422
    message = N_(
        "The stretch from %(start)s to %(end)s seconds cannot be decoded (%(why)s). "
        "Check that the file plays there; export it again and upload it."
    )


class ToolFailed(AppError):
    """ffmpeg or ffprobe ended with an error; `why` is the end of what it said."""

    code = "tool.failed"
    status = 500
    message = N_("%(tool)s ended with %(status)s: %(why)s. Try again; if it stays, show this to the centre's staff.")


class ToolTooSlow(AppError):
    """ffmpeg or ffprobe did not end within its time."""

    code = "tool.too-slow"
    status = 500
    message = N_(
        "%(tool)s was stopped after %(seconds)s seconds without an end. "
        "Try again; if it stays, export the video as plain MP4 (H.264 and AAC) and upload it again."
    )


class CannotConfine(AppError):
    """The machine refused what it says it can do to confine a tool; the tool was not started."""

    code = "worker.cannot-confine"
    status = 503
    message = N_("The worker could not confine %(tool)s (%(why)s) and did not start it. Tell the centre's staff.")


class ToolTooBusy(AppError):
    """A tool took more processor time than its content can need: a fault of the source, and no use to try again."""

    code = "tool.too-busy"
    status = 422
    message = N_(
        "%(tool)s was stopped after %(seconds)s seconds of processor time: the file takes far more work than its "
        "length explains. Export it as MP4 (H.264 and AAC, 1080p, 25 or 30 pictures a second) and upload it again."
    )


class ToolWroteTooMuch(AppError):
    """A tool wrote more than its limit, in one file or in all."""

    code = "tool.wrote-too-much"
    status = 422
    message = N_(
        "%(tool)s was stopped because it had written more than %(limit)s MB: the file holds far more than its length "
        "explains. Export it as MP4 (H.264 and AAC) and upload it again."
    )


class WorkspaceFull(AppError):
    """The worker's disk has no room for what the task needs."""

    code = "worker.disk-full"
    status = 503
    message = N_(
        "The worker's disk has %(free)s MB free and this step needs %(needed)s MB. Ask the centre's staff for room."
    )


class InitDiffers(AppError):
    """Segments of one track were encoded by different tools or settings."""

    code = "segment.init-differs"
    status = 500
    message = N_(
        "Segment %(number)s of the track %(track)s was made with other parameters than the first: the workers' "
        "versions differ. Ask the centre's staff to bring all workers to one version, then upload the source again."
    )


class SegmentWrong(AppError):
    """An encoded segment does not hold what the plan says."""

    code = "segment.wrong"
    status = 500
    message = N_("Segment %(number)s of the track %(track)s came out wrong (%(why)s). Try again.")


class Cancelled(Exception):
    """The work was asked to stop; nobody needs to be told."""


class PartLost(AppError):
    """A part that ingest cut is not in the store any more, or not as it was. Trying the job again cuts it anew."""

    code = "job.part-lost"
    status = 500
    message = N_(
        "A part of the source that this job needs is gone or damaged (%(key)s). Try again: it is then cut anew."
    )


class ReaderMissing(AppError):
    """The models of the OCR, which measures legibility, are not installed."""

    code = "worker.reader-missing"
    status = 500
    message = N_(
        "The worker has no models to read text with (%(name)s is missing): rapidocr is not installed whole. "
        "Ask the centre's staff to install the worker's packages anew."
    )
