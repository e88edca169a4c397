"""What the planner answers, as plain data."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Fetch:
    """Fetch what is missing of a rendition of a lesson: `length` bytes."""

    lesson: str
    rung: str
    length: int
    why: "Why"


class Why(StrEnum):
    """Why a step is where it is in the order."""

    WISH = "wish"
    DUE = "due"
    FORESEEN = "foreseen"
    BETTER = "better"
    LIKELY = "likely"


class State(StrEnum):
    """How a timetabled lesson stands. PLAYS: what is missing will surely arrive before it is needed."""

    READY = "ready"
    PLAYS = "plays"
    ARRIVING = "arriving"
    AT_RISK = "at-risk"


class Reason(StrEnum):
    """Why a lesson is at risk."""

    LINE_DOWN = "line-down"
    LINE_SLOW = "line-slow"
    DISK_FULL = "disk-full"
    BUDGET = "budget"
    NOT_ASSIGNED = "not-assigned"
    NOTHING_PLAYABLE = "nothing-playable"


@dataclass(frozen=True, slots=True)
class Forecast:
    """How a timetabled lesson stands: at which rung it will be there at the bell, when that is complete, how surely.

    `rung` is the one held or expected at the bell, None if none; `ready_at` None if not within the forecast;
    `chance` (0 to 1) is that of being ready at the bell.
    """

    lesson: str
    klass: str
    bell: float
    state: State
    rung: str | None
    ready_at: float | None
    chance: float
    reason: Reason | None = None


class Gone(StrEnum):
    """Why a rendition is among the first to go."""

    REFUSED = "refused"
    BETTER_HERE = "better-here"
    LONG_AGO = "long-ago"
    UNUSED = "unused"
    LATELY = "lately"


@dataclass(frozen=True, slots=True)
class Eviction:
    """A rendition that goes when its room is needed, in this order: `length` bytes."""

    lesson: str
    rung: str
    length: int
    why: Gone


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps, best first; what has to go before they fit; and how each timetabled lesson stands, by bell.

    `short`: so many bytes more than are free does it take to fetch all that will be used. What the disk can spare
    goes for it first, then `evictions`.
    """

    steps: tuple[Fetch, ...]
    evictions: tuple[Eviction, ...]
    forecast: tuple[Forecast, ...]
    short: int = 0
