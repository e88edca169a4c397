"""What the planner is told, as plain data. Times are seconds since 1970 (UTC), lengths bytes, rates bytes a second.

Everything is read and nothing changed, so a caller may keep objects between calls and replace only what changed:
that is what makes a call cost about a millisecond. Another program drives the planner by filling in `Given`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

HOUR, DAY, WEEK = 3600.0, 86400.0, 604800.0
MONDAY = 4 * DAY
"""1970 began on a Thursday: so long after it, in local time, the first Monday began."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of a track that is not held: `count` segments from number `first` on, `length` bytes; `at_s` is when
    its first moment is needed, in seconds from the lesson's beginning."""

    first: int
    count: int
    length: int
    at_s: float


@dataclass(frozen=True, slots=True)
class Track:
    """A pack, or a small file: its name, its whole length, and the bytes of it that are not held.

    `gaps` say which; none are given while the index is not here (or by a caller who does not care), and then what
    is missing is taken to be the end.
    """

    name: str
    length: int
    missing: int
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendition:
    """A lesson at one rung: `worth` is what a class has of it, 0 to 1, best 1; `watchable` makes a lesson ready.

    Tracks may be shared with other renditions of the lesson (sound is). `missing` is the sum over its tracks.
    """

    rung: str
    worth: float
    watchable: bool
    tracks: tuple[Track, ...]
    length: int
    missing: int


def rendition(rung: str, worth: float, tracks: tuple[Track, ...], *, watchable: bool = True) -> Rendition:
    """Return a rendition whose lengths are those of its tracks."""
    return Rendition(
        rung, worth, watchable, tracks, sum(track.length for track in tracks), sum(track.missing for track in tracks)
    )


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson of an assigned release: its renditions that this school's screens can play, from the smallest up.

    `number` is its place in its course; `played_at` when a class last used it, None if none ever did here.

    From these follow: `have`, the worth of the best watchable rung that is whole (0: none); `base`, the watchable
    rung that the least is missing of (None if there is a whole one); and `better`, what is above: for each such rung
    (worth gained, bytes more, rung), counted from what is held or from `base`.
    """

    lesson: str
    course: str
    number: int
    renditions: tuple[Rendition, ...]
    duration_s: float = 2700.0
    played_at: float | None = None
    have: float = field(init=False, default=0.0)
    base: Rendition | None = field(init=False, default=None)
    better: tuple[tuple[float, int, Rendition], ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        """Work out once what every plan asks."""
        watchable = [rung for rung in self.renditions if rung.watchable]
        have = max((rung.worth for rung in watchable if not rung.missing), default=0.0)
        base = None if have or not watchable else min(watchable, key=lambda rung: rung.missing)
        worth, first = (have, 0) if base is None else (base.worth, base.missing)
        better = tuple((r.worth - worth, r.missing - first, r) for r in watchable if r.worth > worth)
        object.__setattr__(self, "have", have)
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "better", better)

    @property
    def done(self) -> bool:
        """Whether the best that there is of the lesson is here."""
        return self.base is None and not self.better


@dataclass(frozen=True, slots=True)
class Due:
    """An entry of the timetable: this class will use this lesson at this bell."""

    lesson: str
    klass: str
    bell: float


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A lesson that will likely be used: not before `bell`, with probability `chance`."""

    lesson: str
    bell: float
    chance: float


class Wish(StrEnum):
    """What a teacher asks for. NOW: before all else. KEEP: fetch it, and never evict it. NOT: neither, and what is
    here of it goes first; but what is timetabled is fetched and stays, whatever anybody wishes."""

    NOW = "get-now"
    KEEP = "pin"
    NOT = "not-this"


@dataclass(frozen=True, slots=True)
class Window:
    """Hours in which the fill may take only part of the line: `days` count from Monday 0; seconds of the local day.

    `share` of the line (0 forbids), `rate` at most (None: no bound).
    """

    days: frozenset[int]
    begins_s: float
    ends_s: float
    share: float = 1.0
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What ops decide for a node. Where windows overlap, the strictest holds.

    `thrift` is the least worth that a million bytes must be expected to bring to a class to be fetched at all: it
    keeps a node from spending a metered line on hopes; with 0 idle hours fill the whole assigned catalogue. `budget`
    is how many bytes may still be fetched in this accounting month (None: the line is not metered).
    """

    windows: tuple[Window, ...] = ()
    utc_offset_s: float = 8 * HOUR
    thrift: float = 0.0
    budget: int | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """`free` is what the store may still grow by: free bytes less the reserve, or less if a quota is nearer; below 0
    where it has grown beyond its quota. `spare` bytes are held that no class can ask for: they go before all else."""

    free: int
    spare: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of the line; the functions of `history` keep it.

    `rate`: what the whole line brings while it is up, over a day or so; `busy_s`, `watched_s`: for how long that was
    measured, and the line watched. A new line is taken to be slow, and dark at night, until it has shown otherwise.
    `up`: for each local hour of the day the share of its time that box and line were on; `longest_gap`: the longest
    time without a line in the last weeks, in seconds; `down_since`: since when there is none now.
    """

    rate: float = 10_000.0
    busy_s: float = 0.0
    watched_s: float = 0.0
    up: tuple[float, ...] = (0.4,) * 6 + (0.8,) * 16 + (0.4,) * 2
    longest_gap: float = 3 * HOUR
    down_since: float | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """All that a plan depends on. `foreseen` comes from `foresee`, or from anywhere else; `likely` names
    (lesson, chance of use) what idle hours fetch, in order."""

    now: float
    lessons: Mapping[str, Lesson]
    due: Sequence[Due] = ()
    foreseen: Sequence[Foreseen] = ()
    likely: Sequence[tuple[str, float]] = ()
    line: Line = field(default_factory=Line)
    disk: Disk = field(default_factory=lambda: Disk(1 << 62))
    policy: Policy = field(default_factory=Policy)
    wishes: Mapping[str, Wish] = field(default_factory=dict)
