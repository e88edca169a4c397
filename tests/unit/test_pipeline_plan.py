"""The plan: pure, so properties say what it must be for every source."""

import time
from bisect import bisect_right
from fractions import Fraction
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.formats.rungs import Rung, Tier
from workers.pipeline.plan import (
    CRUMB,
    LEAST_S,
    MOST_S,
    RUN_S,
    Plan,
    Stretch,
    cut,
    make_parts,
    make_plan,
    sound_frames,
    times_within,
    video_frames,
)
from workers.pipeline.probe import Facts, SoundFacts, VideoFacts
from workers.pipeline.rates import STANDARD_RATES, choose_rate
from workers.pipeline.recipe import (
    SAMPLE_RATE,
    SOUND_STEP,
    Recipe,
    SoundHandling,
    SoundRecipe,
    VideoRecipe,
    handling_of,
)

SOUND = Fraction(SOUND_STEP, SAMPLE_RATE)
STEPS = st.sampled_from([SOUND, Fraction(1, 25), Fraction(1, 2), Fraction(2, 5), Fraction(1001, 3000), Fraction(1, 5)])
DURATIONS = st.fractions(Fraction(1, 1000), 1500, max_denominator=90_000)
TIMES = st.lists(st.floats(0, 1500, allow_nan=False), max_size=60).map(sorted)
RATES = st.one_of(st.none(), st.fractions(Fraction(1, 100), 240, max_denominator=1001), st.sampled_from(STANDARD_RATES))
SECONDS = st.floats(0.01, 1500, allow_nan=False)


def video(
    end: float = 100.0, start: float = 0.0, rate: Fraction | None = Fraction(25), keys: tuple[float, ...] = (0.0,)
) -> VideoFacts:
    return VideoFacts(
        stream=0, codec="h264", width=1280, height=720, rotation=0, interlaced=False, matrix="unknown",
        frames=100, rate=rate, start=start, end=end, keys=keys,
    )  # fmt: skip


def sound(end: float = 100.0, start: float = 0.0) -> SoundFacts:
    return SoundFacts(stream=1, codec="aac", channels=2, sample_rate=44_100, start=start, end=end)


def rung(rate: Fraction, name: Rung = Rung.FLOOR) -> VideoRecipe:
    return VideoRecipe(tier=Tier.MODERN, rung=name, width=640, height=360, rate=rate, crf=50, preset="6")


SOUNDS = tuple(SoundRecipe(tier=tier, channels=1, bits_per_s=20_000, band_hz=8000) for tier in Tier)


def recipe_for(facts: Facts, slower: int = 5) -> Recipe:
    """A ladder whose floor shows every `slower`th picture of what the better rung shows."""
    pictures: tuple[VideoRecipe, ...] = ()
    if facts.video is not None:
        rate = choose_rate(facts.video.rate)
        pictures = (rung(rate / slower), rung(rate, Rung.CLEAR))
    heard = facts.sound is not None
    return Recipe(
        tools="tools 1",
        handling=handling_of(facts.video) if facts.video else None,
        hearing=SoundHandling(channels=1, gain_db=0.0) if heard else None,
        video=pictures,
        sounds=SOUNDS if heard else (),
    )


@given(DURATIONS, STEPS, TIMES)
@settings(deadline=None)
def test_segments_cover_the_whole_and_are_neither_short_nor_long(
    duration: Fraction, step: Fraction, wanted: list[float]
) -> None:
    stretches = cut(duration, step, wanted)
    assert stretches[0].start == 0
    assert all(b.start == a.end for a, b in pairwise(stretches))
    assert all((s.start / step).denominator == (s.end / step).denominator == 1 for s in stretches)
    end = stretches[-1].end
    # what is left out is less than a twentieth of a step: rounding
    assert max(step, duration - step / 20) <= end < max(step * Fraction(101, 100), duration + step)
    for stretch in stretches:
        assert stretch.seconds <= MOST_S
        # between the most and twice the least there is no way but two halves
        assert len(stretches) == 1 or stretch.seconds >= LEAST_S or (len(stretches) == 2 and end < 2 * LEAST_S + 2)


@given(DURATIONS, STEPS, TIMES)
@settings(deadline=None)
def test_the_same_is_cut_in_the_same_way(duration: Fraction, step: Fraction, wanted: list[float]) -> None:
    assert cut(duration, step, wanted) == cut(duration, step, list(wanted))


@given(st.integers(2, 60), st.integers(12, 18), st.sampled_from([Fraction(1, 25), Fraction(1, 2), Fraction(1)]))
def test_a_wanted_time_in_reach_of_the_target_is_a_boundary(count: int, every: int, step: Fraction) -> None:
    """Changes at an even distance that a segment may have: every boundary stands at one."""
    wanted = [float(n * every) for n in range(1, count)]
    boundaries = [s.start for s in cut(Fraction(count * every), step, wanted)[1:]]
    assert boundaries == [Fraction(time) for time in wanted]


@given(st.fractions(11, 19, max_denominator=1000))
def test_a_boundary_stands_at_the_first_picture_that_shows_the_change(change: Fraction) -> None:
    step = Fraction(1, 2)
    first, second = cut(Fraction(30), step, [float(change)])
    assert Fraction(change) - Fraction(1, 50) <= second.start < change + step
    assert first.end == second.start


def test_where_nothing_changes_segments_are_long() -> None:
    """A key frame is dear: a boundary that no change asks for is put off, as far as the most allows it."""
    assert all(18 <= s.seconds <= MOST_S for s in cut(Fraction(960), Fraction(1, 2), []))


def test_a_change_out_of_reach_changes_nothing() -> None:
    plain = cut(Fraction(96), Fraction(1, 2), [])
    assert cut(Fraction(96), Fraction(1, 2), [3.0, 93.0]) == plain
    assert all(s.seconds >= LEAST_S for s in cut(Fraction(96), Fraction(1, 2), [16.0, 19.0, 22.0]))


@pytest.mark.parametrize("step", [Fraction(1, 30), Fraction(1, 2), SOUND, Fraction(1001, 3000)])
@pytest.mark.parametrize("seconds", ["0.04", "1", "19", "19.9", "20.1", "20.5", "21", "38", "39", "41"])
def test_short_sources_have_few_and_about_equal_segments(seconds: str, step: Fraction) -> None:
    stretches = cut(Fraction(seconds), step, [])
    longest = int(MOST_S / step) * step
    assert len(stretches) == ceil(stretches[-1].end / longest)
    assert max(s.seconds for s in stretches) - min(s.seconds for s in stretches) <= 4


def test_six_hours_with_a_change_every_three_seconds_are_cut_in_little_time() -> None:
    changes = [3.0 * n + (n % 7) / 10 for n in range(7200)]
    began = time.process_time()
    stretches = cut(Fraction(6 * 3600), Fraction(1, 25), changes)
    assert time.process_time() - began < 2
    for stretch in stretches[1:]:
        shown = changes[bisect_right(changes, float(stretch.start) + 1e-3) - 1]
        assert float(stretch.start) - shown < 0.041


@given(RATES, st.floats(0, 5), SECONDS, st.floats(0, 5), SECONDS, TIMES, TIMES)
@settings(deadline=None)
def test_both_tracks_cover_the_lesson(
    rate: Fraction | None, video_start: float, video_s: float, sound_start: float, sound_s: float,
    changes: list[float], quiet: list[float],
) -> None:  # fmt: skip
    facts = Facts(
        container="mov",
        video=video(video_start + video_s, video_start, rate, keys=(video_start,)),
        sound=sound(sound_start + sound_s, sound_start),
    )
    recipe = recipe_for(facts)
    plan = make_plan(facts, recipe, changes, quiet)
    assert plan.zero - min(video_start, sound_start) <= 0.1
    assert plan.grid[-1].end == Fraction(plan.duration).limit_denominator(90_000)
    for each in recipe.video:
        assert (each.timescale / each.rate).denominator == 1
        assert each.timescale >= 10_000
        assert each.frame_units * each.rate == each.timescale
        for stretch in plan.grid[:-1]:
            assert Fraction(video_frames(stretch, each)) / each.rate == stretch.seconds
        frames = Fraction(plan.grid[-1].seconds * each.rate)
        assert frames - CRUMB <= video_frames(plan.grid[-1], each) <= max(1, ceil(frames))
    for one in recipe.sounds:
        heard_in = plan.sounds[one.tier]
        assert heard_in[-1].end == Fraction(plan.duration).limit_denominator(90_000)
        for stretch in heard_in[:-1]:
            assert sound_frames(stretch, one) * one.frame == stretch.seconds * SAMPLE_RATE
        last = heard_in[-1]
        heard = Fraction(sound_frames(last, one) * one.frame, SAMPLE_RATE)
        assert last.seconds <= heard < last.seconds + Fraction(one.frame, SAMPLE_RATE)


@given(SECONDS, STEPS, st.lists(st.floats(0, 1500), max_size=100))
@settings(deadline=None)
def test_every_segment_finds_what_it_needs_in_its_part(seconds: float, step: Fraction, more_keys: list[float]) -> None:
    keys = sorted({0.0, *more_keys})
    grid = cut(Fraction(seconds).limit_denominator(90_000), step, [])
    part_of, parts = make_parts(grid, keys)
    assert len(part_of) == len(grid)
    assert set(part_of) == set(range(len(parts)))
    for stretch, number in zip(grid, part_of, strict=True):
        part = parts[number]
        assert part.start <= float(stretch.start) + 1e-5
        assert part.end >= float(stretch.end) + 1
        assert part.start in keys
    for number, (a, b) in enumerate(pairwise(parts)):
        assert b.start > a.start
        run = [s for s, n in zip(grid, part_of, strict=True) if n == number]
        assert float(run[-1].end - run[0].start) >= RUN_S - 1e-6


def test_a_source_with_one_key_frame_is_one_part() -> None:
    part_of, parts = make_parts(cut(Fraction(600), Fraction(1, 25), []), [0.0])
    assert len(parts) == 1
    assert set(part_of) == {0}


@given(TIMES, st.fractions(0, 100, max_denominator=25), st.fractions(1, 20, max_denominator=25))
def test_times_within_a_stretch_are_counted_from_its_start(times: list[float], start: Fraction, long: Fraction) -> None:
    found = times_within(times, Stretch(start=start, seconds=long))
    assert len(found) == sum(1 for each in times if float(start) <= each < float(start + long))
    assert all(0 <= each <= float(long) for each in found)


def test_sound_alone_has_no_pictures_planned() -> None:
    facts = Facts(container="mp3", video=None, sound=sound(60.0))
    recipe = recipe_for(facts)
    plan = make_plan(facts, recipe)
    assert (plan.grid, plan.part_of, plan.parts) == ((), (), ())
    by_tier: dict[Tier, int] = {
        one.tier: sum(sound_frames(s, one) for s in plan.sounds[one.tier]) for one in recipe.sounds
    }
    assert by_tier == {Tier.COMPATIBLE: 2813, Tier.MODERN: 1000}


def test_pictures_alone_have_no_sound_planned() -> None:
    facts = Facts(container="mov", video=video(), sound=None)
    assert make_plan(facts, recipe_for(facts)).sounds == {}


def test_sound_is_cut_where_nobody_speaks() -> None:
    facts = Facts(container="mp3", video=None, sound=sound(60.0))
    quiet = [float(n * SOUND) for n in (15, 30, 46)]
    for stretches in make_plan(facts, recipe_for(facts), (), quiet).sounds.values():
        assert [float(s.start) for s in stretches] == [0.0, *quiet]


def test_plan_and_recipe_survive_a_row() -> None:
    facts = Facts(container="mov", video=video(rate=Fraction(30_000, 1001)), sound=sound())
    recipe = recipe_for(facts)
    plan = make_plan(facts, recipe)
    assert Plan.model_validate(plan.model_dump(mode="json")) == plan
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe
