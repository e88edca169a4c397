"""What can be wrong with what somebody enters into the timetable."""

from typing import ClassVar

from catalog.formats.errors import N_, AppError


class EntryUnknown(AppError):
    """No such entry on the timetable, or it has been removed."""

    code = "timetable.unknown-entry"
    status = 404
    message = N_("This entry is not on the timetable; someone may have removed it. Go back to the timetable.")


class OccurrenceUnknown(AppError):
    """The entry does not take place then."""

    code = "timetable.unknown-occurrence"
    status = 404
    message = N_("Nothing takes place at this time; the entry may have been changed. Go back to the timetable.")


class TimetableFull(AppError):
    """More entries than a school can need."""

    code = "timetable.full"
    status = 409
    message = N_("The timetable is full: it holds %(most)s entries. Tell the centre's staff.")


class FieldRefused(AppError):
    """One thing that was typed cannot be used; never raised itself, always a subclass. `field` names the thing."""

    status = 422
    field: ClassVar[str]


class ClassNameWrong(FieldRefused):
    """No name of a class, or one that is too long."""

    code = "timetable.class-name"
    message = N_("Write which class it is, in 1 to 40 characters on one line.")
    field = "class_name"


class NameTooLong(FieldRefused):
    """A name for days off that is too long."""

    code = "timetable.name"
    message = N_("Write the name in at most 100 characters on one line.")
    field = "name"


class CourseNotHere(FieldRefused):
    """The node does not know the course."""

    code = "timetable.course"
    message = N_("This box has no course “%(course)s”. Choose one of its courses, or ask the centre to assign it.")
    field = "course"


class CourseAmbiguous(FieldRefused):
    """Two courses have this title."""

    code = "timetable.course-ambiguous"
    message = N_("Several courses are called “%(course)s”. Write the course's id instead; an export has it.")
    field = "course"


class LessonNotHere(FieldRefused):
    """The course has no such lesson."""

    code = "timetable.lesson"
    message = N_(
        "The course “%(course)s” has no lesson “%(lesson)s”. Write the number of one of its %(count)s lessons."
    )
    field = "lesson"


class DayWrong(FieldRefused):
    """Something that is no day."""

    code = "timetable.day"
    message = N_("“%(text)s” is no day. Write it like 2026-11-26.")
    field = "first"


class DaysBackwards(FieldRefused):
    """A last day before the first."""

    code = "timetable.days-backwards"
    message = N_("The last day is before the first one. Correct one of them.")
    field = "last"


class ClockWrong(FieldRefused):
    """Something that is no time of the day."""

    code = "timetable.time"
    message = N_("“%(text)s” is no time of the day. Write it like 08:00.")
    field = "start"


class MinutesWrong(FieldRefused):
    """A length that no lesson has."""

    code = "timetable.minutes"
    message = N_("“%(text)s” is no length of a lesson. Write minutes, from 5 to 300.")
    field = "minutes"


class WeekdayWrong(FieldRefused):
    """Something that is no day of the week."""

    code = "timetable.weekday"
    message = N_("“%(text)s” is no day of the week. Write 1 to 7; 1 is Monday.")
    field = "weekday"


class NoPeriods(FieldRefused):
    """A weekly entry that never takes place."""

    code = "timetable.no-periods"
    message = N_("Choose at least one weekly period, or remove the entry.")
    field = "at"


class FileTooLong(AppError):
    """A file that is longer than a timetable can be."""

    code = "timetable.file-too-long"
    status = 413
    message = N_("This file is too long for a timetable: at most %(rows)s rows and 1 MB. Nothing was imported.")


class FileNotText(AppError):
    """A file that is no text: a workbook, say."""

    code = "timetable.file-not-text"
    status = 422
    message = N_("This file is no CSV. In your spreadsheet choose “Save as”, then “CSV”. Nothing was imported.")


class ColumnMissing(AppError):
    """A file without a column that is needed."""

    code = "timetable.column-missing"
    status = 422
    message = N_(
        "The first row of this file names no column “%(column)s”. Give it one, or fill in an export. "
        "Nothing was imported."
    )


class RowsDiffer(FieldRefused):
    """Rows of one entry that say different things."""

    code = "timetable.rows-differ"
    message = N_("The rows with this number differ in more than their period. Make them agree, or empty the number.")
    field = "id"


class RowsRefused(AppError):
    """Rows of a file are wrong; nothing of it was taken."""

    code = "timetable.rows"
    status = 422
    message = N_("Wrong places in the file: %(count)s. Nothing was imported; correct them and try again.")
