"""The planner on a node: what it is given, and what follows for the fill, the pages and the report."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from catalog.formats.protocol import Direction
from catalog.formats.protocol import Policy as Told
from catalog.formats.protocol import Window as FillWindow
from edge_cache.notes import Notes
from edge_cache.planner import history
from edge_cache.planner.given import DAY, HOUR, Disk, Due, Foreseen, Given, Line, Policy, Window, Wish
from edge_cache.planner.plan import next_steps, plan
from edge_cache.planner.result import Forecast, Plan, Why
from edge_cache.planning.line import keep_line, known_line
from edge_cache.planning.meter import Meter
from edge_cache.planning.repository import LadderRepository, Which, which

DAYS, MINUTES = 7, 1440
EVERY_DAY = frozenset(range(DAYS))
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
class Orders:
    """What the fill is told: `ahead` in order, for the room of which the renditions `going` (course, lesson, rung) may
    go; then, if `rest`, the rest of the catalogue but for what is `refused`: `by_line`, or from nearby alone."""

    ahead: Sequence[Ahead] = ()
    refused: Collection[Which] = ()
    going: Sequence[tuple[str, str, str]] = ()
    rest: bool = True
    by_line: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """What people and their habits ask for: the timetable, what follows from it, and wishes; and what is `likely`."""

    due: Sequence[Due] = ()
    foreseen: Sequence[Foreseen] = ()
    wishes: Mapping[str, Wish] = field(default_factory=dict)
    likely: Sequence[tuple[str, float]] = ()


class Planning:
    """Plans for one node. `room` gives the bytes that the store may grow by under a policy, `clock` the best guess of
    the time, and `zone` is the school's: hours and weekdays are its own, wherever the machine believes to be."""

    def __init__(
        self,
        ladders: LadderRepository,
        notes: Notes,
        room: Callable[[Told], int],
        clock: Callable[[], datetime],
        zone: tzinfo,
    ) -> None:
        self._ladders, self._notes, self._room, self._clock, self._zone = ladders, notes, room, clock, zone
        self.meter = Meter(notes, zone)
        self.asked: Callable[[], Asked] = Asked

    def planned(self) -> tuple[Given, Plan]:
        """Return the whole plan with what it was made of: steps, evictions, and how timetabled lessons stand."""
        return self._planned(self.asked(), plan, whole=True)

    def now(self) -> tuple[Given, Plan]:
        """Return the plan that the fill works by: as `planned`, but without how timetabled lessons stand, and idle
        hours are left out where that saves work."""
        return self._planned(self.asked(), next_steps)

    def forecast(self, due: Sequence[Due]) -> list[Forecast | None]:
        """Return how entries of the timetable stand, in the same order; None for one whose bell is past."""
        _, found = self._planned(replace(self.asked(), due=due), plan)
        said = {(one.bell, one.klass, one.lesson): one for one in found.forecast}
        return [said.get((one.bell, one.klass, one.lesson)) for one in due]

    def orders(self) -> Orders:
        """Return what the fill is to fetch."""
        given, found = self.now()
        frugal = _is_frugal(self._told())
        ahead = [Ahead(*which(s.lesson), s.rung) for s in found.steps if frugal or s.why is not Why.LIKELY]
        refused = {which(key) for key, wish in given.wishes.items() if wish is Wish.NOT}
        is_up = given.line.down_since is None  # what the line cannot bring now needs no room yet
        going = [(*which(one.lesson), one.rung) for one in found.evictions if is_up]
        return Orders(ahead, refused, going, rest=not found.short, by_line=not frugal)

    def _planned(self, asked: Asked, how: Callable[[Given], Plan], *, whole: bool = False) -> tuple[Given, Plan]:
        """Plan with the lessons that are asked for; with all of them where that makes a difference, or if `whole`."""
        told, now = self._told(), self._clock()
        whole = whole or _is_frugal(told)
        keys = {due.lesson for due in asked.due} | {one.lesson for one in asked.foreseen} | set(asked.wishes)
        lessons = self._ladders.ladders(None if whole else keys)
        given = Given(
            now.timestamp(),
            lessons,
            asked.due,
            asked.foreseen,
            _likely(asked, told, lessons) if whole else (),
            self.line(),
            Disk(self._room(told)),
            self._policy(told, now),
            asked.wishes,
        )
        found = how(given)
        if found.short:
            disk = replace(given.disk, spare=self._ladders.spare_bytes())
            given = replace(given, lessons=lessons if whole else self._ladders.ladders(), disk=disk)
            found = how(given)
        return given, found

    def _policy(self, told: Told, now: datetime) -> Policy:
        """Return the centre's policy as the planner has it."""
        used = self.meter.month(now)
        budget = None if told.monthly_bytes is None else max(0, told.monthly_bytes - used)
        return replace(planner_policy(told, self._offset(now)), thrift=told.thrift, budget=budget)

    def line(self) -> Line:
        """Return what is known of the line."""
        return known_line(self._notes)

    def seen(self, seconds: float, length: int) -> None:
        """Learn that the line brought `length` bytes in so many seconds of work."""
        if seconds > 0:
            keep_line(self._notes, history.seen(self.line(), seconds, length))

    def watched(self, now: datetime, *, is_up: bool) -> bool:
        """Learn whether there is a line now; called at every look at the centre. Hours are counted as they pass.

        Return whether it has just come back.
        """
        line, moment = self.line(), now.timestamp()
        came_back = is_up and line.down_since is not None
        if is_up and line.down_since is not None:
            line = history.came_back(line, moment - line.down_since)
        elif not is_up and line.down_since is None:
            line = replace(line, down_since=moment)
        hour = int((moment + self._offset(now)) // HOUR)
        before = self._notes.fact("line_hour")
        began, ups, looks = json.loads(before) if before else (hour, 0, 0)
        began = max(began, hour - HOURS_TOLD)
        while began < hour:
            line = history.hour_passed(line, began % 24, ups / looks if looks else 0.0)
            began, ups, looks = began + 1, 0, 0
        self._notes.keep(line_hour=json.dumps([hour, ups + is_up, looks + 1]))
        keep_line(self._notes, line)
        self.meter.month(now)
        return came_back

    def _offset(self, moment: datetime) -> float:
        """Return how many seconds the school's clocks are before UTC at a moment."""
        offset = moment.astimezone(self._zone).utcoffset()
        return offset.total_seconds() if offset else 0.0

    def _told(self) -> Told:
        text = self._notes.fact("direction")
        return Direction.model_validate_json(text).policy if text else Told()


def _is_frugal(told: Told) -> bool:
    """Say whether a policy has nothing fetched over the line but what the plan names."""
    return told.thrift > 0 or told.monthly_bytes is not None


def _likely(asked: Asked, told: Told, lessons: Iterable[str]) -> Sequence[tuple[str, float]]:
    """Return what idle hours fetch: what classes will likely want, or else the whole catalogue in its order."""
    return asked.likely if _is_frugal(told) else [(key, 1.0) for key in lessons]


def planner_policy(told: Told, utc_offset_s: float) -> Policy:
    """Return the centre's policy as the planner has it: its windows say when the fill may run, ours when it may not.

    A cap that does not hold while nobody else uses the line is none to the planner: schools sleep.
    """
    windows: list[Window] = []
    if told.rate_limit_bits_per_s is not None and not (told.idle_line_whole and told.gives_way):
        windows.append(Window(EVERY_DAY, 0, DAY, rate=told.rate_limit_bits_per_s / BITS))
    if told.windows:
        windows += _shut(told.windows)
    return Policy(tuple(windows), utc_offset_s)


def _shut(told: Sequence[FillWindow]) -> Iterator[Window]:
    """Yield the times of a week in which no fill window is open."""
    spans: dict[tuple[int, int], set[int]] = defaultdict(set)
    for day in range(DAYS):
        shut = 0
        for begins, ends in [*sorted(_open(told, day)), (MINUTES, MINUTES)]:
            if begins > shut:
                spans[shut, begins].add(day)
            shut = max(shut, ends)
    for (begins, ends), days in sorted(spans.items()):
        yield Window(frozenset(days), begins * 60.0, ends * 60.0, share=0.0)


def _open(told: Sequence[FillWindow], day: int) -> Iterator[tuple[int, int]]:
    """Yield (first, last) minute of a weekday's open times. One past midnight belongs to the day on which it starts."""
    for window in told:
        days = window.days or EVERY_DAY
        past_midnight = window.start >= window.end
        if day in days:
            yield window.start, MINUTES if past_midnight else window.end
        if past_midnight and (day - 1) % DAYS in days:
            yield 0, window.end
