"""What can go wrong with courses, lessons and sources; `captions/errors.py` has the rest."""

from catalog.formats.errors import N_, AppError


class CourseUnknown(AppError):
    """No course has this id, or it belongs to somebody else."""

    code = "course.unknown"
    status = 404
    message = N_("There is no course %(course)s, or it is another partner's. Open the list of courses and choose one.")


class LessonUnknown(AppError):
    """No lesson has this id, or it belongs to somebody else."""

    code = "lesson.unknown"
    status = 404
    message = N_("There is no lesson %(lesson)s, or it is another partner's. Open the course and choose one.")


class SourceUnknown(AppError):
    """No source has this id, or it belongs to somebody else."""

    code = "source.unknown"
    status = 404
    message = N_("There is no upload %(source)s, or it is another partner's. Open the lesson and start an upload.")


class LessonNumberTaken(AppError):
    """Another lesson of the course has this number."""

    code = "lesson.number-taken"
    status = 409
    message = N_("Lesson %(number)s exists already in this course. Choose another number, or leave it out.")


class CourseFull(AppError):
    """A course has at most a thousand lessons, because a release has."""

    code = "course.full"
    status = 409
    message = N_("This course has %(limit)s lessons already, which is the most. Begin another course.")


class SourceEmpty(AppError):
    """The file to upload has no bytes."""

    code = "source.empty"
    status = 422
    message = N_("The file %(name)s is empty. Choose the video file itself and try again.")


class SourceTooLarge(AppError):
    """The file to upload is larger than the centre takes."""

    code = "source.too-large"
    status = 422
    message = N_("The file %(name)s has %(size)s bytes; the centre takes at most %(limit)s. Cut it into lessons first.")


class NotADeckFile(AppError):
    """The file that is to be a lesson's deck ends in neither .pdf nor .pptx."""

    code = "source.not-a-deck"
    status = 422
    message = N_("The file %(name)s is no deck. Choose a PDF or PPTX; export slides of other programs as PDF.")


class SourceNotUploading(AppError):
    """The upload is over: whole, or given up."""

    code = "source.not-uploading"
    status = 409
    message = N_("This upload is over (%(state)s). Start a new one to send the file again.")


class NoSuchPart(AppError):
    """A part number outside the file."""

    code = "source.no-such-part"
    status = 422
    message = N_("This file has the parts 1 to %(parts)s; there is no part %(number)s.")


class PartsMissing(AppError):
    """The upload was to be completed before all of its parts were there."""

    code = "source.parts-missing"
    status = 409
    message = N_("%(count)s of %(parts)s parts are missing or cut short (first: %(first)s). Send them, then complete.")


class SourceWrongSize(AppError):
    """What came to lie in the store is not as long as was announced."""

    code = "source.wrong-size"
    status = 409
    message = N_("The store has %(length)s bytes of %(name)s instead of %(size)s. Start the upload again.")
