"""From lived weeks to figures: shares over all lessons used, with bootstrap intervals over schools."""

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import quantiles

from benchmarks.readiness.living import Lived

SAMPLES = 400
AHEAD_7D, AHEAD_2H = 0, 2


@dataclass(frozen=True)
class SchoolFigures:
    """A school under one way: its line, lessons used, how many were ready, the sum of their worth, what it cost.

    `missed_7d`: not ready though known seven days ahead; `near` and `near_ready`: known two hours ahead. `missed` are
    the numbers of the lessons used that were not ready and had been known for seven days.
    """

    school: int
    mbps: float
    used: int
    ready: int
    worth: float
    fetched: int
    distinct: int
    near: int
    near_ready: int
    missed: tuple[int, ...]
    calls: int
    seconds: float

    @property
    def share(self) -> float:
        """The share of lessons that was ready."""
        return self.ready / max(1, self.used)


def figures_of(lived: Lived) -> SchoolFigures:
    """Return a school's figures."""
    sessions = lived.school.sessions
    rows = list(zip(sessions, lived.ready, strict=True))
    is_silent = lived.school.life.notice is None
    near = [ok for session, ok in rows if session.ahead == AHEAD_2H and not is_silent]
    return SchoolFigures(
        lived.school.seed,
        lived.school.mbps,
        len(sessions),
        sum(lived.ready),
        sum(lived.worth),
        lived.fetched,
        lived.distinct,
        len(near),
        sum(near),
        tuple(n for n, (s, ok) in enumerate(rows) if not ok and s.ahead == AHEAD_7D and not is_silent),
        lived.calls,
        lived.seconds,
    )


def ready(schools: Sequence[SchoolFigures]) -> float:
    """Return the share of all lessons used that was ready at the bell."""
    return sum(s.ready for s in schools) / sum(s.used for s in schools)


def worth(schools: Sequence[SchoolFigures]) -> float:
    """Return the mean worth of all lessons used at their bell."""
    return sum(s.worth for s in schools) / sum(s.used for s in schools)


def megabytes(schools: Sequence[SchoolFigures]) -> float:
    """Return line bytes for each distinct lesson used, in millions."""
    return sum(s.fetched for s in schools) / sum(s.distinct for s in schools) / 1e6


def ready_2h(schools: Sequence[SchoolFigures]) -> float:
    """Return the share that was ready of lessons known two hours ahead."""
    return sum(s.near_ready for s in schools) / max(1, sum(s.near for s in schools))


def fifth(schools: Sequence[SchoolFigures]) -> float:
    """Return the share of lessons ready that 95 of 100 schools reach."""
    shares = [s.share for s in schools]
    return quantiles(shares, n=20, method="inclusive")[0] if len(shares) > 1 else shares[0]


def worst_mean(schools: Sequence[SchoolFigures]) -> float:
    """Return the mean share of lessons ready in the worst twentieth of schools."""
    shares = sorted(s.share for s in schools)
    worst = shares[: max(1, len(shares) // 20)]
    return sum(worst) / len(worst)


MEASURES: dict[str, Callable[[Sequence[SchoolFigures]], float]] = {
    "ready": ready,
    "utility": worth,
    "mb": megabytes,
    "p5": fifth,
    "worst_5_percent": worst_mean,
    "ready_2h": ready_2h,
}


def misses_7d(ours: Sequence[SchoolFigures], bound: Sequence[SchoolFigures]) -> int:
    """Return how many lessons known for seven days were not ready with us, and were with the clairvoyant."""
    theirs = {s.school: set(s.missed) for s in bound}
    return sum(len(set(s.missed) - theirs[s.school]) for s in ours)


def interval(
    schools: Sequence[SchoolFigures], measure: Callable[[Sequence[SchoolFigures]], float]
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval over schools."""
    dice = random.Random(5)
    found = sorted(measure(dice.choices(schools, k=len(schools))) for _ in range(SAMPLES))
    return found[int(0.025 * SAMPLES)], found[int(0.975 * SAMPLES)]


def row(schools: Sequence[SchoolFigures]) -> dict[str, object]:
    """Return all measures of a way in one life, each with its interval, and each bucket of line speed."""
    found: dict[str, object] = {
        name: {"value": measure(schools), "interval": interval(schools, measure)} for name, measure in MEASURES.items()
    }
    if not any(s.near for s in schools):
        found["ready_2h"] = {"value": None, "interval": None}
    found["buckets"] = buckets(schools)
    return found


def buckets(schools: Sequence[SchoolFigures], count: int = 5) -> list[dict[str, float]]:
    """Return the measures in fifths of schools by the speed of their line, the slowest first."""
    ordered = sorted(schools, key=lambda s: s.mbps)
    found = []
    for n in range(count):
        part = ordered[n * len(ordered) // count : (n + 1) * len(ordered) // count]
        if part:
            found.append(
                {"mbps_from": part[0].mbps, "mbps_to": part[-1].mbps, "schools": len(part)}
                | {name: MEASURES[name](part) for name in ("ready", "utility", "mb")}
            )
    return found


def as_rows(schools: Sequence[SchoolFigures]) -> list[dict[str, object]]:
    """Return what is written of each school."""
    return [{k: v for k, v in asdict(s).items() if k != "missed"} | {"missed_7d": len(s.missed)} for s in schools]
