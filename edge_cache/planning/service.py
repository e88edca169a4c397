"""The planner on a node: what it is given, and what follows for the fill, the pages and the report."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from catalog.formats.protocol import Direction
from catalog.formats.protocol import Policy as Told
from edge_cache.notes import Notes
from edge_cache.planner import history
from edge_cache.planner.given import DAY, HOUR, Disk, Due, Foreseen, Given, Line, Policy, Window, Wish
from edge_cache.planner.plan import plan
from edge_cache.planner.result import Forecast, Plan, Why
from edge_cache.planning.line import keep_line, known_line
from edge_cache.planning.repository import LadderRepository, which

EVERY_DAY = frozenset(range(7))
BITS = 8
HOURS_TOLD = 14 * 24
"""Of a box that was off for longer, no more is learnt."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A lesson that the fill fetches before the rest of the catalogue, at this rung."""

    course: str
    lesson: str
    rung: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What people and their habits ask for: the timetable, what follows from it, and wishes."""

    due: Sequence[Due] = ()
    foreseen: Sequence[Foreseen] = ()
    wishes: Mapping[str, Wish] | None = None


class Planning:
    """Plans for one node. `free` gives the free bytes of the store's disk, `clock` the best guess of the time."""

    def __init__(
        self, ladders: LadderRepository, notes: Notes, free: Callable[[], int], clock: Callable[[], datetime]
    ) -> None:
        self._ladders, self._notes, self._free, self._clock = ladders, notes, free, clock
        self.asked: Callable[[], Asked] = Asked

    def given(self, *, whole: bool = True) -> Given:
        """Return what the planner is told now; with `whole` False only of the lessons that are asked for."""
        asked = self.asked()
        wishes = asked.wishes or {}
        keys = {due.lesson for due in asked.due} | {one.lesson for one in asked.foreseen} | set(wishes)
        told = self._told()
        policy = planner_policy(told)
        lessons = self._ladders.ladders(None if whole else keys)
        return Given(
            self._clock().timestamp(),
            lessons,
            asked.due,
            asked.foreseen,
            [(key, 1.0) for key in lessons] if whole else (),
            self.line(),
            Disk(max(0, self._free() - told.disk_reserve_bytes)),
            policy,
            wishes,
        )

    def plan(self) -> Plan:
        """Return the whole plan: steps, evictions, and how timetabled lessons stand."""
        return plan(self.given())

    def forecast(self, due: Sequence[Due]) -> list[Forecast | None]:
        """Return how entries of the timetable stand, in the same order; None for one whose bell is past."""
        asked = self.asked()
        keys = {one.lesson for one in due} | {one.lesson for one in asked.foreseen} | set(asked.wishes or {})
        given = replace(self.given(whole=False), lessons=self._ladders.ladders(keys), due=due)
        said = {(one.bell, one.klass, one.lesson): one for one in plan(given).forecast}
        return [said.get((one.bell, one.klass, one.lesson)) for one in due]

    def ahead(self) -> list[Ahead]:
        """Return what the fill fetches before the rest of the catalogue, in order."""
        given = self.given(whole=False)
        if not (given.due or given.foreseen or given.wishes):
            return []
        return [Ahead(*which(s.lesson), s.rung) for s in plan(given).steps if s.why is not Why.LIKELY]

    def line(self) -> Line:
        """Return what is known of the line."""
        return known_line(self._notes)

    def seen(self, seconds: float, length: int) -> None:
        """Learn that the line brought `length` bytes in so many seconds of work."""
        if seconds > 0:
            keep_line(self._notes, history.seen(self.line(), seconds, length))

    def watched(self, now: datetime, *, is_up: bool) -> None:
        """Learn whether there is a line now; called at every look at the centre. Hours are counted as they pass."""
        line, moment = self.line(), now.timestamp()
        if is_up and line.down_since is not None:
            line = history.came_back(line, moment - line.down_since)
        elif not is_up and line.down_since is None:
            line = replace(line, down_since=moment)
        hour = self._hour(moment)
        before = self._notes.fact("line_hour")
        began, ups, looks = json.loads(before) if before else (hour, 0, 0)
        began = max(began, hour - HOURS_TOLD)
        while began < hour:
            line = history.hour_passed(line, began % 24, ups / looks if looks else 0.0)
            began, ups, looks = began + 1, 0, 0
        self._notes.keep(line_hour=json.dumps([hour, ups + is_up, looks + 1]))
        keep_line(self._notes, line)

    def _hour(self, moment: float) -> int:
        return int((moment + Policy().utc_offset_s) // HOUR)

    def _told(self) -> Told:
        text = self._notes.fact("direction")
        return Direction.model_validate_json(text).policy if text else Told()


def planner_policy(told: Told) -> Policy:
    """Return the centre's policy as the planner has it: its windows say when the fill may run, ours when it may not."""
    windows: list[Window] = []
    if told.rate_limit_bits_per_s is not None:
        windows.append(Window(EVERY_DAY, 0, DAY, rate=told.rate_limit_bits_per_s / BITS))
    if told.windows:
        open_minutes = sorted(
            part
            for window in told.windows
            for part in (
                [(window.start, window.end)]
                if window.start < window.end
                else [(0, window.end), (window.start, 24 * 60)]
            )
        )
        shut = 0
        for begins, ends in [*open_minutes, (24 * 60, 24 * 60)]:
            if begins > shut:
                windows.append(Window(EVERY_DAY, shut * 60.0, begins * 60.0, share=0.0))
            shut = max(shut, ends)
    return Policy(tuple(windows))
