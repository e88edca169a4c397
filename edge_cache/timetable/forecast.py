"""What is foreseen of timetabled lessons. A planner that knows more stands in the place of `HeldForecast`."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from catalog.formats.forecast import Forecast, State, Why
from catalog.formats.occurrences import Occurrence
from edge_cache.releases.repository import LessonLine, ReleaseRepository


class Forecaster(Protocol):
    """Says how lessons stand before their bells."""

    def forecast(self, due: Sequence[Occurrence]) -> list[Forecast]:
        """Return one forecast for each occurrence, in the same order."""
        ...


class HeldForecast:
    """Knows only what is held: a lesson is ready, or it is not here yet and nobody can say when it will be."""

    def __init__(self, releases: ReleaseRepository, clock: Callable[[], datetime]) -> None:
        self._releases, self._clock = releases, clock

    def forecast(self, due: Sequence[Occurrence]) -> list[Forecast]:
        """Return one forecast for each occurrence, in the same order."""
        assigned = {course.course for course in self._releases.courses()}
        lines = {
            (line.course, line.lesson): line
            for course in {one.course for one in due} & assigned
            for line in self._releases.lessons(course)
        }
        now = self._clock()
        return [self._one(one, assigned, lines, now) for one in due]

    def _one(
        self, due: Occurrence, assigned: set[str], lines: dict[tuple[str, str], LessonLine], now: datetime
    ) -> Forecast:
        if due.course not in assigned:
            return Forecast(state=State.AT_RISK, why=Why.NO_COURSE)
        line = lines.get((due.course, due.lesson or ""))
        if line is None:
            return Forecast(state=State.AT_RISK, why=Why.NO_LESSON)
        if line.ready:
            return Forecast(state=State.READY, rung=self._best(line), share=1)
        late = due.starts <= now
        return Forecast(state=State.AT_RISK if late else State.ARRIVING, share=line.share, why=Why.NOT_FETCHED)

    def _best(self, line: LessonLine) -> str:
        release = self._releases.serving(line.course, line.lesson) or 0
        here = [r.rung for r in self._releases.rungs(line.course, release, line.lesson) if r.complete and r.watchable]
        return here[-1] if here else ""
