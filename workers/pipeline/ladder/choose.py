"""Which points of the hull become rungs, and what a budget takes away again. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from catalog.formats.rungs import Rung, Tier
from catalog.jobs.media import GivenUp
from workers.pipeline.ladder.hull import Point, cheapest_reaching
from workers.pipeline.recipe import VideoRecipe

AIMS = {Rung.FLOOR: 85.0, Rung.CLEAR: 92.0, Rung.BEST: 96.0}
"""The VMAF, at the display size, that a rung aims at: a little more than what its gate asks of it."""
WORTH_BITS = 1.15
"""A better rung that is not so many times larger than the one below it, or shows no more, is not made."""
WORTH_VMAF = 1.0
OF_SOURCE = 0.9
"""A rendition spends at most this share of what the source spends on its pictures: never more than a better source."""


@dataclass(frozen=True, slots=True)
class Step:
    """A rung that is to be made, as it is expected to come out."""

    rung: Rung
    point: Point


def choose_steps(points: Sequence[Point], source_bits_per_s: float) -> list[Step]:
    """Return the rungs on a hull, from the floor up. Each is worth its bits; none is larger than the source.

    The floor is always there, even where the source is as small: then it is the cheapest point.
    """
    affordable = [p for p in points if p.bits_per_s <= OF_SOURCE * source_bits_per_s] or [points[0]]
    steps: list[Step] = []
    for rung, aim in AIMS.items():
        point = cheapest_reaching(affordable, aim)
        if steps and not _is_worth(steps[-1].point, point):
            continue
        steps.append(Step(rung, point))
    return steps


def lost_to_source(tier: Tier, points: Sequence[Point], steps: Sequence[Step]) -> list[GivenUp]:
    """Return what the ladder would have had beside these `steps`, had the source itself spent more bits."""
    made = {step.rung: step.point for step in steps}
    wished = [step for step in choose_steps(points, inf) if made.get(step.rung) != step.point]
    return [
        _given_up(tier, step, "source", made[step.rung].vmaf if step.rung in made else None)
        for step in wished
        if all(step.point.bits_per_s > point.bits_per_s for point in made.values())
    ]


def _is_worth(below: Point, above: Point) -> bool:
    return above.bits_per_s >= WORTH_BITS * below.bits_per_s and above.vmaf >= below.vmaf + WORTH_VMAF


def fit_budget(
    tier: Tier, points: Sequence[Point], steps: Sequence[Step], bits_per_s: float
) -> tuple[list[Step], list[GivenUp]]:
    """Return the rungs that together cost at most `bits_per_s`, and what was given up for that.

    Whoever holds the whole lesson holds the sum of its rungs. The best rung goes first, for it shows least for its
    bits; what is then left over makes the highest rung that stays better than it was to be. The floor is never given
    up and never made smaller: with less it would not pass its gate.
    """
    kept, lost = list(steps), []
    while len(kept) > 1 and _cost(kept) > bits_per_s:
        lost.append(kept.pop())
    if lost and len(kept) > 1:
        left = min(bits_per_s - _cost(kept[:-1]), lost[-1].point.bits_per_s)
        kept[-1] = replace(kept[-1], point=[p for p in points if p.bits_per_s <= left][-1])
    return kept, [_given_up(tier, step, "budget", None) for step in lost]


def _given_up(tier: Tier, step: Step, why: str, instead: float | None) -> GivenUp:
    return GivenUp(
        tier=tier, rung=step.rung, why=why, bits_per_s=step.point.bits_per_s, vmaf=step.point.vmaf, instead=instead
    )


def _cost(steps: Sequence[Step]) -> float:
    return sum(step.point.bits_per_s for step in steps)


PRESETS: Mapping[Tier, tuple[str, str]] = {Tier.COMPATIBLE: ("veryslow", "slow"), Tier.MODERN: ("4", "6")}
"""The encoder's preset for a slow rendition and for one with many pixels a second: a slow one can take its time."""
SLOW_PIXELS_PER_S = 1280 * 720 * 6


def preset_of(tier: Tier, pixels_per_s: float) -> str:
    """Return the preset of the tier's encoder for a rendition with so many pixels a second."""
    slow, fast = PRESETS[tier]
    return slow if pixels_per_s <= SLOW_PIXELS_PER_S else fast


def recipe_of(tier: Tier, step: Step) -> VideoRecipe:
    """Return how to encode a rung of a tier."""
    shape = step.point.shape
    return VideoRecipe(
        tier=tier,
        rung=step.rung,
        width=shape.width,
        height=shape.height,
        rate=shape.rate,
        crf=step.point.crf,
        preset=preset_of(tier, shape.pixels_per_s),
        denoise=shape.denoise,
        screen=shape.screen and tier is Tier.MODERN,
    )
