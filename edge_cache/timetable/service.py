"""The rules of the node's timetable: what is entered, what is due, and how that stands."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from catalog.formats.forecast import MAX_FORECAST, Forecast, TimetabledLesson, TimetableForecast
from catalog.formats.hashing import canonical_json
from catalog.formats.ids import new_id
from catalog.formats.occurrences import (
    Occurrence,
    Plan,
    bells_of,
    occurrences,
    read_plan,
)
from catalog.formats.timetable import Entry, Pen, disputed, is_removed
from catalog.formats.timetable_fields import BELLS_ID, bell_field, on_field
from edge_cache.timetable.entered import fields_of
from edge_cache.timetable.errors import EntryUnknown
from edge_cache.timetable.forecast import Forecaster
from edge_cache.timetable.repository import CourseHere, TimetableRepository

REPORTED_DAYS = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """A lesson that a class will take, and how it stands."""

    due: Occurrence
    forecast: Forecast


class TimetableService:
    """The timetable of one node. `place` says to people at other nodes where a change was made."""

    def __init__(
        self,
        repository: TimetableRepository,
        forecaster: Forecaster,
        clock: Callable[[], datetime],
        zone: tzinfo,
        place: Callable[[], str] = lambda: "",
    ) -> None:
        self.rows, self.forecaster, self.zone = repository, forecaster, zone
        self._clock, self._place = clock, place
        self.on_change: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        """The best guess of the time, in the school's zone."""
        return self._clock().astimezone(self.zone)

    def today(self) -> date:
        """The day that it is at the school."""
        return self.now().date()

    def courses(self) -> list[CourseHere]:
        """The courses that a class can take here."""
        return self.rows.courses()

    def plans(self) -> list[Plan]:
        """What is on the timetable, by id."""
        return [plan for entry in self.rows.entries() if (plan := read_plan(entry)) is not None]

    def plan(self, entry: str) -> Plan:
        """Return what one entry says. Raises EntryUnknown."""
        plan = read_plan(self.entry(entry))
        if plan is None:
            raise EntryUnknown
        return plan

    def entry(self, entry: str) -> Entry:
        """Return an entry that has not been removed. Raises EntryUnknown."""
        found = next((one for one in self.rows.entries() if one.id == entry), None)
        if found is None or is_removed(found):
            raise EntryUnknown
        return found

    def disputed(self) -> list[Entry]:
        """Return entries of which somebody has to say which of several values holds."""
        return [entry for entry in self.rows.entries() if disputed(entry)]

    def bells(self) -> tuple[tuple[int, int], ...]:
        """The school's periods as (start, minutes)."""
        return bells_of(self.rows.entries())

    def between(self, first: date, last: date) -> list[Occurrence]:
        """Return what takes place from `first` to `last` in order of time; what is skipped is among it."""
        plans = self.plans()
        if not plans:
            return []
        lessons = {course.id: [lesson.id for lesson in course.lessons] for course in self.courses()}
        return occurrences(plans, lessons, self.zone, first, last)

    def upcoming(self, now: datetime, days: int) -> Sequence[Occurrence]:
        """Return what is due: what takes place on `days` days from now's on and has not ended, in order of time."""
        today = now.astimezone(self.zone).date()
        found = self.between(today, today + timedelta(days=days - 1))
        return [one for one in found if not one.skipped and one.ends > now]

    def standing(self, due: Sequence[Occurrence]) -> list[Standing]:
        """Return how lessons stand, in the same order."""
        told = self.forecaster.forecast(due) if due else []
        return [Standing(one, forecast) for one, forecast in zip(due, told, strict=True)]

    def forecast(self) -> TimetableForecast:
        """Return what a report says: how the lessons of today and tomorrow stand."""
        standing = self.standing(self.upcoming(self.now(), REPORTED_DAYS)[:MAX_FORECAST])
        return TimetableForecast(
            lessons=tuple(
                TimetabledLesson(
                    **one.forecast.model_dump(),
                    entry=one.due.entry,
                    class_name=one.due.class_name,
                    course=one.due.course,
                    lesson=one.due.lesson,
                    starts=one.due.starts,
                    ends=one.due.ends,
                )
                for one in standing
            )
        )

    def add(self, plans: Sequence[Plan]) -> list[str]:
        """Add entries, all or none; return their ids. One that is there already is not added again."""
        return self.save({}, plans)

    def save(self, changed: Mapping[str, Plan], added: Sequence[Plan]) -> list[str]:
        """Change entries by id and add others, all or none; return the ids of the added ones. Raises EntryUnknown."""
        wanted = {_sense(plan): plan for plan in added}
        for plan in self.plans():
            wanted.pop(_sense(plan), None)
        new = {new_id(): plan for plan in wanted.values()}

        def edit(pen: Pen, entries: Mapping[str, Entry]) -> Iterable[Entry]:
            for entry, plan in changed.items():
                known = _known(entries, entry)
                yield pen.write(known, fields_of(plan, known))
            for entry, plan in new.items():
                yield pen.new(entry, fields_of(plan))

        self._change(edit)
        return list(new)

    def remove(self, entry: str) -> None:
        """Take an entry off the timetable. Raises EntryUnknown."""
        self._change(lambda pen, entries: [pen.remove(_known(entries, entry))])

    def settle(self, entry: str, chosen: Mapping[str, Any], keep: bool | None = None) -> None:
        """Say which value of each field holds, and whether the entry stays where somebody removed it.

        Raises EntryUnknown.
        """

        def edit(pen: Pen, entries: Mapping[str, Entry]) -> Iterable[Entry]:
            known = _known(entries, entry)
            if keep is False:
                return [pen.remove(known)]
            return [pen.settle(known, {**chosen, **({"removed": None} if keep else {})})]

        self._change(edit)

    def change_once(self, entry: str, day: date, start: int, change: Mapping[str, Any] | None) -> None:
        """Say what is different at one occurrence of a weekly entry; None takes that back. Raises EntryUnknown."""
        self._change(lambda pen, entries: [pen.write(_known(entries, entry), {on_field(day, start): change})])

    def set_bells(self, bells: Iterable[tuple[int, int]]) -> None:
        """Say when the school's periods begin, and how long they are."""

        def edit(pen: Pen, entries: Mapping[str, Entry]) -> Iterable[Entry]:
            known = entries.get(BELLS_ID, Entry(id=BELLS_ID, seen={}, fields={}))
            gone = {name: None for name in known.fields if name.startswith("bell.")}
            return [pen.write(known, {"kind": "bells", **gone, **{bell_field(at): long for at, long in bells}})]

        self._change(edit)

    def _change(self, edit: Callable[[Pen, Mapping[str, Entry]], Iterable[Entry]]) -> None:
        self.rows.change(edit, self._place())
        self.on_change()


def _known(entries: Mapping[str, Entry], entry: str) -> Entry:
    found = entries.get(entry)
    if found is None or is_removed(found):
        raise EntryUnknown
    return found


def _sense(plan: Plan) -> bytes:
    """Return what is equal of two entries that say the same."""
    return canonical_json(fields_of(plan))
