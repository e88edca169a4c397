"""Where a segment is measured: how a screen shows it, the spots that are looked at, and what their scores add up to.

Pure. Times are in seconds from the segment's start; a *slot* is one picture of the screen, counted from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from workers.pipeline.probe import Frozen
from workers.pipeline.rates import choose_rate

DISPLAY = (1280, 720)
"""The screen that all figures are of, in pixels."""
LED_IN = 1
"""Pictures before and behind a spot that VMAF sees and that get no score: its motion is between neighbours."""

Slots = tuple[tuple[int, int], ...]
"""Stretches of slots, as (first, count), in order, apart from each other, and at least one."""


class View(Frozen):
    """How a source and its renditions are shown beside each other: pixels, and pictures per second."""

    width: int
    height: int
    rate: Fraction


def view_of(width: int, height: int, rate: Fraction | None) -> View:
    """Return the view of a source of this size (pixels as shown) and rate: as large as 1280×720 holds it.

    Small pictures are made larger too, on both sides alike: a class sees them on the whole screen. The rate is the
    source's own, as far as any rendition follows it (30 at most), so that every rung is judged on the same pictures.
    """
    scale = min(Fraction(DISPLAY[0], width), Fraction(DISPLAY[1], height))
    shown = (max(16, floor(side * scale / 2 + Fraction(1, 2)) * 2) for side in (width, height))
    return View(width=next(shown), height=next(shown), rate=choose_rate(rate))


class Spot(Frozen):
    """`frames` pictures of the screen, from `start_s` seconds after the segment's start."""

    start_s: float
    frames: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What is decoded for some spots, and which of the decoded pictures are theirs.

    `slots` are the stretches that are looked at; `spots` says for each spot the first of its pictures among all of
    those, counted from 0, and how many they are.
    """

    slots: Slots
    spots: Slots


def ask(spots: Sequence[Spot], seconds: Fraction, rate: Fraction) -> Asked:
    """Return which slots of a segment of `seconds` show these spots, each with a picture before and behind it.

    A spot that reaches over an end of the segment is moved inside; one longer than the segment is the segment.
    Raises ValueError without a spot.
    """
    if not spots:
        raise ValueError("no spot to look at")
    total = max(1, round(seconds * rate))
    wanted = []
    for spot in spots:
        count = min(max(1, spot.frames), total)
        wanted.append((min(max(0, round(spot.start_s * rate)), total - count), count))
    slots: list[tuple[int, int]] = []
    for first, count in sorted(wanted):
        start, end = max(0, first - LED_IN), min(total, first + count + LED_IN)
        if slots and start <= slots[-1][0] + slots[-1][1]:
            before = slots.pop()
            start, end = before[0], max(end, before[0] + before[1])
        slots.append((start, end - start))
    places = []
    for first, count in wanted:
        passed = 0
        for start, length in slots:
            if start <= first < start + length:
                places.append((passed + first - start, count))
            passed += length
    return Asked(slots=tuple(slots), spots=tuple(places))


def whole(seconds: Fraction, rate: Fraction) -> Asked:
    """Return every slot of `seconds` of pictures: for benchmarks."""
    total = max(1, round(seconds * rate))
    return Asked(slots=((0, total),), spots=((0, total),))
