"""Whether a rendition is good enough for its rung, why not, and what to try next. Pure.

VMAF compares with the source as it is, so a blurred or small source is no excuse: its renditions reach high scores
easily. What cannot reach them is a source with grain that the recipe takes out before it encodes, or with text so small
that the OCR reads it by luck. So each threshold is the lower of the rung's own and what the *ceiling* reaches, less a
slack: the ceiling is the same stretch through the same preparation (size no smaller than the display, the source's
rate, denoised if the recipe does) and then coded with nothing given up. It is measured only when a rung fails near the
end of what its CRF can do, since it costs an encode; without it the rung's own thresholds hold.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from math import ceil, floor

from catalog.formats.rungs import Rung, Tier
from workers.pipeline.probe import Frozen


class Measure(StrEnum):
    """What is measured; pages have a sentence for each."""

    VMAF_MEAN = "vmaf_mean"
    VMAF_P5 = "vmaf_p5"
    LEGIBILITY = "legibility"
    SPEECH = "speech"


OF_PICTURES = (Measure.VMAF_MEAN, Measure.VMAF_P5, Measure.LEGIBILITY)
"""What a rung's gate has thresholds for; speech is judged beside its anchor (`gates.speech`)."""


class Measures(Frozen):
    """What was measured of a track: VMAF 0–100, legibility 0–1, ESTOI 0–1. None: there is no such thing in it."""

    vmaf_mean: float | None = None
    vmaf_p5: float | None = None
    vmaf_min: float | None = None
    legibility: float | None = None
    speech: float | None = None

    def value(self, measure: Measure) -> float | None:
        """Return one of them by its name."""
        found: float | None = getattr(self, measure.value)
        return found


class Gate(Frozen):
    """The thresholds of a rung. The minimum has none: one picture in a dissolve is not what a lesson fails by."""

    vmaf_mean: float
    vmaf_p5: float
    legibility: float

    def threshold(self, measure: Measure) -> float:
        """Return the threshold of a measure."""
        found: float = getattr(self, measure.value)
        return found


GATES: Mapping[Rung, Gate] = {
    Rung.FLOOR: Gate(vmaf_mean=84.0, vmaf_p5=70.0, legibility=0.95),
    Rung.CLEAR: Gate(vmaf_mean=91.0, vmaf_p5=80.0, legibility=0.97),
    Rung.BEST: Gate(vmaf_mean=95.0, vmaf_p5=88.0, legibility=0.98),
}
"""`listen` has no pictures that could be measured: its stills are the source's own."""

SLACK: Mapping[Measure, float] = {Measure.VMAF_MEAN: 2.0, Measure.VMAF_P5: 4.0, Measure.LEGIBILITY: 0.01}
"""So much under the ceiling is asked for at most: nearer to it every point costs as much as all before. Two points of
VMAF are a third of the step that people notice (about 6, by Netflix's own rule)."""


class Shortfall(Frozen):
    """One reason for a verdict: what was reached and what was asked. `limited` if the source's ceiling set it."""

    measure: Measure
    reached: float
    asked: float
    limited: bool


class Verdict(Frozen):
    """Whether a rendition passed; `why` has what fell short, worst first.

    `headroom` is how many points of VMAF are left until the nearest threshold, negative where one is missed; None
    without pictures. `limited` names the measures whose thresholds the ceiling lowered, passed or not.
    """

    passed: bool
    why: tuple[Shortfall, ...]
    headroom: float | None
    limited: tuple[Measure, ...]


def judge(measures: Measures, gate: Gate, ceiling: Measures | None = None) -> Verdict:
    """Return the verdict on a rendition by its rung's gate and, where it was measured, the source's ceiling.

    What was not measured (None) cannot fail.
    """
    why: list[tuple[float, Shortfall]] = []
    limited: list[Measure] = []
    rooms: list[float] = []
    for measure in OF_PICTURES:
        reached = measures.value(measure)
        if reached is None:
            continue
        asked = gate.threshold(measure)
        best = ceiling.value(measure) if ceiling else None
        if best is not None and best - SLACK[measure] < asked:
            asked = round(max(0.0, best - SLACK[measure]), 4)
            limited.append(measure)
        if measure is not Measure.LEGIBILITY:
            rooms.append(round(reached - asked, 1))
        if reached < asked:
            short = Shortfall(measure=measure, reached=reached, asked=asked, limited=measure in limited)
            why.append(((asked - reached) / SLACK[measure], short))
    why.sort(key=lambda reason: -reason[0])
    return Verdict(
        passed=not why,
        why=tuple(short for _, short in why),
        headroom=min(rooms) if rooms else None,
        limited=tuple(limited),
    )


class Try(Frozen):
    """A CRF that was tried and what came of it."""

    crf: int
    verdict: Verdict


class Slope(Frozen):
    """How an encoder's CRF moves VMAF: points that a step is worth, the CRFs that are of use, the largest step."""

    points: float
    lowest: int
    highest: int
    most: int


X264_SLOPE = Slope(points=0.9, lowest=16, highest=49, most=8)
"""CRF 0–51. On 6 s of each of the three made lectures (veryfast): 0.55, 1.2 and 1.3 points a step from 26 to 36."""
SVT_AV1_SLOPE = Slope(points=0.5, lowest=18, highest=63, most=14)
"""CRF 0–63. On the same (preset 8): 0.5–0.8 points a step from 56 to 63, where floors are, and under 0.1 below 50:
there it has met the ceiling of its size and rate, which the slope of two tries tells."""
SLOPES: Mapping[Tier, Slope] = {Tier.COMPATIBLE: X264_SLOPE, Tier.MODERN: SVT_AV1_SLOPE}


SPARE, KEPT = 3.0, 1.0
"""With so many points of VMAF more than its gate asks, a floor could be smaller; so many are left to it then."""
NEAR = 4
"""Two tries so few steps of CRF apart are not worth another encode between them."""


def next_step(tries: Sequence[Try], slope: Slope, *, is_largest: bool = False) -> int | None:
    """Return how much lower the CRF should be than that of the last try; None if no lower one would help.

    The first time by the encoder's usual slope; then by the slope between the last two tries, which a content has of
    its own, taken as a quarter of the usual one at least. Text that is not read, where VMAF passes, is worth a third of
    the largest step, once: after that it is the size that is too small, and not the CRF that is too high, unless the
    pictures are as large as they can be (`is_largest`).
    Returns 0 for a try that passed. Raises ValueError without a try.
    """
    if not tries:
        raise ValueError("nothing was tried yet")
    last = tries[-1]
    if last.verdict.passed:
        return 0
    room = last.crf - slope.lowest
    if room <= 0:
        return None
    short = -(last.verdict.headroom if last.verdict.headroom is not None else 0.0)
    if short <= 0:
        is_size = len(tries) > 1 and only_text(tries[-2].verdict) and not is_largest
        return None if is_size else min(room, ceil(slope.most / 3))
    points = slope.points
    if len(tries) > 1:
        before = tries[-2]
        steps, headrooms = before.crf - last.crf, (before.verdict.headroom, last.verdict.headroom)
        if steps > 0 and headrooms[0] is not None and headrooms[1] is not None:
            points = (headrooms[1] - headrooms[0]) / steps
            if points < slope.points / 4:
                return None  # it has met its ceiling: more bits do not show
    return min(room, slope.most, max(1, ceil(short / points)))


def spare_step(passed: Try, failed: Try | None, slope: Slope) -> int:
    """Return how much higher the CRF can be than that of a try that passed, so that about a point of VMAF is spare.

    By the encoder's usual slope, or between it and the nearest try that `failed` at a higher CRF. 0 where less than
    `SPARE` is to be had, where the two are `NEAR`, or nothing was measured.
    """
    headroom = passed.verdict.headroom
    if headroom is None or headroom < SPARE:
        return 0
    if failed is None:
        step = min(slope.highest - passed.crf, slope.most, floor((headroom - KEPT) / slope.points))
    else:
        gap, below = failed.crf - passed.crf, failed.verdict.headroom
        if gap <= NEAR:
            return 0
        share = (headroom - KEPT) / (headroom - below) if below is not None and below < 0 else 0.5
        step = min(gap - 1, floor(gap * share))
    return step if step > 1 else 0


def only_text(verdict: Verdict) -> bool:
    """Say whether text is all that fell short."""
    return not verdict.passed and verdict.headroom is not None and verdict.headroom >= 0
