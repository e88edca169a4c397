"""What a timetable says of days: which class takes which lesson when. Pure; times are of the school's own zone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from catalog.formats.timetable import Entry, is_removed, value_of
from catalog.formats.timetable_fields import BELLS_ID, Change, clock_of

A_DAY = timedelta(days=1)
LONGEST = 750
"""Days that a weekly entry is followed at most: two school years."""
USUAL_BELLS = tuple((start, 45) for start in (480, 535, 600, 655, 840, 895, 950, 1005))
"""Periods of a school that has said nothing of its bells: (minutes since midnight, minutes)."""


@dataclass(frozen=True, slots=True)
class Period:
    """A weekly period: `weekday` 1 is Monday, `start` in minutes since midnight, `minutes` long."""

    weekday: int
    start: int
    minutes: int


@dataclass(frozen=True, slots=True)
class WeeklyPlan:
    """A class takes a course in order, at weekly periods, from `lesson` on `first` to `last` (or the course's end).

    `changes` are by (day, start) of the occurrence that they change.
    """

    id: str
    class_name: str
    course: str
    lesson: str
    first: date
    last: date | None
    periods: tuple[Period, ...]
    changes: Mapping[tuple[date, int], Change]


@dataclass(frozen=True, slots=True)
class OneLesson:
    """A class takes one lesson, once."""

    id: str
    class_name: str
    course: str
    lesson: str
    first: date
    start: int
    minutes: int


@dataclass(frozen=True, slots=True)
class DaysOff:
    """Days without classes, or that follow another weekday's timetable (`follows`); of one class, or of all."""

    id: str
    name: str
    class_name: str
    first: date
    last: date
    follows: int | None


Plan = WeeklyPlan | OneLesson | DaysOff


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A class takes a lesson. `lesson` is None where the node does not know the course, or the lesson is not in it.

    `day` and `start` (minutes since midnight) are where its entry puts it, which is how it is named; `starts` and
    `ends` are when it takes place, with their zone. `changed` says that it is not as its entry has it.
    """

    entry: str
    class_name: str
    course: str
    lesson: str | None
    starts: datetime
    ends: datetime
    day: date
    start: int
    changed: bool = False
    skipped: bool = False


def read_plan(entry: Entry) -> Plan | None:
    """Return an entry as its kind reads it; None if it is removed, lacks a field, or is of a kind unknown here."""
    kind, first = value_of(entry, "kind"), _day_in(entry, "first")
    if is_removed(entry) or first is None:
        return None
    if kind == "days":
        name, class_name = value_of(entry, "name") or "", value_of(entry, "class_name") or ""
        return DaysOff(entry.id, name, class_name, first, _day_in(entry, "last") or first, value_of(entry, "follows"))
    class_name, course, lesson = (value_of(entry, name) for name in ("class_name", "course", "lesson"))
    if not (class_name and course and lesson):
        return None
    whose = (entry.id, class_name, course, lesson, first)
    if kind == "weekly":
        return WeeklyPlan(*whose, _day_in(entry, "last"), _periods(entry), _changes(entry))
    start, minutes = value_of(entry, "start"), value_of(entry, "minutes")
    return OneLesson(*whose, start, minutes) if kind == "once" and start is not None and minutes else None


def _day_in(entry: Entry, name: str) -> date | None:
    day = value_of(entry, name)
    return date.fromisoformat(day) if day else None


def _periods(entry: Entry) -> tuple[Period, ...]:
    found = [
        Period(int(name.split(".")[1]), clock_of(name.split(".")[2]), minutes)
        for name in entry.fields
        if name.startswith("at.") and (minutes := value_of(entry, name)) is not None
    ]
    return tuple(sorted(found, key=lambda p: (p.weekday, p.start)))


def _changes(entry: Entry) -> dict[tuple[date, int], Change]:
    found = {}
    for name in entry.fields:
        if name.startswith("on.") and (change := value_of(entry, name)) is not None:
            _, day, start = name.split(".")
            found[date.fromisoformat(day), clock_of(start)] = Change.model_validate(change)
    return found


def bells_of(entries: Iterable[Entry]) -> tuple[tuple[int, int], ...]:
    """Return the school's periods as (start, minutes) in order; the usual ones where it has said nothing."""
    for entry in entries:
        if entry.id == BELLS_ID:
            found = [
                (clock_of(name.split(".")[1]), minutes)
                for name in entry.fields
                if name.startswith("bell.") and (minutes := value_of(entry, name)) is not None
            ]
            if found:
                return tuple(sorted(found))
    return USUAL_BELLS


def occurrences(
    plans: Iterable[Plan], lessons: Mapping[str, Sequence[str]], zone: tzinfo, first: date, last: date
) -> list[Occurrence]:
    """Return what takes place from `first` to `last`, in order of time; what is skipped is among it, and says so.

    `lessons` are the lessons of each course that is known, in the order of the course.
    """
    all_plans = list(plans)
    days_off = [plan for plan in all_plans if isinstance(plan, DaysOff)]
    found: list[Occurrence] = []
    for plan in all_plans:
        if isinstance(plan, OneLesson):
            known = plan.lesson if plan.lesson in lessons.get(plan.course, ()) else None
            starts = _moment(plan.first, plan.start, zone)
            ends = starts + timedelta(minutes=plan.minutes)
            here = (plan.id, plan.class_name, plan.course, known, starts, ends, plan.first, plan.start)
            found.append(Occurrence(*here))
        elif isinstance(plan, WeeklyPlan):
            found += _weekly(plan, lessons.get(plan.course), days_off, zone, last)
    inside = [one for one in found if first <= one.starts.date() <= last]
    return sorted(inside, key=lambda one: (one.starts, one.class_name, one.entry))


def _weekly(
    plan: WeeklyPlan, lessons: Sequence[str] | None, days_off: Sequence[DaysOff], zone: tzinfo, last: date
) -> Iterator[Occurrence]:
    order = _Order(lessons, plan.lesson)
    for day, period in _slots(plan, days_off, last):
        if order.ended:
            return
        change = plan.changes.get((day, period.start), Change())
        lesson = None if change.skip else order.take(change)
        when = date.fromisoformat(change.day) if change.day else day
        starts = _moment(when, period.start if change.start is None else change.start, zone)
        yield Occurrence(
            plan.id,
            plan.class_name,
            plan.course,
            lesson,
            starts,
            starts + timedelta(minutes=period.minutes),
            day,
            period.start,
            changed=(day, period.start) in plan.changes,
            skipped=change.skip,
        )


def _slots(plan: WeeklyPlan, days_off: Sequence[DaysOff], last: date) -> Iterator[tuple[date, Period]]:
    """Yield the days and periods of a weekly plan as its entry has them, as far as they bear on days up to `last`."""
    until = max([last, *(day for day, _ in plan.changes)])
    until = min(until, plan.first + LONGEST * A_DAY, plan.last or date.max)
    by_weekday: dict[int, list[Period]] = {}
    for period in plan.periods:
        by_weekday.setdefault(period.weekday, []).append(period)
    follows = _follows(days_off, plan.class_name, plan.first, until)
    day = plan.first
    while day <= until:
        for period in by_weekday.get(follows.get(day, day.isoweekday()) or 0, ()):
            yield day, period
        day += A_DAY


def _follows(days_off: Sequence[DaysOff], class_name: str, first: date, last: date) -> dict[date, int | None]:
    """Return, of the days that are not as usual for a class, which weekday they follow; None: no classes."""
    found: dict[date, int | None] = {}
    for off in days_off:
        if off.class_name in ("", class_name):
            begins, ends = max(off.first, first), min(off.last, last)
            for n in range((ends - begins).days + 1):
                found.setdefault(begins + n * A_DAY, off.follows)
    return found


class _Order:
    """Where a class stands in its course."""

    def __init__(self, lessons: Sequence[str] | None, begins_with: str) -> None:
        self._lessons = lessons
        self._next = lessons.index(begins_with) if lessons is not None and begins_with in lessons else None

    @property
    def ended(self) -> bool:
        """Whether the course has no further lesson."""
        return self._lessons is not None and self._next is not None and self._next >= len(self._lessons)

    def take(self, change: Change) -> str | None:
        """Return the lesson of an occurrence; the next one will have the one after it."""
        lessons = self._lessons or ()
        if change.lesson is not None:
            known = change.lesson in lessons
            if known and change.onward:
                self._next = lessons.index(change.lesson) + 1
            return change.lesson if known else None
        if self._next is None:
            return None
        self._next += 1
        return lessons[self._next - 1]


def _moment(day: date, start: int, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, start // 60, start % 60, tzinfo=zone)
