"""The plan: pure, so properties say what it must be for every source."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.rungs import Rung
from workers.pipeline.plan import (
    AAC_FRAME,
    LEAST_S,
    MOST_S,
    RUN_S,
    SAMPLE_RATE,
    STANDARD_RATES,
    Plan,
    Recipe,
    choose_ladder,
    choose_rate,
    choose_sound,
    cut,
    fit,
    make_parts,
    make_plan,
    make_recipe,
    timescale_of,
)
from workers.pipeline.probe import Facts, SoundFacts, VideoFacts

RATES = st.one_of(st.none(), st.fractions(Fraction(1, 100), 240, max_denominator=1001), st.sampled_from(STANDARD_RATES))
SECONDS = st.floats(0.01, 20_000, allow_nan=False)


def video(
    end: float = 100.0, start: float = 0.0, rate: Fraction | None = Fraction(25), size: tuple[int, int] = (1280, 720),
    keys: tuple[float, ...] = (0.0,),
) -> VideoFacts:  # fmt: skip
    return VideoFacts(
        stream=0, codec="h264", width=size[0], height=size[1], rotation=0, interlaced=False, matrix="unknown",
        frames=100, rate=rate, start=start, end=end, keys=keys,
    )  # fmt: skip


def sound(end: float = 100.0, start: float = 0.0, channels: int = 2) -> SoundFacts:
    return SoundFacts(stream=1, codec="aac", channels=channels, sample_rate=44_100, start=start, end=end)


def plan_of(facts: Facts) -> tuple[Recipe, Plan]:
    recipe = make_recipe(facts, "tools 1")
    return recipe, make_plan(facts, recipe)


@given(st.integers(1, 400_000), st.sampled_from(STANDARD_RATES))
def test_segments_cover_every_frame_once_and_are_neither_short_nor_long(frames: int, rate: Fraction) -> None:
    stretches = cut(frames, rate)
    assert stretches[0].first == 0
    assert all(b.first == a.first + a.count for a, b in pairwise(stretches))
    assert sum(s.count for s in stretches) == frames
    frame = 1 / rate
    for stretch in stretches:
        assert stretch.count / rate <= MOST_S + frame
        assert len(stretches) == 1 or stretch.count / rate >= LEAST_S - frame


@given(st.integers(1, 100_000), st.integers(1, 100_000))
def test_a_longer_source_begins_with_the_same_segments(frames: int, more: int) -> None:
    rate = Fraction(SAMPLE_RATE, AAC_FRAME)
    short, long = cut(frames, rate), cut(frames + more, rate)
    same = max(0, len(short) - 2)
    assert short[:same] == long[:same]


@given(RATES, st.floats(0, 5), SECONDS, st.floats(0, 5), SECONDS)
def test_both_tracks_cover_the_lesson(
    rate: Fraction | None, video_start: float, video_s: float, sound_start: float, sound_s: float
) -> None:
    facts = Facts(
        container="mov",
        video=video(video_start + video_s, video_start, rate, keys=(video_start,)),
        sound=sound(sound_start + sound_s, sound_start),
    )
    recipe, plan = plan_of(facts)
    assert plan.zero - min(video_start, sound_start) <= 0.1
    for rung in recipe.video:
        covered = sum(s.count for s in plan.stretches(rung)) / rung.rate
        assert covered >= plan.duration - 0.11 / float(recipe.video[0].rate)
        assert covered < plan.duration + 1 / recipe.video[0].rate + Fraction(1, 10)
        assert (rung.timescale / rung.rate).denominator == 1
        assert rung.timescale >= 10_000
    heard = sum(s.count for s in plan.sound) * AAC_FRAME / SAMPLE_RATE
    assert plan.duration - 1e-4 <= heard <= plan.duration + 1e-4 + AAC_FRAME / SAMPLE_RATE


@given(SECONDS, st.sampled_from(STANDARD_RATES), st.lists(st.floats(0, 20_000), max_size=200))
def test_every_segment_finds_what_it_needs_in_its_part(seconds: float, rate: Fraction, more_keys: list[float]) -> None:
    keys = sorted({0.0, *more_keys})
    grid = cut(max(1, int(seconds * rate)), rate)
    part_of, parts = make_parts(grid, rate, keys)
    assert len(part_of) == len(grid)
    assert set(part_of) == set(range(len(parts)))
    for stretch, number in zip(grid, part_of, strict=True):
        start, end = float(stretch.first / rate), float((stretch.first + stretch.count) / rate)
        part = parts[number]
        assert part.start <= start + 1e-5
        assert part.end >= end + 1
        assert part.start in keys
    for number, (a, b) in enumerate(pairwise(parts)):
        assert b.start > a.start
        run = [s for s, n in zip(grid, part_of, strict=True) if n == number]
        assert float((run[-1].first + run[-1].count - run[0].first) / rate) >= RUN_S - 1e-6


def test_a_source_with_one_key_frame_is_one_part() -> None:
    grid = cut(25 * 600, Fraction(25))
    part_of, parts = make_parts(grid, Fraction(25), [0.0])
    assert len(parts) == 1
    assert set(part_of) == {0}


@given(st.integers(1, 9000), st.integers(1, 9000), st.sampled_from([360, 720]))
def test_pictures_are_even_in_their_box_and_never_larger(width: int, height: int, short_side: int) -> None:
    w, h = fit(width, height, short_side)
    assert w % 2 == h % 2 == 0
    assert w <= max(16, width + 1)
    assert h <= max(16, height + 1)
    assert min(w, h) <= max(16, short_side)
    assert max(w, h) <= max(16, short_side * 16 // 9 + 1)


@pytest.mark.parametrize(
    ("source", "encoded"),
    [
        ("25", "25"), ("30000/1001", "30000/1001"), ("29.97", "30000/1001"), ("50", "25"), ("60", "30"),
        ("60000/1001", "30000/1001"), ("21.7", "24000/1001"), ("1.99", "5"), ("100", "30"), ("0.001", "5"),
        ("14", "15"), ("10", "10"),
    ],
)  # fmt: skip
def test_the_rate_is_the_sources_or_the_next_standard_one(source: str, encoded: str) -> None:
    assert choose_rate(Fraction(source)) == Fraction(encoded)


@given(RATES)
def test_every_rate_is_usable(rate: Fraction | None) -> None:
    chosen = choose_rate(rate)
    assert 5 <= chosen <= 30
    assert timescale_of(chosen) < 2**31


@given(RATES, st.integers(16, 8192), st.integers(16, 4608))
def test_the_ladder_rises_and_its_rates_share_one_grid(rate: Fraction | None, width: int, height: int) -> None:
    floor, clear = choose_ladder(video(rate=rate, size=(width, height)))
    assert (floor.rung, clear.rung) == (Rung.FLOOR, Rung.CLEAR)
    assert floor.width * floor.height <= clear.width * clear.height
    assert clear.rate in (floor.rate, 2 * floor.rate)


def test_sound_after_the_pictures_is_kept_unless_it_is_only_rounding() -> None:
    assert Facts(container="mov", video=video(10.0), sound=sound(10.05)).end == 10.0
    assert Facts(container="mov", video=video(10.0), sound=sound(12.0)).end == 12.0
    assert Facts(container="mov", video=video(10.0), sound=sound(2.0)).end == 10.0


def test_surround_becomes_stereo_and_mono_stays() -> None:
    assert choose_sound(sound(channels=6)).channels == 2
    assert choose_sound(sound(channels=1)).channels == 1


def test_sound_alone_has_no_pictures_planned() -> None:
    recipe, plan = plan_of(Facts(container="mp3", video=None, sound=sound(60.0)))
    assert recipe.video == ()
    assert recipe.handling is None
    assert plan.grid == ()
    assert plan.parts == ()
    assert sum(s.count for s in plan.sound) == 2813


def test_plan_and_recipe_survive_a_row() -> None:
    recipe, plan = plan_of(Facts(container="mov", video=video(rate=Fraction(30_000, 1001)), sound=sound()))
    assert Plan.model_validate(plan.model_dump(mode="json")) == plan
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe
