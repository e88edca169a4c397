"""The plan: where every segment of a recipe's tracks stands, and the parts that the source is cut into. Pure.

Times are in seconds from the *zero*, the first picture or sound of the source. All tracks cover the whole duration:
pictures stand still and sound is silent where the source has none, so that no player meets a hole. Segments of all
renditions have the same boundaries; sound has its own, the same in both tiers.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil, inf

from catalog.formats.rungs import Tier
from workers.pipeline.probe import Facts, Frozen
from workers.pipeline.rates import common_period
from workers.pipeline.recipe import SAMPLE_RATE, SOUND_STEP, Recipe, SoundRecipe, VideoRecipe

TARGET_S, LEAST_S, MOST_S = 16, 10, 20
"""How long a segment is: as a rule, at least (if the source is that long), and at most."""

COARSE_S = Fraction(4, 5)
"""Boundaries at no particular moment are looked for this far apart: finer would change nothing and take long."""

CRUMB = Fraction(1, 20)
"""So little of a step or of a frame is not worth one of its own: the one before it lasts as much longer."""

RUN_S = 60.0
"""A part holds at least so many seconds of segments, so that a source is cut into few of them."""
PART_MARGIN_S = 2.0


class Stretch(Frozen):
    """A segment's place in its track, exact: it begins at `start` and lasts `seconds`."""

    start: Fraction
    seconds: Fraction

    @property
    def end(self) -> Fraction:
        """Where the next one begins."""
        return self.start + self.seconds

    def frames(self, rate: Fraction) -> int:
        """Return how many frames of this rate show it; the last may be shorter than the others, or a little longer."""
        return max(1, ceil(self.seconds * rate - CRUMB))


class Part(Frozen):
    """What one object under `jobs/` holds of the source's pictures: from the key frame at `start` to `end`."""

    start: float
    end: float


class Plan(Frozen):
    """Where every segment stands: `grid` of the pictures, `sounds` of each tier's sound.

    `part_of` names the part of each segment of pictures; in a correction it is None for those that are inherited.
    """

    zero: float
    duration: float
    grid: tuple[Stretch, ...] = ()
    part_of: tuple[int | None, ...] = ()
    parts: tuple[Part, ...] = ()
    sounds: dict[Tier, tuple[Stretch, ...]] = {}


def make_plan(facts: Facts, recipe: Recipe, changes: Sequence[float] = (), quiet: Sequence[float] = ()) -> Plan:
    """Return where every segment of the recipe's tracks stands, and the parts that hold what each one needs.

    `changes` are times at which the whole picture changes: a segment that begins there pays for no key frame twice.
    `quiet` are times at which nobody speaks: sound is cut there, where nobody hears a joint.
    """
    zero, duration = facts.start, Fraction(facts.end - facts.start).limit_denominator(90_000)
    sound: tuple[Stretch, ...] = ()
    if recipe.sounds:
        *whole, last = cut(duration, Fraction(SOUND_STEP, SAMPLE_RATE), quiet)
        sound = (*whole, Stretch(start=last.start, seconds=duration - last.start))
    plan = Plan(zero=zero, duration=float(duration), sounds={recipe.tier: sound for recipe in recipe.sounds})
    if facts.video is None:
        return plan
    *whole, last = cut(duration, common_period([rung.rate for rung in recipe.video]), changes)
    grid = (*whole, Stretch(start=last.start, seconds=duration - last.start))
    part_of, parts = make_parts(grid, [key - zero for key in facts.video.keys])
    return plan.model_copy(update={"grid": grid, "part_of": part_of, "parts": parts})


def cut(duration: Fraction, step: Fraction, wanted: Sequence[float]) -> tuple[Stretch, ...]:
    """Cut `duration` at multiples of `step` into segments of the usual length, at `wanted` times where it can be.

    The cheapest set of boundaries is found by dynamic programming: a boundary at a wanted time costs
    nothing, another one as much as a key frame (1); a segment costs the square of its departure from the target, in
    targets. No segment is shorter than the least, unless the whole is short, and none is longer than the most.
    """
    last = max(1, ceil(duration / step - CRUMB))
    least, most = max(1, ceil(LEAST_S / step)), max(1, int(MOST_S / step))
    if last <= most:
        return _stretches([0, last], step)
    good = _near_steps(wanted, step, last)
    places = sorted({*range(0, last, max(1, int(COARSE_S / step))), *good, last})
    boundaries = _cheapest(places, good, least, most, float(TARGET_S / step))
    # between the most and twice the least there is no way: two halves, each a little short
    return _stretches(boundaries or [0, last // 2, last], step)


def _cheapest(places: Sequence[int], good: set[int], least: int, most: int, target: float) -> list[int]:
    """Return the cheapest boundaries among the sorted `places`, first and last included; none if there is no way."""
    best = [0.0] + [inf] * (len(places) - 1)
    came = [0] * len(places)
    for end, place in enumerate(places):
        joint = 0.0 if place in good or place == places[-1] else 1.0
        for start in range(bisect_left(places, place - most), bisect_right(places, place - least)):
            cost = best[start] + joint + ((place - places[start] - target) / target) ** 2
            if cost < best[end]:
                best[end], came[end] = cost, start
    if best[-1] == inf:
        return []
    chain = [len(places) - 1]
    while chain[-1]:
        chain.append(came[chain[-1]])
    return [places[n] for n in reversed(chain)]


def _near_steps(wanted: Sequence[float], step: Fraction, last: int) -> set[int]:
    """Return the steps at which a segment that begins there shows the new picture: the first at or after each time."""
    return {n for time in wanted if 0 < (n := ceil(Fraction(time) / step - Fraction(1, 100))) < last}


def _stretches(boundaries: Sequence[int], step: Fraction) -> tuple[Stretch, ...]:
    return tuple(Stretch(start=first * step, seconds=(after - first) * step) for first, after in pairwise(boundaries))


def make_parts(grid: Sequence[Stretch], keys: Sequence[float]) -> tuple[tuple[int, ...], tuple[Part, ...]]:
    """Return for each segment the number of its part, and the parts.

    A part begins with the last key frame at or before its first segment, and a new one begins where the key frames
    allow it and the last has `RUN_S` seconds: parts overlap by less than a group of pictures.
    """
    starts: list[float] = []
    first_times: list[float] = []
    part_of: list[int] = []
    ends: list[float] = []
    for stretch in grid:
        start, end = float(stretch.start), float(stretch.end)
        key = keys[max(0, bisect_right(keys, start + 1e-6) - 1)]
        if not starts or (start - first_times[-1] >= RUN_S and key > starts[-1]):
            starts.append(key)
            first_times.append(start)
            ends.append(end)
        ends[-1] = end
        part_of.append(len(starts) - 1)
    parts = tuple(Part(start=s, end=e + PART_MARGIN_S) for s, e in zip(starts, ends, strict=True))
    return tuple(part_of), parts


def times_within(times: Sequence[float], stretch: Stretch) -> tuple[float, ...]:
    """Return those of the sorted `times` that lie in the stretch, counted from its start."""
    first, after = bisect_left(times, float(stretch.start)), bisect_left(times, float(stretch.end))
    return tuple(time - float(stretch.start) for time in times[first:after])


def sound_frames(stretch: Stretch, recipe: SoundRecipe) -> int:
    """Return how many packets of this recipe the stretch of sound takes."""
    return ceil(stretch.seconds * SAMPLE_RATE / recipe.frame)


def video_frames(stretch: Stretch, recipe: VideoRecipe) -> int:
    """Return how many pictures of this recipe the stretch takes."""
    return stretch.frames(recipe.rate)
