"""The ways of others: the catalogue in order, what is popular, on demand, earliest deadline first at one rung."""

from collections.abc import Iterable, Iterator

from benchmarks.readiness.foreseeing import Foreseer, moment
from benchmarks.readiness.lines import BIN_S, BINS
from benchmarks.readiness.living import Lived, Store
from benchmarks.readiness.schools import LESSON_S, LESSONS_A_COURSE, School, Session

LISTEN, FLOOR, CLEAR, BEST = range(4)
START_BINS = 1


class InOrder:
    """Fetches lessons at one rung in an order that never changes, until the disk is full."""

    def __init__(self, store: Store, order: Iterable[int], rung: int) -> None:
        self._store, self._order, self._rung = store, iter(order), rung
        self._current: int | None = next(self._order, None)

    def known(self, sessions: list[Session]) -> None:
        """Nothing is learnt."""

    def used(self, session: Session) -> None:
        """Nothing is learnt."""

    def brought(self, bin_: int, length: float, share: float, *, busy: bool, on: bool) -> None:
        """Nothing is learnt."""

    def next(self, bin_: int) -> tuple[int, int, int] | None:
        """Return the next lesson of the order."""
        while self._current is not None:
            missing = self._store.missing(self._current, self._rung)
            if missing:
                return (self._current, self._rung, min(missing, self._store.free)) if self._store.free else None
            self._current = next(self._order, None)
        return None


def catalogue(school: School) -> Iterable[int]:
    """Return lessons as the direction lists them."""
    return range(len(school.lessons))


def popular(school: School) -> list[int]:
    """Return lessons of the courses that are used most in the country first."""
    courses = sorted(school.courses, key=lambda course: (-course.weight, course.number))
    return [c.number * LESSONS_A_COURSE + n for c in courses for n in range(LESSONS_A_COURSE)]


class EarliestFirst:
    """Fetches what is timetabled at one rung by bell, with `foresee` also what our rule foresees; evicts what was
    used longest ago."""

    def __init__(self, school: School, store: Store, rung: int, *, foresee: bool) -> None:
        self._store, self._rung = store, rung
        self._foreseer = Foreseer(school) if foresee else None
        self._due: list[tuple[int, int]] = []
        self._used: dict[int, int] = {}
        self._queue: Iterator[int] = iter(())
        self._current: int | None = None
        self._planned = -1

    def known(self, sessions: list[Session]) -> None:
        """Add them to the timetable."""
        self._due += [(s.bell, s.lesson) for s in sessions]
        if self._foreseer is not None:
            self._foreseer.known(sessions)
        self._planned = -1

    def used(self, session: Session) -> None:
        """Remember when a lesson was used."""
        self._used[session.lesson] = session.bell
        if self._foreseer is not None:
            self._foreseer.used(session)
        self._planned = -1

    def brought(self, bin_: int, length: float, share: float, *, busy: bool, on: bool) -> None:
        """Nothing is learnt."""

    def _plan(self, bin_: int) -> None:
        self._due = [row for row in self._due if row[0] > bin_]
        rows: dict[int, int] = {}
        for bell, lesson in sorted(self._due):
            rows.setdefault(lesson, bell)
        if self._foreseer is not None:
            for one in self._foreseer.foreseen(bin_):
                lesson, bell = int(one.lesson), int((one.bell - moment(0)) // BIN_S)
                rows[lesson] = min(bell, rows.get(lesson, bell))
        self._wanted = rows
        self._queue = iter(sorted(rows, key=lambda lesson: (rows[lesson], lesson)))
        self._current = next(self._queue, None)
        self._planned = bin_

    def next(self, bin_: int) -> tuple[int, int, int] | None:
        """Return what is due first."""
        if self._planned < 0 or (self._foreseer is not None and bin_ - self._planned >= 72):
            self._plan(bin_)
        while self._current is not None:
            missing = self._store.missing(self._current, self._rung)
            if missing:
                if self._store.free < missing and not self._make_room(missing):
                    return None
                return self._current, self._rung, missing
            self._current = next(self._queue, None)
        return None

    def _make_room(self, length: int) -> bool:
        store = self._store
        for lesson in sorted(self._used, key=self._used.__getitem__):
            if store.free >= length:
                break
            if lesson not in self._wanted:
                store.evict(lesson, self._rung)
        return store.free >= length


def on_demand(school: School, *, capped: bool) -> Lived:
    """Return how it goes with a cache that fetches a lesson when a class opens it, and plays it meanwhile.

    Classes that begin together share the line. Each gets, generously, the best rung that will play through without
    a stop after a wait of five minutes at most; what was fetched whole stays.
    """
    lived = Lived(school)
    cached: dict[int, int] = {}
    lasts = LESSON_S // BIN_S
    line = [c * (share if capped else 1) for c, share in zip(school.line.capacity, school.caps, strict=True)]
    sessions = school.sessions
    at = 0
    while at < len(sessions):
        bell = sessions[at].bell
        together = [s for s in sessions[at : at + 100] if s.bell == bell]
        at += len(together)
        asking = sorted({s.lesson for s in together if s.lesson not in cached})
        for lesson in asking:
            rungs = school.lessons[lesson]
            for rung in (BEST, CLEAR, FLOOR):
                if _plays(line, bell, lasts, len(asking), rungs[rung].length):
                    cached[lesson] = rung
                    lived.fetched += rungs[rung].length
                    break
        for session in together:
            found = cached.get(session.lesson)
            lived.ready.append(found is not None)
            lived.worth.append(0.0 if found is None else school.lessons[session.lesson][found].worth)
    return lived


def _plays(line: list[float], bell: int, lasts: int, sharing: int, length: int) -> bool:
    got = 0.0
    for n in range(lasts):
        if bell + n >= BINS:
            return False
        got += line[bell + n] / sharing
        if got < length * min(1.0, (n + 1 - START_BINS) / (lasts - START_BINS)):
            return False
    return True
