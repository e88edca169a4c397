"""Whether a track is good enough to be packed, and if not, how it is encoded again. Pure.

Sound gets more bits. Pictures are made better in this order: more bits, as long as they show; as large as the source;
more of the source's pictures. Where even that is short, the source itself has no more to give (grain that is taken
away, text that the OCR reads by luck): a floor is then encoded once as well as its shape can be, which is its
*ceiling*, and judged by what that reaches (`gates.verdict`). Better rungs are left out instead: a lesson is watchable
without them. A floor that is better than its gate asks is tried smaller: it is what a thin line carries first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import fmean

from catalog.formats.rungs import Rung
from workers.pipeline.gates.legibility import combine
from workers.pipeline.gates.pictures import summarise
from workers.pipeline.gates.speech import MOST_DEFICIT, is_voice, mean_deficit
from workers.pipeline.gates.verdict import (
    GATES,
    SLOPES,
    Measure,
    Measures,
    Try,
    judge,
    next_step,
    only_text,
    spare_step,
)
from workers.pipeline.ladder.choose import preset_of
from workers.pipeline.ladder.shapes import slower_rates
from workers.pipeline.ladder.voices import CODEC, more_bits
from workers.pipeline.probe import Frozen
from workers.pipeline.recipe import SoundRecipe, VideoRecipe
from workers.pipeline.work import Measured, Row, SegmentWork, VideoWork

MOST_TRIES = 6
"""So often a rendition is encoded before its ceiling is looked for."""


class Attempt(Frozen):
    """A recipe that the segments of a track were encoded by, and what was measured on them."""

    recipe: VideoRecipe | SoundRecipe
    measures: Measures


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to become of a track: packed if it `passed`, encoded again by `again`, or neither: then it is left out.

    `why` names what fell short, `limited` what its source could not give, so that less was asked of it.
    """

    attempt: Attempt
    passed: bool
    again: VideoRecipe | SoundRecipe | None = None
    why: tuple[Measure, ...] = ()
    limited: tuple[Measure, ...] = ()


def judge_track(rows: Sequence[Row], before: Sequence[Attempt], held: Sequence[SegmentWork] = ()) -> Judged:
    """Judge a track by what was measured on its segments, after the attempts `before` this one.

    `held` are segments of it that are not encoded yet, and that nothing will be measured on.

    Inherited segments are measured with the others and not encoded again; beside them pictures keep their shape and
    sound its bits, for a track has one init part that says so. All others get the same recipe, so that pictures do not
    change with the boundaries of segments.
    """
    measured = [done.measured for _, done in rows]
    inherits = any(done.inherited for _, done in rows)
    works = [*(work for work, done in rows if not done.inherited), *held]
    if isinstance(rows[0][0], VideoWork):
        pictures = [work for work in works if isinstance(work, VideoWork)]
        recipe = (pictures or [rows[0][0]])[0].recipe
        attempt = Attempt(recipe=recipe, measures=measures_of(measured))
        if not pictures:
            return Judged(attempt, passed=True)
        if inherits:
            return _judge_pictures([_kept_in_shape(work) for work in pictures], attempt, before)
        return _spared(_judge_pictures(pictures, attempt, before), before)
    return _judge_sound(rows[0][0].recipe, measured, is_open=not inherits)


def _judge_pictures(works: Sequence[VideoWork], attempt: Attempt, before: Sequence[Attempt]) -> Judged:
    recipe = works[0].recipe
    best = ceiling_of(works) if recipe.rung is Rung.FLOOR else None
    gate, tried = GATES[recipe.rung], [*before, attempt]
    ceiling = next((one.measures for one in tried if one.recipe == best), None)
    verdict = judge(attempt.measures, gate, ceiling)
    within = [one for one in before if judge(one.measures, gate, ceiling).passed]
    if verdict.passed and any(one.recipe == recipe for one in before):
        return Judged(attempt, passed=True, limited=verdict.limited)  # what was gone back to
    again = None
    if within and ceiling is not None and (recipe == best or not verdict.passed):
        again = _recipe(within[0])  # the ceiling itself is among them, once it was tried
    elif not verdict.passed and within:
        again = _between(within[-1], attempt, before)
    elif not verdict.passed:
        again = _better(works, recipe, tried) or best
    why = tuple(short.measure for short in verdict.why)
    return Judged(attempt, verdict.passed and again is None, again, why, verdict.limited)


def _spared(judged: Judged, before: Sequence[Attempt]) -> Judged:
    """Return the judgement on a floor that is better than it need be: it is tried smaller, as long as that passes."""
    recipe = judged.attempt.recipe
    is_done = len(before) + 1 >= MOST_TRIES or any(one.recipe == recipe for one in before)
    if not isinstance(recipe, VideoRecipe) or recipe.rung is not Rung.FLOOR or not judged.passed or is_done:
        return judged
    passed, *others = _tries([judged.attempt, *before], recipe)
    failed = min((one for one in others if one.crf > recipe.crf), key=lambda one: one.crf, default=None)
    step = spare_step(passed, failed, SLOPES[recipe.tier])
    return replace(judged, passed=False, again=recipe.model_copy(update={"crf": recipe.crf + step})) if step else judged


def _between(passed: Attempt, failed: Attempt, before: Sequence[Attempt]) -> VideoRecipe | None:
    """Return a recipe between one that passed and a smaller one that failed, or the one that passed again."""
    recipe = _recipe(passed)
    if recipe is None or len(before) + 1 >= MOST_TRIES:
        return recipe
    good, short = _tries([passed, failed], recipe)
    step = spare_step(good, short, SLOPES[recipe.tier])
    return recipe.model_copy(update={"crf": recipe.crf + step})


def _recipe(attempt: Attempt) -> VideoRecipe | None:
    return attempt.recipe if isinstance(attempt.recipe, VideoRecipe) else None


def _judge_sound(recipe: SoundRecipe, measured: Sequence[Measured], *, is_open: bool) -> Judged:
    """Judge the voice by how much more of it is lost than with bits to spare; nothing is asked where nobody speaks."""
    heard = [one.speech for one in measured if one.speech is not None]
    if not is_voice([anchor for _, anchor in heard]):
        return Judged(Attempt(recipe=recipe, measures=Measures()), passed=True)
    attempt = Attempt(recipe=recipe, measures=Measures(speech=round(fmean(score for score, _ in heard), 4)))
    if not is_open or mean_deficit(heard) <= MOST_DEFICIT[CODEC[recipe.tier]]:
        return Judged(attempt, passed=True)
    more = more_bits(recipe)
    return Judged(attempt, more is None, more, () if more is None else (Measure.SPEECH,))


def ceiling_of(works: Sequence[VideoWork]) -> VideoRecipe:
    """Return the recipe of the ceiling: as large as the source, all its pictures, the lowest CRF that is of use."""
    recipe = works[0].recipe
    return _shaped(recipe, _largest(works), _rates(works)[-1], SLOPES[recipe.tier].lowest)


def _better(works: Sequence[VideoWork], recipe: VideoRecipe, tried: Sequence[Attempt]) -> VideoRecipe | None:
    """Return what to encode by next; None where neither bits nor size nor pictures are left, or it was tried enough."""
    if len(tried) >= MOST_TRIES:
        return None
    alike, largest = _tries(tried, recipe), _largest(works)
    is_largest = largest == (recipe.width, recipe.height)
    step = next_step(alike, SLOPES[recipe.tier], is_largest=is_largest)
    if step:
        return recipe.model_copy(update={"crf": recipe.crf - step})
    if not is_largest:
        return _shaped(recipe, largest, recipe.rate, alike[0].crf)
    faster = [rate for rate in _rates(works) if rate > recipe.rate]
    if not faster or only_text(alike[-1].verdict):
        return None  # more pictures a second do not make text clearer
    return _shaped(recipe, largest, faster[0], alike[0].crf)


def _tries(attempts: Sequence[Attempt], recipe: VideoRecipe) -> list[Try]:
    """Return the attempts in the shape of a recipe, as its gate sees them."""
    return [
        Try(crf=one.recipe.crf, verdict=judge(one.measures, GATES[recipe.rung]))
        for one in attempts
        if isinstance(one.recipe, VideoRecipe) and _shape(one.recipe) == _shape(recipe)
    ]


def _shape(recipe: VideoRecipe) -> tuple[int, int, Fraction]:
    return recipe.width, recipe.height, recipe.rate


def _kept_in_shape(work: VideoWork) -> VideoWork:
    """Return a work whose source seems to have no more pixels and no more pictures than its recipe."""
    width, height, rate = _shape(work.recipe)
    return work.model_copy(update={"largest": (width, height), "view": work.view.model_copy(update={"rate": rate})})


def _shaped(recipe: VideoRecipe, size: tuple[int, int], rate: Fraction, crf: int) -> VideoRecipe:
    preset = preset_of(recipe.tier, size[0] * size[1] * float(rate))
    told = {"width": size[0], "height": size[1], "rate": rate, "crf": crf, "preset": preset}
    return recipe.model_copy(update=told)


def _largest(works: Sequence[VideoWork]) -> tuple[int, int]:
    """Return the source's size on the display, or the rendition's where that is no smaller."""
    own, largest = (works[0].recipe.width, works[0].recipe.height), works[0].largest
    return largest if largest[0] * largest[1] > own[0] * own[1] else own


def _rates(works: Sequence[VideoWork]) -> list[Fraction]:
    """Return, from the slowest, the rates at which the segments begin with a picture; the rendition's own is one."""
    found = {rate for rate in slower_rates(works[0].view.rate) if all((w.stretch.start * rate) % 1 == 0 for w in works)}
    return sorted(found | {works[0].recipe.rate})


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
