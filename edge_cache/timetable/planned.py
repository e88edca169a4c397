"""The timetable and the planner: what classes will use goes in, and how each lesson will stand comes out."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from catalog.formats.forecast import Forecast, State, Why
from catalog.formats.occurrences import DaysOff, Occurrence, WeeklyPlan
from edge_cache.planner.foresee import School
from edge_cache.planner.given import Due
from edge_cache.planner.result import Forecast as Planned
from edge_cache.planner.result import Reason
from edge_cache.planner.result import State as PlannedState
from edge_cache.timetable.forecast import Forecaster
from edge_cache.timetable.repository import CourseHere, PlayedRepository
from edge_cache.timetable.service import TimetableService

DUE_DAYS = 14
USED_DAYS = 28
A_DAY = timedelta(days=1)
STATES = {
    PlannedState.READY: State.READY,
    PlannedState.PLAYS: State.WILL_PLAY,
    PlannedState.ARRIVING: State.ARRIVING,
    PlannedState.AT_RISK: State.AT_RISK,
}
REASONS = {
    Reason.LINE_DOWN: Why.NO_LINE,
    Reason.LINE_SLOW: Why.LINE_SLOW,
    Reason.DISK_FULL: Why.DISK_FULL,
    Reason.BUDGET: Why.BUDGET,
    Reason.NOT_ASSIGNED: Why.NO_COURSE,
    Reason.NOTHING_PLAYABLE: Why.NOT_PLAYABLE,
}

Named = Callable[[str, str], str]
"""What the planner calls a lesson, of its course and its id."""


class Planner(Protocol):
    """Says how lessons that are due will stand."""

    def forecast(self, due: Sequence[Due]) -> Sequence[Planned | None]:
        """Return one forecast for each, in the same order; None where it has nothing to say."""
        ...


class PlannedForecast:
    """What the planner foresees, and what is held where it says nothing."""

    def __init__(self, planner: Planner, held: Forecaster, named: Named) -> None:
        self._planner, self._held, self._named = planner, held, named

    def forecast(self, due: Sequence[Occurrence]) -> list[Forecast]:
        """Return one forecast for each occurrence, in the same order."""
        known = [one for one in due if one.lesson is not None]
        planned = dict(zip(map(id, known), self._planner.forecast(due_of(known, self._named)), strict=True))
        return [_told(held, planned.get(id(one))) for one, held in zip(due, self._held.forecast(due), strict=True)]


def _told(held: Forecast, planned: Planned | None) -> Forecast:
    if planned is None or held.state == State.READY or (held.why and held.why != Why.NOT_FETCHED):
        return held
    return Forecast(
        state=STATES[planned.state],
        when=None if planned.ready_at is None else datetime.fromtimestamp(planned.ready_at, UTC),
        rung=planned.rung or "",
        share=held.share,
        why=REASONS[planned.reason] if planned.reason else "",
    )


def due_of(due: Sequence[Occurrence], named: Named) -> list[Due]:
    """Return occurrences as the planner takes them; those whose lesson is not known here are left out."""
    return [
        Due(named(one.course, one.lesson), one.class_name, one.starts.timestamp())
        for one in due
        if one.lesson is not None
    ]


class Uses:
    """What classes will use: what is timetabled, and what is foreseen from the courses that they follow."""

    def __init__(self, timetable: TimetableService, played: PlayedRepository, named: Named) -> None:
        self._timetable, self._played, self._named = timetable, played, named

    def due(self) -> list[Due]:
        """Return what is timetabled for the next two weeks."""
        return due_of(self._timetable.upcoming(self._timetable.now(), DUE_DAYS), self._named)

    def school(self) -> School:
        """Return what foreseeing looks at: four weeks of what was taken or played, and what is timetabled."""
        today, courses = self._timetable.today(), self._timetable.courses()
        taken = [
            one
            for one in self._timetable.between(today - USED_DAYS * A_DAY, today + DUE_DAYS * A_DAY)
            if not one.skipped
        ]
        plans = self._timetable.plans()
        typed = {plan.course for plan in plans if isinstance(plan, WeeklyPlan)}
        off = [p for p in plans if isinstance(p, DaysOff) and not p.class_name and p.follows is None]
        offset = self._timetable.now().utcoffset()
        return School(
            courses={course.id: [self._named(course.id, one.id) for one in course.lessons] for course in courses},
            places=_places(courses, self._named),
            used=[*due_of(taken, self._named), *self._seen(today - USED_DAYS * A_DAY, typed)],
            closed=[(self._midnight(one.first), self._midnight(one.last + A_DAY)) for one in off],
            utc_offset_s=offset.total_seconds() if offset else 0.0,
        )

    def _seen(self, since: date, typed: set[str]) -> list[Due]:
        """Return what was played of courses that are not on the timetable; each course counts as a class of its own."""
        return [
            Due(self._named(one.course, one.lesson), one.course, self._midnight(one.day) + one.hour * 3600.0)
            for one in self._played.since(since)
            if one.course not in typed
        ]

    def _midnight(self, day: date) -> float:
        return datetime.combine(day, time(), self._timetable.zone).timestamp()


def _places(courses: Sequence[CourseHere], named: Named) -> dict[str, tuple[str, int]]:
    return {
        named(course.id, lesson.id): (course.id, place)
        for course in courses
        for place, lesson in enumerate(course.lessons)
    }
