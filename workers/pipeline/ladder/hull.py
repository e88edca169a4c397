"""Curves of bits and quality, and their convex hull. Pure.

A shape tried at a few CRFs gives a curve: the logarithm of the bits and the quality are taken as straight between two
tries, and a little beyond them. All curves of a tier together have a convex hull in the plane of log bits and quality
(the method of per-title encoding): whatever is not on it costs more for the same picture, or shows less for the same
bits.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log

from workers.pipeline.ladder.shapes import Shape

BEYOND = 2
"""So many steps of CRF beyond the tries a curve is believed."""
SAME = 1e-6
"""Slopes that differ by no more than this share are the same: what is left of rounding."""


@dataclass(frozen=True, slots=True)
class Try:
    """A short encode of a shape at a CRF: bits per second, and VMAF at the display size (mean, 0 to 100)."""

    shape: Shape
    crf: int
    bits_per_s: float
    vmaf: float


@dataclass(frozen=True, slots=True)
class Point:
    """What a shape at a CRF is expected to cost and to show; as in `Try`, between tries."""

    shape: Shape
    crf: int
    bits_per_s: float
    vmaf: float


def curve(tries: Sequence[Try], highest_crf: int) -> list[Point]:
    """Return the points of one shape at every CRF from the tries' least to their greatest, and a little beyond.

    With a single try there is a single point. The tries are of one shape; raises ValueError if they are not.
    """
    if len({t.shape for t in tries}) != 1:
        raise ValueError("a curve is of one shape")
    ordered = sorted(tries, key=lambda t: t.crf)
    if len(ordered) == 1:
        only = ordered[0]
        return [Point(only.shape, only.crf, only.bits_per_s, only.vmaf)]
    crfs = [t.crf for t in ordered]
    points = []
    for crf in range(max(0, crfs[0] - BEYOND), min(highest_crf, crfs[-1] + BEYOND) + 1):
        above = min(max(1, bisect_left(crfs, crf)), len(crfs) - 1)
        low, high = ordered[above - 1], ordered[above]
        share = (crf - low.crf) / (high.crf - low.crf)
        bits = exp(log(low.bits_per_s) + share * (log(high.bits_per_s) - log(low.bits_per_s)))
        vmaf = min(100.0, low.vmaf + share * (high.vmaf - low.vmaf))
        points.append(Point(low.shape, crf, bits, vmaf))
    return points


def hull(points: Iterable[Point]) -> list[Point]:
    """Return the points on the upper convex hull of quality over log bits, from the cheapest to the best.

    Quality rises strictly along it; of equal costs the better point is kept, and points in a line stay, for a rung may
    stand on any of them.
    """
    kept: list[Point] = []
    for point in sorted(points, key=lambda p: (p.bits_per_s, -p.vmaf)):
        if kept and point.vmaf <= kept[-1].vmaf:
            continue
        while len(kept) >= 2 and _slope(kept[-2], kept[-1]) < _slope(kept[-1], point) * (1 - SAME):
            kept.pop()
        kept.append(point)
    return kept


def _slope(a: Point, b: Point) -> float:
    run = log(b.bits_per_s) - log(a.bits_per_s)
    return float("inf") if run <= 0 else (b.vmaf - a.vmaf) / run


def cheapest_reaching(points: Sequence[Point], vmaf: float) -> Point:
    """Return the cheapest of a hull's points with at least this quality; the best, where none has. Needs a point."""
    return next((p for p in points if p.vmaf >= vmaf), points[-1])
