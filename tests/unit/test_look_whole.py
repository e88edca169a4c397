"""Noise, sharpness and black bars, on drawn whole pictures; and how a source is sampled."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawn import Picture, noisy, scenery
from workers.pipeline.look.frames import read_pairs
from workers.pipeline.look.sampling import make_sampling
from workers.pipeline.look.whole import PairFeatures, find_bars, grain_of, pair_features, temporal_noise
from workers.pipeline.probe import VideoFacts
from workers.pipeline.recipe import Crop

FACTS = VideoFacts(
    stream=0, codec="h264", width=1280, height=720, rotation=0, interlaced=False, matrix="bt709", frames=100,
    rate=Fraction(25), start=0.0, end=4.0, keys=(0.0,),
)  # fmt: skip


@pytest.mark.parametrize("sigma", [1.0, 3.0, 6.0])
def test_grain_is_the_sigma_of_the_noise(sigma: float) -> None:
    picture = scenery(1, 640, 360)
    pair = pair_features(noisy(picture, 1, sigma), noisy(picture, 2, sigma))
    assert grain_of([pair]) == pytest.approx(sigma, rel=0.12, abs=0.1)


def test_what_moves_is_no_grain() -> None:
    one, other = scenery(1, 640, 360), scenery(1, 640, 360)
    other[100:300, 100:400] = scenery(2, 300, 200)
    assert temporal_noise(one, other) == 0.0


def test_frames_shown_twice_and_black_ones_say_nothing_of_grain() -> None:
    picture = scenery(1, 320, 184)
    grainy = pair_features(noisy(picture, 1, 3), noisy(picture, 2, 3))
    twice = pair_features(picture, picture)
    black = pair_features(np.full_like(picture, 16), np.full_like(picture, 17))
    assert grain_of([twice, black, twice, grainy, black]) == pytest.approx(3, abs=0.4)
    assert grain_of([twice]) == 0.0
    assert grain_of([]) == 0.0
    assert temporal_noise(picture[:4, :4], picture[:4, :4]) == 0.0


def barred(top: int, left: int, seed: int = 1) -> Picture:
    picture = np.full((720, 1280), 16, np.uint8)
    inner = np.maximum(scenery(seed, 1280 - 2 * left, 720 - 2 * top), 60)
    picture[top : 720 - top, left : 1280 - left] = inner
    return picture


def bars_of(*pictures: Picture) -> Crop | None:
    small = np.max(pictures, axis=0).reshape(90, 8, 160, 8).mean(axis=(1, 3)).astype(np.uint8)
    return find_bars([pair_features(picture, picture) for picture in pictures], small)


def test_bars_are_cut_to_even_numbers_and_never_into_the_picture() -> None:
    assert bars_of(barred(91, 0)) == Crop(left=0, top=90, width=1280, height=540)
    assert bars_of(barred(0, 160)) == Crop(left=160, top=0, width=960, height=720)
    assert bars_of(barred(40, 80)) == Crop(left=80, top=40, width=1120, height=640)


def test_what_is_not_black_all_the_time_is_no_bar() -> None:
    assert bars_of(barred(0, 0)) is None
    assert bars_of(barred(90, 0), barred(0, 0, 2)) is None
    assert bars_of(np.full((720, 1280), 16, np.uint8)) is None
    assert find_bars([], np.zeros((90, 160), np.uint8)) is None
    assert bars_of(barred(90, 0), np.full((720, 1280), 16, np.uint8)) == Crop(left=0, top=90, width=1280, height=540)


def test_a_dark_slide_has_no_bars() -> None:
    dark = np.full((720, 1280), 16, np.uint8)
    dark[160:560, 200:1080] = np.where(np.random.default_rng(1).random((400, 880)) < 0.2, 220, 16)
    dark[160:240] = 16
    dark[180:220, 300:600] = 220
    dark[500:560] = 16
    dark[510:540, 300:500] = 220
    assert bars_of(dark) is None


def test_bars_on_one_side_only_are_part_of_the_picture() -> None:
    picture = barred(0, 0)
    picture[:120] = 16
    assert bars_of(picture) is None


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 200), st.integers(0, 300))
def test_a_crop_is_even_inside_and_holds_the_picture(top: int, left: int) -> None:
    rows, columns = np.full(720, 16, np.uint8), np.full(1280, 16, np.uint8)
    rows[top : 720 - top], columns[left : 1280 - left] = 200, 200
    small = np.zeros((90, 160), np.uint8)
    small[top // 8 : 90 - top // 8, left // 8 : 160 - left // 8] = 200
    crop = find_bars([PairFeatures(0, 0, False, False, rows, columns)], small)
    if crop is not None:
        assert all(side % 2 == 0 for side in (crop.left, crop.top, crop.width, crop.height))
        assert crop.left <= left
        assert crop.top <= top
        assert 1280 - left <= crop.left + crop.width <= 1280
        assert 720 - top <= crop.top + crop.height <= 720


def test_pairs_are_read_as_they_were_written_and_turned(tmp_path: Path) -> None:
    one, other = scenery(1, 40, 24), scenery(2, 40, 24)
    small = scenery(3, 16, 16)
    images = [one, other, one, small, other, one, other]  # the second pair differs in size, the last is half
    path = tmp_path / "pairs"
    path.write_bytes(b"".join(b"P5\n%d %d\n255\n" % i.shape[::-1] + i.tobytes() for i in images))
    read = list(read_pairs(path, 0))
    assert len(read) == 2
    for (first, second), (x, y) in zip(read, [(one, other), (other, one)], strict=True):
        assert np.array_equal(first, x)
        assert np.array_equal(second, y)
    turned, _ = next(read_pairs(path, 90))
    assert np.array_equal(turned, np.rot90(one, -1))
    path.write_bytes(path.read_bytes()[:700])
    assert list(read_pairs(path, 0)) == []


def test_sampling_follows_the_rate_and_the_shape() -> None:
    usual = make_sampling(FACTS, 2700)
    assert (usual.rate, usual.width, usual.height, usual.pair_gap) == (Fraction(25, 2), 160, 88, 1)
    assert 2700 * 12.5 / usual.pair_period <= 96
    upright = make_sampling(FACTS.model_copy(update={"width": 720, "height": 1280, "rate": Fraction(30)}), 60)
    assert (upright.rate, upright.width, upright.height) == (Fraction(10), 88, 160)
    slow = make_sampling(FACTS.model_copy(update={"rate": Fraction(1)}), 20)
    assert (slow.rate, slow.pair_gap) == (Fraction(5), 5)
    assert slow.pair_period > slow.pair_gap
    assert make_sampling(FACTS.model_copy(update={"rate": None}), 0.04).rate == 5
    huge = make_sampling(FACTS.model_copy(update={"width": 7680, "height": 4320}), 3600)
    assert 3600 * 12.5 / huge.pair_period <= 6
