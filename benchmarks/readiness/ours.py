"""Our way: the planner of `edge_cache`, called at least every five minutes, told what a node knows."""

import time
from dataclasses import replace

from benchmarks.readiness.foreseeing import OFFSET_S, Foreseer, moment
from benchmarks.readiness.lines import BIN_S
from benchmarks.readiness.living import Store
from benchmarks.readiness.schools import LESSONS_A_COURSE, School, Session
from edge_cache.planner import history
from edge_cache.planner.given import HOUR, Disk, Due, Given, Lesson, Line, Policy, Track, Window, rendition
from edge_cache.planner.plan import next_steps

HORIZON_BYTES = 256 << 20


class Ours:
    """The planner, with the books that a node keeps for it."""

    def __init__(self, school: School, store: Store, thrift: float | None = None) -> None:
        self._school, self._store = school, store
        self._foreseer = Foreseer(school)
        self._lessons: dict[str, Lesson] = {str(n): self._lesson(n) for n in range(len(school.lessons))}
        self._names = [{rung.name: n for n, rung in enumerate(rungs)} for rungs in school.lessons]
        self._due: list[tuple[int, Due]] = []
        self._line = Line()
        thrift = school.life.thrift if thrift is None else thrift
        self._policy = Policy((Window(frozenset(range(5)), 8 * HOUR, 17 * HOUR, school.life.cap),), OFFSET_S, thrift)
        self._steps: list[tuple[int, int]] = []
        self._planned, self._nothing = -1, False
        self._changed: set[int] = set()
        self._played: dict[int, float] = {}
        self._up = self._hour_bins = self._down_bins = 0
        self.calls, self.seconds = 0, 0.0

    def _lesson(self, n: int, played: float | None = None) -> Lesson:
        held = self._store.held[n]
        return Lesson(
            str(n),
            str(n // LESSONS_A_COURSE),
            n % LESSONS_A_COURSE,
            tuple(
                rendition(
                    rung.name, rung.worth, (Track(rung.name, rung.length, rung.length - has),), watchable=rung.watchable
                )
                for rung, has in zip(self._school.lessons[n], held, strict=True)
            ),
            played_at=played,
        )

    def known(self, sessions: list[Session]) -> None:
        """Add entries of the timetable."""
        self._due += [(s.bell, Due(str(s.lesson), str(s.klass), moment(s.bell))) for s in sessions]
        self._due.sort(key=lambda row: row[0])
        self._foreseer.known(sessions)
        self._planned = -1

    def used(self, session: Session) -> None:
        """Note what was played."""
        self._foreseer.used(session)
        self._played[session.lesson] = moment(session.bell)
        self._changed.add(session.lesson)
        self._planned = -1

    def brought(self, bin_: int, length: float, share: float, *, busy: bool, on: bool) -> None:
        """Keep the line's history."""
        if on and busy:
            self._line = history.seen(self._line, BIN_S, int(length), share)
        if on:
            if self._down_bins:
                self._line = history.came_back(self._line, self._down_bins * BIN_S)
                self._down_bins = 0
                self._planned = -1
            self._up += 1
        else:
            self._down_bins += 1
            if self._down_bins == 1:
                self._line = replace(self._line, down_since=moment(bin_))
        if bin_ % 12 == 11:
            self._line = history.hour_passed(self._line, bin_ // 12 % 24, self._up / 12)
            self._up = 0

    def next(self, bin_: int) -> tuple[int, int, int] | None:
        """Return the first step of the plan that is not done."""
        if bin_ != self._planned and not (self._nothing and self._planned >= 0 and bin_ - self._planned < 12):
            self._plan(bin_)
        while self._steps:
            lesson, rung = self._steps[-1]
            missing = self._store.missing(lesson, rung)
            if missing:
                if missing > self._store.free:
                    return None
                self._changed.add(lesson)
                return lesson, rung, missing
            self._steps.pop()
            if not self._steps:
                self._plan(bin_)
        return None

    def _plan(self, bin_: int) -> None:
        for lesson in self._changed:
            self._lessons[str(lesson)] = self._lesson(lesson, self._played.get(lesson))
        self._changed.clear()
        while self._due and self._due[0][0] <= bin_:
            self._due.pop(0)
        given = Given(
            moment(bin_),
            self._lessons,
            [due for _, due in self._due],
            self._foreseer.foreseen(bin_),
            self._foreseer.likely(bin_, self._policy.thrift),
            line=self._line,
            disk=Disk(self._store.free),
            policy=self._policy,
        )
        began = time.process_time()
        found = next_steps(given, HORIZON_BYTES)
        self.seconds += time.process_time() - began
        self.calls += 1
        for one in found.evictions:
            self._store.evict(int(one.lesson), self._names[int(one.lesson)][one.rung])
            self._changed.add(int(one.lesson))
        self._steps = [(int(s.lesson), self._names[int(s.lesson)][s.rung]) for s in reversed(found.steps)]
        self._planned, self._nothing = bin_, not found.steps
