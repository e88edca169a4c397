"""Tracks that are judged and encoded again: worlds in which what a recipe shows is a formula."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.rungs import WATCHABLE, Rung, Tier
from workers.pipeline.gates.legibility import Legibility
from workers.pipeline.gates.spots import View
from workers.pipeline.gates.verdict import GATES, SLOPES, Measure
from workers.pipeline.judging import MOST_TRIES, Attempt, Judged, ceiling_of, judge_track
from workers.pipeline.ladder.voices import CANDIDATES, CODEC, anchor_of, recipe_with
from workers.pipeline.plan import Stretch
from workers.pipeline.recipe import Handling, SoundRecipe, VideoRecipe
from workers.pipeline.work import Done, Encoded, Measured, Row, SoundWork, VideoWork

ENCODED = Encoded(key="k", length=1, duration=1, digest="d")
HALF, WHOLE = (640, 360), (1280, 720)


def video_work(rung: Rung, crf: int, tier: Tier = Tier.COMPATIBLE, size: tuple[int, int] = HALF) -> VideoWork:
    recipe = VideoRecipe(
        tier=tier, rung=rung, width=size[0], height=size[1], rate=Fraction(5, 2), crf=crf, preset="slow"
    )
    return VideoWork(
        number=0, part_key="k", part_digest="d", part_start=0.0,
        stretch=Stretch(start=Fraction(0), seconds=Fraction(16)), recipe=recipe,
        handling=Handling(rotation=0, deinterlace=False, matrix="bt709", lead_s=0.025), tools="t",
        view=View(width=1280, height=720, rate=Fraction(25)), largest=WHOLE,
    )  # fmt: skip


def shown(vmaf: float, read: float | None = None) -> Measured:
    text = None
    if read is not None:
        wrong = round(1000 * (1 - read))
        text = Legibility(characters=1000, errors=wrong, small_characters=1000, small_errors=wrong, smallest_px=20)
    return Measured(vmaf=((vmaf,) * 5,), weights=(16.0,), legibility=text)


@dataclass
class Course:
    """How a track went: every recipe that it was encoded by, and the last judgement."""

    recipes: list[VideoRecipe]
    last: Judged


def follow(work: VideoWork, see: Callable[[VideoRecipe], Measured]) -> Course:
    """Encode and judge until nothing is asked for any more."""
    tries: list[Attempt] = []
    recipes = []
    while True:
        recipes.append(work.recipe)
        assert len(recipes) <= MOST_TRIES + 2, "it goes on for ever"
        judged = judge_track([(work, Done(encoded=ENCODED, measured=see(work.recipe)))], tries)
        if judged.again is None:
            return Course(recipes, judged)
        tries.append(judged.attempt)
        work = work.model_copy(update={"recipe": judged.again})


def test_what_is_held_decides_with_the_others_at_which_rates_all_segments_begin_with_a_picture() -> None:
    """Not good enough at any CRF and of the source's size: what is left is a picture more often."""
    seen, offset = video_work(Rung.FLOOR, SLOPES[Tier.COMPATIBLE].lowest, size=WHOLE), Fraction(2, 25)
    row = (seen, Done(encoded=ENCODED, measured=shown(40.0)))
    held = [
        seen.model_copy(update={"number": n, "stretch": Stretch(start=start, seconds=Fraction(16))})
        for n, start in ((1, 16 + offset), (2, Fraction(32)))
    ]
    alone, together = judge_track([row], []).again, judge_track([row], [], held).again
    assert isinstance(alone, VideoRecipe)
    assert isinstance(together, VideoRecipe)
    assert (offset * alone.rate) % 1 != 0
    assert (offset * together.rate) % 1 == 0


@pytest.mark.parametrize("rung", WATCHABLE)
def test_good_pictures_pass_at_once(rung: Rung) -> None:
    course = follow(video_work(rung, 30), lambda recipe: shown(GATES[rung].vmaf_mean + 2, 1.0))
    assert len(course.recipes) == 1
    assert (course.last.passed, course.last.why, course.last.limited) == (True, (), ())


@pytest.mark.parametrize("tier", Tier)
def test_more_bits_come_first(tier: Tier) -> None:
    course = follow(video_work(Rung.FLOOR, 40, tier), lambda recipe: shown(74.0 + 0.8 * (40 - recipe.crf)))
    assert course.last.passed
    assert {(r.width, r.height, r.rate) for r in course.recipes} == {(*HALF, Fraction(5, 2))}
    assert [r.crf for r in course.recipes] == sorted((r.crf for r in course.recipes), reverse=True)
    assert course.recipes[-1].crf > 20


def test_where_bits_do_not_show_pictures_are_made_larger_and_then_more_of_them() -> None:
    def see(recipe: VideoRecipe) -> Measured:
        if recipe.width == HALF[0]:
            return shown(60.0)
        return shown(75.0 if recipe.rate < 5 else 90.0)

    course = follow(video_work(Rung.FLOOR, 36), see)
    assert (course.last.passed, course.last.limited) == (True, ())
    first = {(r.width, r.rate): r.crf for r in reversed(course.recipes)}
    assert list(reversed(first)) == [(640, Fraction(5, 2)), (1280, Fraction(5, 2)), (1280, Fraction(5))]
    assert set(first.values()) == {36}, "each shape begins with the bits that were chosen"


def test_a_floor_whose_source_has_no_more_to_give_is_judged_by_its_ceiling() -> None:
    """Grain that is taken away: nothing reaches 84. What comes within two points of the best is shipped, and said."""
    course = follow(video_work(Rung.FLOOR, 34, size=WHOLE), lambda recipe: shown(80.0 - 0.05 * recipe.crf))
    assert course.last.passed
    assert Measure.VMAF_MEAN in course.last.limited
    assert ceiling_of([video_work(Rung.FLOOR, 34, size=WHOLE)]) in course.recipes
    assert course.recipes[-1] == course.recipes[0], "the cheapest of them that comes so near"


def test_a_floor_that_passed_only_as_its_ceiling_and_was_tried_smaller_in_vain_is_packed() -> None:
    """The ceiling's recipe is reached in the usual way, passes with room to spare, and nothing between passes."""
    lowest = SLOPES[Tier.COMPATIBLE].lowest
    work = video_work(Rung.FLOOR, lowest + 8, size=WHOLE)
    work = work.model_copy(update={"view": work.view.model_copy(update={"rate": Fraction(5, 2)})})
    recipe = ceiling_of([work]).model_copy(update={"crf": lowest + 8})
    work = work.model_copy(update={"recipe": recipe})
    course = follow(work, lambda recipe: shown(95.0 if recipe.crf == lowest else 70.0))
    assert course.last.passed
    assert course.recipes[-1].crf == lowest
    assert any(lowest < recipe.crf < lowest + 8 for recipe in course.recipes)


def test_a_better_rung_whose_source_has_no_more_to_give_is_left_out() -> None:
    course = follow(video_work(Rung.CLEAR, 34, size=WHOLE), lambda recipe: shown(80.0 - 0.05 * recipe.crf))
    assert not course.last.passed
    assert Measure.VMAF_MEAN in course.last.why
    assert ceiling_of([video_work(Rung.CLEAR, 34, size=WHOLE)]) not in course.recipes


def test_a_floor_that_is_better_than_it_need_be_is_made_smaller() -> None:
    course = follow(video_work(Rung.FLOOR, 34), lambda recipe: shown(92.0 - 0.9 * (recipe.crf - 34)))
    assert course.last.passed
    assert [r.crf for r in course.recipes] == [34, 41]
    better = follow(video_work(Rung.CLEAR, 34), lambda recipe: shown(99.0))
    assert len(better.recipes) == 1, "a better rung is what it was chosen to be"


def test_a_floor_that_was_made_too_small_goes_half_way_back_and_then_to_what_passed() -> None:
    course = follow(video_work(Rung.FLOOR, 34), lambda recipe: shown(92.0, 0.99 if recipe.crf < 38 else 0.9))
    assert course.last.passed
    assert [r.crf for r in course.recipes] == [34, 41, 37]
    course = follow(video_work(Rung.FLOOR, 34), lambda recipe: shown(92.0, 0.99 if recipe.crf < 36 else 0.9))
    assert course.last.passed
    assert [r.crf for r in course.recipes] == [34, 41, 37, 34]


def test_a_step_that_was_too_large_is_taken_back_in_part() -> None:
    """Two points and a half a step, where a step is usually worth less than one."""
    course = follow(video_work(Rung.FLOOR, 30), lambda recipe: shown(78.0 + 2.5 * (30 - recipe.crf)))
    assert course.last.passed
    assert [r.crf for r in course.recipes] == [30, 23, 27]


def test_text_that_is_not_read_at_full_size_asks_for_bits_and_not_for_more_pictures() -> None:
    work = video_work(Rung.FLOOR, 34, size=WHOLE)
    course = follow(work, lambda recipe: shown(86.0, 0.99 if recipe.crf < 27 else 0.9))
    assert course.last.passed
    assert {(r.width, r.rate) for r in course.recipes} == {(WHOLE[0], Fraction(5, 2))}
    assert course.recipes[-1].crf >= 24


def test_text_that_is_not_read_asks_for_size() -> None:
    course = follow(video_work(Rung.FLOOR, 34), lambda recipe: shown(90.0, 0.99 if recipe.width == WHOLE[0] else 0.7))
    assert course.last.passed
    assert (course.recipes[-1].width, course.recipes[-1].height) == WHOLE


@given(
    rung=st.sampled_from(WATCHABLE), tier=st.sampled_from(Tier), crf=st.integers(18, 45),
    size=st.sampled_from([HALF, WHOLE]), best=st.floats(0, 100), by_crf=st.floats(0, 3), by_size=st.floats(0, 30),
    by_rate=st.floats(0, 30), read=st.none() | st.floats(0, 1),
)  # fmt: skip
def test_whatever_is_seen_it_ends_a_floor_is_packed_and_no_other_under_its_gate(
    rung: Rung, tier: Tier, crf: int, size: tuple[int, int], best: float, by_crf: float, by_size: float, by_rate: float,
    read: float | None,
) -> None:  # fmt: skip
    def see(recipe: VideoRecipe) -> Measured:
        lost = by_crf * (recipe.crf - SLOPES[tier].lowest)
        lost += by_size * (recipe.width < WHOLE[0]) + by_rate * (1 - float(recipe.rate) / 25)
        return shown(max(0.0, best - lost), read)

    course = follow(video_work(rung, crf, tier, size), see)
    assert course.last.passed or rung is not Rung.FLOOR
    measures = course.last.attempt.measures
    if course.last.passed and not course.last.limited:
        assert measures.vmaf_mean is not None
        assert measures.vmaf_mean >= GATES[rung].vmaf_mean
    if rung is not Rung.FLOOR:
        assert course.last.limited == ()
    assert course.last.attempt.recipe == course.recipes[-1]


def test_inherited_segments_are_measured_and_not_asked_for_again() -> None:
    old, new = video_work(Rung.FLOOR, 30), video_work(Rung.FLOOR, 34)
    kept = Done(encoded=ENCODED, measured=shown(99.0), inherited=True)
    rows: list[Row] = [(old, kept), (new, Done(encoded=ENCODED, measured=shown(20.0)))]
    judged = judge_track(rows, [])
    assert judged.attempt.measures.vmaf_mean == pytest.approx(59.5)
    assert isinstance(judged.again, VideoRecipe)
    assert judged.again.crf < 34
    small = [(work, done.model_copy(update={"measured": shown(60.0)})) for work, done in rows]
    tries = [Attempt(recipe=video_work(Rung.FLOOR, 38).recipe, measures=judged.attempt.measures)]
    shaped = judge_track(small, tries).again
    assert isinstance(shaped, VideoRecipe)
    assert (shaped.width, shaped.height, shaped.rate) == (*HALF, Fraction(5, 2)), "a track has one init part"
    bad = kept.model_copy(update={"measured": shown(20.0)})
    assert judge_track([(old, bad)], []).passed, "it was shipped before, and nothing of it is new"


def sound_rows(recipe: SoundRecipe, *speech: tuple[float, float] | None) -> list[Row]:
    return [
        (
            SoundWork(
                number=n, part_key="k", part_digest="d", tools="t", recipe=recipe,
                stretch=Stretch(start=Fraction(0), seconds=Fraction(16)),
            ),
            Done(encoded=ENCODED, measured=Measured(speech=one)),
        )
        for n, one in enumerate(speech)
    ]  # fmt: skip


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("tier", Tier)
def test_a_voice_gets_more_bits_until_it_is_clear_and_no_more_than_there_are_to_spare(
    tier: Tier, channels: int
) -> None:
    recipe = recipe_with(tier, channels, CANDIDATES[tier][0])
    rates = []
    for _ in range(20):
        rates.append(recipe.bits_per_s)
        judged = judge_track(sound_rows(recipe, (0.90, 0.99), None), [])
        if judged.again is None:
            break
        assert judged.why == (Measure.SPEECH,)
        assert isinstance(judged.again, SoundRecipe)
        recipe = judged.again
    assert judged.passed
    assert rates == sorted(set(rates))
    assert recipe == anchor_of(tier, channels)
    assert judged.attempt.measures.speech == 0.9


def test_a_clear_voice_passes_and_where_nobody_speaks_nothing_is_asked() -> None:
    recipe = recipe_with(Tier.MODERN, 1, 16_000)
    assert CODEC[recipe.tier] == "opus"
    clear = judge_track(sound_rows(recipe, (0.98, 0.995), (0.97, 0.99)), [])
    assert (clear.passed, clear.attempt.measures.speech) == (True, 0.975)
    silent = judge_track(sound_rows(recipe, None, None), [])
    assert (silent.passed, silent.attempt.measures.speech) == (True, None)
    assert judge_track(sound_rows(recipe, (0.5, 0.9)), []).passed, "tones are no voice"


def test_a_voice_beside_inherited_segments_keeps_its_bits() -> None:
    first, second = sound_rows(recipe_with(Tier.COMPATIBLE, 1, 34_000), (0.90, 0.99), (0.90, 0.99))
    judged = judge_track([(first[0], first[1].model_copy(update={"inherited": True})), second], [])
    assert (judged.passed, judged.again, judged.attempt.measures.speech) == (True, None, 0.9)
