"""Whether a rendition is good enough to be packed, and if not, what is encoded again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.formats.release import Quality
from catalog.formats.rungs import Tier
from workers.pipeline.gates.legibility import combine
from workers.pipeline.gates.pictures import summarise
from workers.pipeline.gates.verdict import GATES, SVT_AV1_SLOPE, X264_SLOPE, Measures, Try, judge, next_step
from workers.pipeline.recipe import VideoRecipe
from workers.pipeline.work import Measured, VideoWork

SLOPES = {Tier.COMPATIBLE: X264_SLOPE, Tier.MODERN: SVT_AV1_SLOPE}
MOST_TRIES = 6


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to become of a rendition: packed with this quality, encoded again by `again`, or neither (None).

    Neither means that no bits and no size bring it through its gate: it has met what its source has to give.
    """

    quality: Quality
    attempt: Try
    again: VideoRecipe | None

    @property
    def passed(self) -> bool:
        """Say whether it is good enough."""
        return self.attempt.verdict.passed


def judge_rendition(works: Sequence[VideoWork], measured: Sequence[Measured], before: Sequence[Try]) -> Judged:
    """Judge a rendition by what was measured on its segments, after the tries `before` this one.

    A CRF is one for the whole rendition, so that its pictures do not change with the boundaries of segments. Where bits
    do not help any more, and pictures are smaller than the source's, they are made as large: small text goes with size.
    """
    recipe = works[0].recipe
    measures = measures_of(measured)
    attempt = Try(crf=recipe.crf, verdict=judge(measures, GATES[recipe.rung]))
    again = None
    if not attempt.verdict.passed and len(before) + 1 < MOST_TRIES:
        step = next_step([*before, attempt], SLOPES[recipe.tier])
        if step:
            again = recipe.model_copy(update={"crf": recipe.crf - step})
        elif recipe.width * recipe.height < works[0].largest[0] * works[0].largest[1]:
            first = before[0].crf if before else recipe.crf
            again = recipe.model_copy(
                update={"crf": first, "width": works[0].largest[0], "height": works[0].largest[1]}
            )
    return Judged(quality=Quality(**measures.model_dump()), attempt=attempt, again=again)


def measures_of(measured: Sequence[Measured]) -> Measures:
    """Return what the measures of a rendition's segments add up to."""
    scores = tuple(spot for one in measured for spot in one.vmaf)
    weights = tuple(weight for one in measured for weight in one.weights)
    legibility = combine([one.legibility for one in measured])
    summary = summarise(scores, weights) if scores else None
    return Measures(
        vmaf_mean=summary.mean if summary else None,
        vmaf_p5=summary.p5 if summary else None,
        vmaf_min=summary.min if summary else None,
        legibility=round(legibility.share, 4) if legibility else None,
    )
