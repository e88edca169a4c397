"""What can go wrong with a school's timetable at the centre."""

from catalog.formats.errors import N_, AppError


class TimetableFull(AppError):
    """A school has more entries than it can need."""

    code = "timetable.full"
    status = 409
    message = N_("The timetable is full: it holds %(most)s entries. Tell the centre's staff.")
