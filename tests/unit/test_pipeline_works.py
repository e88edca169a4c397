"""Which segments of a lesson are measured, and where its letters are read."""

from collections.abc import Sequence
from fractions import Fraction

import pytest

from workers.pipeline.look.model import PictureLook
from workers.pipeline.plan import Stretch
from workers.pipeline.works import choose_samples, choose_texts

NOTHING = PictureLook(
    scenes=(), changes=(), grain=0.0, letterbox=None, activity=(), still_share=1.0, source_bits_per_s=0
)
RATE = Fraction(25)


def segments(count: int, seconds: int = 16) -> list[Stretch]:
    return [Stretch(start=Fraction(n * seconds), seconds=Fraction(seconds)) for n in range(count)]


def numbers(chosen: Sequence[object]) -> list[int]:
    return [number for number, one in enumerate(chosen) if one]


@pytest.mark.parametrize(
    ("count", "measured"),
    [
        (1, [0]),
        (3, [0, 1, 2]),
        (7, [1, 3, 5]),
        (24, [4, 12, 20]),
        (169, list(range(4, 169, 8))),
    ],
)
def test_three_segments_are_measured_and_one_in_eight_of_a_long_lesson(count: int, measured: list[int]) -> None:
    samples = choose_samples(segments(count), RATE, NOTHING)
    assert numbers([sample.spots for sample in samples]) == measured
    assert all(sum(samples[n].weights) == pytest.approx(16) for n in measured)


@pytest.mark.parametrize(
    ("count", "seconds", "read"),
    [
        (1, 10, [0]),
        (8, 16, [0, 4]),
        (40, 15, [0, 8, 16, 24, 32]),
        (169, 16, list(range(0, 169, 8))),
    ],
)
def test_letters_are_read_once_a_minute_and_once_in_two_of_a_long_lesson(
    count: int, seconds: int, read: list[int]
) -> None:
    times = choose_texts(segments(count, seconds), NOTHING)
    assert [number for number, at in enumerate(times) if at is not None] == read
    assert {at for at in times if at is not None} == {seconds - 0.5}
