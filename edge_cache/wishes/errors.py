"""What can be wrong with a wish."""

from catalog.formats.errors import N_, AppError


class WishUnknown(AppError):
    """Something that is no wish."""

    code = "wish.unknown"
    status = 422
    message = N_("“%(wish)s” is not a wish. It is one of %(wishes)s.")


class LessonNotFound(AppError):
    """No course here has such a lesson."""

    code = "wish.lesson"
    status = 404
    message = N_(
        "No course on this box has a lesson “%(lesson)s”. Write its title as the box's page shows it, or its number"
        " and --course."
    )


class LessonNotClear(AppError):
    """Several courses have such a lesson."""

    code = "wish.which-lesson"
    status = 409
    message = N_("There is a lesson “%(lesson)s” in %(count)s courses of this box. Say which with --course.")
