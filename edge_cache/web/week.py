"""A week of the timetable as its page shows it: a pure function of what takes place and of the school's bells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from catalog.formats.forecast import Forecast
from catalog.formats.occurrences import DaysOff, Occurrence, Plan
from edge_cache.timetable.repository import CourseHere
from edge_cache.timetable.service import Standing

SCHOOL_DAYS = 5


@dataclass(frozen=True, slots=True)
class Line:
    """A lesson that a class takes, with the words that people know it by.

    `title` is empty where the node does not know the lesson; `forecast` is None once the lesson is over, or skipped.
    """

    due: Occurrence
    forecast: Forecast | None
    course_title: str
    number: int | None
    title: str

    @property
    def address(self) -> str:
        """Where this one time of its entry is shown."""
        return f"/timetable/entries/{self.due.entry}/{self.due.day.isoformat()}/{self.due.start}"


@dataclass(frozen=True, slots=True)
class Column:
    """A day of the week, and what is said of it: the name of a holiday, or which weekday it follows."""

    day: date
    off: DaysOff | None


@dataclass(frozen=True, slots=True)
class Row:
    """A period, from `start` (minutes since midnight), with the lines of each day; `number` is None between bells."""

    start: int
    minutes: int
    number: int | None
    cells: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True, slots=True)
class Week:
    """A week's grid."""

    monday: date
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def lines_of(standing: Sequence[Standing], courses: Sequence[CourseHere], now: datetime) -> list[Line]:
    """Return what takes place with its words, in the same order."""
    titles: Mapping[str, str] = {course.id: course.title for course in courses}
    lessons = {(course.id, lesson.id): lesson for course in courses for lesson in course.lessons}
    found = []
    for one in standing:
        lesson = lessons.get((one.due.course, one.due.lesson or ""))
        told = None if one.due.ends <= now or one.due.skipped else one.forecast
        number, title = (lesson.number, lesson.title) if lesson else (None, "")
        found.append(Line(one.due, told, titles.get(one.due.course, ""), number, title))
    return found


def week_of(monday: date, lines: Sequence[Line], bells: Sequence[tuple[int, int]], plans: Sequence[Plan]) -> Week:
    """Return the grid of the week that begins on `monday`: a row for each bell, and for each other time in use.

    Saturday and Sunday are there if something takes place on them.
    """
    last = max([SCHOOL_DAYS, *(line.due.starts.isoweekday() for line in lines)])
    days = [monday + timedelta(days=n) for n in range(last)]
    off = [plan for plan in plans if isinstance(plan, DaysOff) and not plan.class_name]
    columns = tuple(Column(day, next((o for o in off if o.first <= day <= o.last), None)) for day in days)
    here: dict[tuple[int, date], list[Line]] = {}
    lengths = dict(bells)
    numbers = {start: number for number, (start, _) in enumerate(bells, 1)}
    for line in lines:
        start = line.due.starts.hour * 60 + line.due.starts.minute
        here.setdefault((start, line.due.starts.date()), []).append(line)
        lengths.setdefault(start, int((line.due.ends - line.due.starts).total_seconds() // 60))
    rows = tuple(
        Row(start, lengths[start], numbers.get(start), tuple(tuple(here.get((start, day), ())) for day in days))
        for start in sorted(lengths)
    )
    return Week(monday, columns, rows)


def by_day(lines: Sequence[Line], today: date, days: int) -> list[tuple[date, list[Line]]]:
    """Return today with its lines, though it has none, and the next days that have any: `days` in all."""
    found: dict[date, list[Line]] = {today: []}
    for line in lines:
        found.setdefault(line.due.starts.date(), []).append(line)
    return sorted(found.items())[:days]
