"""Rates and sizes: what a source is shown at, and when pictures of several rates fall together."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.pipeline.probe import Facts, SoundFacts, VideoFacts
from workers.pipeline.rates import STANDARD_RATES, choose_rate, common_period, timescale_of
from workers.pipeline.recipe import FRAME_SAMPLES, SOUND_STEP, fit, handling_of

RATES = st.one_of(st.none(), st.fractions(Fraction(1, 100), 240, max_denominator=1001), st.sampled_from(STANDARD_RATES))


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
    assert 10_000 <= timescale_of(chosen) < 2**31
    assert (timescale_of(chosen) / chosen).denominator == 1


@given(st.lists(st.sampled_from(STANDARD_RATES), min_size=1, max_size=4))
def test_the_common_period_is_the_shortest_that_is_whole_at_every_rate(rates: list[Fraction]) -> None:
    period = common_period(rates)
    assert all((period * rate).denominator == 1 for rate in rates)
    counts = [int(period * rate) for rate in rates]
    assert not any(all(count % part == 0 for count in counts) for part in range(2, 10))


def test_slower_rungs_of_a_rate_share_the_slowest_ones_pictures() -> None:
    assert common_period([Fraction(25), Fraction(5), Fraction(5, 2)]) == Fraction(2, 5)
    assert common_period([Fraction(30_000, 1001), Fraction(3000, 1001)]) == Fraction(1001, 3000)


def test_sound_is_cut_where_packets_of_both_tiers_end() -> None:
    assert all(SOUND_STEP % samples == 0 for samples in FRAME_SAMPLES.values())


@given(st.integers(1, 9000), st.integers(1, 9000), st.sampled_from([360, 720]))
def test_pictures_are_even_in_their_box_and_never_larger(width: int, height: int, short_side: int) -> None:
    w, h = fit(width, height, short_side)
    assert w % 2 == h % 2 == 0
    assert w <= max(16, width + 1)
    assert h <= max(16, height + 1)
    assert min(w, h) <= max(16, short_side)
    assert max(w, h) <= max(16, short_side * 16 // 9 + 1)


def video(end: float = 10.0, matrix: str = "unknown", size: tuple[int, int] = (1280, 720)) -> VideoFacts:
    return VideoFacts(
        stream=0, codec="h264", width=size[0], height=size[1], rotation=0, interlaced=False, matrix=matrix,
        frames=100, rate=Fraction(25), start=0.0, end=end, keys=(0.0,),
    )  # fmt: skip


def test_colours_that_nobody_names_are_told_by_the_size() -> None:
    assert handling_of(video()).matrix == "bt709"
    assert handling_of(video(size=(640, 480))).matrix == "bt601"
    assert handling_of(video(matrix="smpte170m")).matrix == "bt601"
    assert handling_of(video()).lead_s == pytest.approx(0.005)


def test_sound_after_the_pictures_is_kept_unless_it_is_only_rounding() -> None:
    def facts(seconds: float) -> Facts:
        sound = SoundFacts(stream=1, codec="aac", channels=2, sample_rate=44_100, start=0.0, end=seconds)
        return Facts(container="mov", video=video(), sound=sound)

    assert facts(10.05).end == 10.0
    assert facts(12.0).end == 12.0
    assert facts(2.0).end == 10.0
