"""A school's four weeks with one way of filling its node: what was ready at each bell, and what it cost."""

from dataclasses import dataclass, field
from typing import Protocol

from benchmarks.readiness.lines import BINS
from benchmarks.readiness.schools import School, Session


class Store:
    """What the node holds: bytes of each rung of each lesson, within the disk."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.lengths = [[rung.length for rung in rungs] for rungs in school.lessons]
        self.held = [[0] * len(rungs) for rungs in school.lessons]
        self.free = school.disk
        self.fetched = 0

    def missing(self, lesson: int, rung: int) -> int:
        """Return the bytes of a rung that are not held."""
        return self.lengths[lesson][rung] - self.held[lesson][rung]

    def keep(self, lesson: int, rung: int, length: int) -> None:
        """Add bytes of a rung."""
        self.held[lesson][rung] += length
        self.free -= length
        self.fetched += length

    def evict(self, lesson: int, rung: int) -> None:
        """Give up a rung."""
        self.free += self.held[lesson][rung]
        self.held[lesson][rung] = 0

    def worth(self, lesson: int) -> tuple[bool, float]:
        """Return whether a class can watch the lesson now, and the worth of the best rung that is whole."""
        best, ready = 0.0, False
        for rung, has in zip(self.school.lessons[lesson], self.held[lesson], strict=True):
            if has >= rung.length:
                best, ready = max(best, rung.worth), ready or rung.watchable
        return ready, best


class Way(Protocol):
    """A way of filling a node."""

    def known(self, sessions: list[Session]) -> None:
        """Hear of lessons that became known at this moment."""

    def used(self, session: Session) -> None:
        """Hear that a class used a lesson just now."""

    def next(self, bin_: int) -> tuple[int, int, int] | None:
        """Return (lesson, rung, most bytes) of what to fetch next, evicting what has to go; None if nothing."""

    def brought(self, bin_: int, length: float, share: float, *, busy: bool, on: bool) -> None:
        """Hear how the bin went: bytes that came, and whether the line was wanted for all of it."""


@dataclass
class Lived:
    """How it went: for each session whether it was ready and at what worth; line bytes; the planner's calls and its
    processor seconds."""

    school: School
    ready: list[bool] = field(default_factory=list)
    worth: list[float] = field(default_factory=list)
    fetched: int = 0
    calls: int = 0
    seconds: float = 0.0

    @property
    def distinct(self) -> int:
        """How many different lessons were used."""
        return len({session.lesson for session in self.school.sessions})


def live(school: School, way: Way, store: Store) -> Lived:
    """Let a school live its four weeks."""
    lived = Lived(school)
    by_known: dict[int, list[Session]] = {}
    for session in school.sessions:
        if session.known < session.bell:
            by_known.setdefault(session.known, []).append(session)
    by_bell: dict[int, list[Session]] = {}
    for session in school.sessions:
        by_bell.setdefault(session.bell, []).append(session)
    capacity, caps, on = school.line.capacity, school.caps, school.line.on
    for n in range(BINS):
        if n in by_known:
            way.known(by_known[n])
        for session in by_bell.get(n, ()):
            ready, worth = store.worth(session.lesson)
            lived.ready.append(ready)
            lived.worth.append(worth)
        for session in by_bell.get(n, ()):
            way.used(session)
        left = allowed = capacity[n] * caps[n]
        while left >= 1:
            wanted = way.next(n)
            if wanted is None:
                break
            lesson, rung, most = wanted
            part = min(int(left), most)
            store.keep(lesson, rung, part)
            left -= part
        way.brought(n, allowed - left, caps[n], busy=left < 1, on=on[n])
    lived.fetched = store.fetched
    return lived
