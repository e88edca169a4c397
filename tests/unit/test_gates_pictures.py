"""Where segments are measured, what VMAF's logs say, and what scores add up to."""

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.pipeline.gates.pictures import Scores, scores_of, summarise
from workers.pipeline.gates.sampling import choose_spots
from workers.pipeline.gates.spots import Spot, ask, view_of, whole

RATE = Fraction(25)


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((1280, 720), (1280, 720)),
        ((1920, 1080), (1280, 720)),
        ((640, 480), (960, 720)),
        ((176, 144), (880, 720)),
        ((720, 1280), (406, 720)),
        ((2560, 720), (1280, 360)),
    ],
)
def test_a_view_is_as_large_as_the_screen_holds(size: tuple[int, int], shown: tuple[int, int]) -> None:
    view = view_of(*size, Fraction(50))
    assert (view.width, view.height, view.rate) == (*shown, Fraction(25))


def test_a_spot_is_led_in_and_out_and_its_own_pictures_are_known() -> None:
    asked = ask([Spot(2.0, 5), Spot(0.0, 3), Spot(9.9, 5)], Fraction(10), RATE)
    assert asked.slots == ((0, 4), (49, 7), (244, 6))
    assert asked.spots == ((5, 5), (0, 3), (12, 5))


def test_spots_that_touch_are_decoded_once() -> None:
    asked = ask([Spot(1.0, 10), Spot(1.2, 10), Spot(1.64, 5)], Fraction(10), RATE)
    assert asked.slots == ((24, 23),)
    assert asked.spots == ((1, 10), (6, 10), (17, 5))


def test_what_is_longer_than_the_segment_is_the_segment() -> None:
    assert ask([Spot(-3.0, 900)], Fraction(2), RATE) == whole(Fraction(2), RATE)
    with pytest.raises(ValueError, match="no spot"):
        ask([], Fraction(2), RATE)


@given(
    st.lists(st.tuples(st.floats(0, 25), st.integers(1, 60)), min_size=1, max_size=8),
    st.integers(1, 500),
    st.sampled_from([Fraction(25), Fraction(30_000, 1001), Fraction(5), Fraction(12)]),
)
def test_every_spot_finds_its_pictures_among_the_decoded(
    wanted: list[tuple[float, int]], total: int, rate: Fraction
) -> None:
    asked = ask([Spot(*spot) for spot in wanted], total / rate, rate)
    decoded = [slot for first, count in asked.slots for slot in range(first, first + count)]
    assert decoded == sorted(set(decoded))
    assert decoded[0] >= 0
    assert decoded[-1] < total
    for (start, frames), (first, count) in zip(wanted, asked.spots, strict=True):
        count_wanted = min(frames, total)
        slot = min(max(0, round(start * rate)), total - count_wanted)
        assert decoded[first : first + count] == list(range(slot, slot + count_wanted))


def test_a_sample_looks_where_it_is_liveliest_and_at_the_end() -> None:
    activity = [0.1, 0.1, 0.1, 9.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
    sample = choose_spots(Fraction(10), RATE, activity, changes=[3.4], number=4)
    assert Spot(3.4, 5) in sample.spots
    assert sample.spots[-1].start_s == pytest.approx(9.8)
    assert len(sample.spots) == 2 + 3
    assert choose_spots(Fraction(10), RATE, activity, number=4) != choose_spots(Fraction(10), RATE, activity, number=5)


@given(
    st.integers(1, 600),
    st.lists(st.floats(0, 100), max_size=30),
    st.lists(st.floats(0, 30), max_size=5),
    st.integers(0, 1000),
    st.floats(1, 20),
)
def test_a_sample_stands_for_the_whole_segment(
    frames: int, activity: list[float], changes: list[float], number: int, spacing: float
) -> None:
    seconds = frames / RATE
    sample = choose_spots(seconds, RATE, activity, changes, number, spacing)
    assert sum(sample.weights) == pytest.approx(float(seconds))
    assert all(
        0 <= spot.start_s <= seconds and weight > 0 for spot, weight in zip(sample.spots, sample.weights, strict=True)
    )
    assert len(sample.spots) <= 3 + float(seconds) / spacing


def test_a_sample_of_many_segments_has_the_mean_of_the_whole() -> None:
    """On a score that falls from each key frame and at one place more: the mean is right, the worst is seen."""
    series = [90 - slot / 25 - (15 if 100 <= slot < 125 else 0) for slot in range(250)]
    scores: list[tuple[float, ...]] = []
    weights: list[float] = []
    for number in range(60):
        sample = choose_spots(Fraction(10), RATE, [0, 0, 0, 0, 5.0, 0, 0, 0, 0, 0], number=number)
        for spot, weight in zip(sample.spots, sample.weights, strict=True):
            first = round(spot.start_s * 25)
            scores.append(tuple(series[first : first + spot.frames]))
            weights.append(weight)
    found = summarise(scores, weights)
    assert found.mean == pytest.approx(sum(series) / 250, abs=0.15)
    assert found.p5 == pytest.approx(sorted(series)[12], abs=0.6)
    assert found.min == pytest.approx(min(series), abs=0.05)


def log(scores: list[float]) -> bytes:
    frames = [{"frameNum": n, "metrics": {"integer_motion": 1.5, "vmaf": score}} for n, score in enumerate(scores)]
    return json.dumps({"version": "3.0.0", "frames": frames}).encode()


def test_a_log_is_read_per_spot_to_one_decimal() -> None:
    asked = ask([Spot(0.4, 2), Spot(0.0, 1)], Fraction(1), RATE)
    assert scores_of(log([10.04, 20.06, 30, 40.04, 50.06, 60]), asked) == ((40.0, 50.1), (10.0,))
    with pytest.raises(ValueError, match="5 of 6 pictures"):
        scores_of(log([1, 2, 3, 4, 5]), asked)
    with pytest.raises(ValueError, match="0 of 6 pictures"):
        scores_of(b"{}", asked)


def test_scores_are_summed_up_by_what_they_stand_for() -> None:
    found = summarise([(90.0, 92.0), (50.0,)], [9.7, 0.3])
    assert (found.mean, found.p5, found.min) == (89.8, 90.0, 50.0)
    assert summarise([(90.0, 92.0), (50.0,)], [9.5, 0.5]).p5 == 50.0
    with pytest.raises(ValueError, match="no scores"):
        summarise([], [])


@given(st.lists(st.lists(st.floats(0, 100), min_size=1, max_size=9).map(tuple), min_size=1, max_size=9))
def test_a_summary_lies_within_its_scores(scores: Scores) -> None:
    found = summarise(scores, [1.0] * len(scores))
    flat = [score for spot in scores for score in spot]
    assert min(flat) == found.min <= found.p5 <= max(flat)
    assert min(flat) - 0.05 <= found.mean <= max(flat) + 0.05


def test_equal_weights_give_the_nearest_rank() -> None:
    assert summarise([tuple(float(n) for n in range(1, 101))], [1.0]).p5 == 5.0
