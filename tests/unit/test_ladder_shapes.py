"""Which shapes are tried on which pictures."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.pipeline.ladder.shapes import (
    DISPLAY_SIDE,
    GRAIN_LIGHT,
    GRAIN_STRONG,
    SLOWEST_DRAWN,
    Shape,
    denoise_for,
    shapes_to_try,
    slower_rates,
)
from workers.pipeline.look.model import Kind, PictureLook, Scene
from workers.pipeline.probe import VideoFacts
from workers.pipeline.rates import STANDARD_RATES, choose_rate
from workers.pipeline.recipe import Crop, Denoise

DRAWN = (Kind.SLIDES, Kind.SCREEN)


def facts(width: int = 1920, height: int = 1080, rate: Fraction | None = Fraction(25)) -> VideoFacts:
    return VideoFacts(
        stream=0, codec="h264", width=width, height=height, rotation=0, interlaced=False, matrix="bt709", frames=1500,
        rate=rate, start=0.0, end=60.0, keys=(0.0,),
    )  # fmt: skip


def seen(kind: Kind, grain: float = 0.0, letterbox: Crop | None = None) -> PictureLook:
    return PictureLook(
        scenes=(Scene(start=0, end=60, kind=kind, motion=1.0),), changes=(), grain=grain, letterbox=letterbox,
        activity=(1.0,) * 60, still_share=0.5, source_bits_per_s=1_000_000,
    )  # fmt: skip


def tried(kind: Kind, grain: float = 0.0) -> tuple[Shape, ...]:
    return shapes_to_try(facts(), seen(kind, grain))


@pytest.mark.parametrize("kind", DRAWN)
def test_drawn_pictures_keep_their_size_and_give_up_pictures(kind: Kind) -> None:
    assert [(s.width, s.height, s.rate) for s in tried(kind)] == [
        (1280, 720, Fraction(25, 2)), (1280, 720, Fraction(5)), (1280, 720, Fraction(5, 2)),
    ]  # fmt: skip
    assert all(s.screen and s.denoise is Denoise.NONE for s in tried(kind, grain=5.0))


@pytest.mark.parametrize(
    ("kind", "heights"), [(Kind.BOARD, {720, 540}), (Kind.CAMERA, {720, 540, 360}), (Kind.MIXED, {720})]
)
def test_a_hand_and_a_face_keep_their_pictures(kind: Kind, heights: set[int]) -> None:
    assert {s.height for s in tried(kind)} == heights
    rates = {s.rate for s in tried(kind)}
    assert rates == ({Fraction(25), Fraction(25, 2)} if kind is Kind.MIXED else {Fraction(25)})


def test_grain_is_taken_from_cameras_only_and_by_how_much_there_is() -> None:
    assert {denoise_for(9.0, kind) for kind in (*DRAWN, Kind.MIXED)} == {Denoise.NONE}
    assert denoise_for(GRAIN_LIGHT - 0.1, Kind.BOARD) is Denoise.NONE
    assert denoise_for(GRAIN_LIGHT, Kind.BOARD) is Denoise.LIGHT
    assert denoise_for(GRAIN_STRONG, Kind.CAMERA) is Denoise.STRONG
    ways = [(s.height, s.denoise) for s in tried(Kind.BOARD, grain=3.0)]
    assert ways == [(720, Denoise.NONE), (720, Denoise.STRONG), (540, Denoise.STRONG)], "whether it pays is tried once"


def test_black_bars_are_no_pixels() -> None:
    crop = Crop(left=240, top=0, width=1440, height=1080)
    shapes = shapes_to_try(facts(), seen(Kind.SLIDES, letterbox=crop))
    assert {(s.width, s.height) for s in shapes} == {(960, 720)}


@given(
    st.sampled_from(Kind), st.integers(16, 8000), st.integers(16, 8000),
    st.none() | st.sampled_from(STANDARD_RATES), st.floats(0, 10),
)  # fmt: skip
def test_there_is_a_shape_for_everything_and_none_is_larger_or_faster_than_its_source(
    kind: Kind, width: int, height: int, rate: Fraction | None, grain: float
) -> None:
    shapes = shapes_to_try(facts(width, height, rate), seen(kind, grain))
    assert shapes
    assert len(set(shapes)) == len(shapes)
    for shape in shapes:
        assert shape.width % 2 == shape.height % 2 == 0
        assert shape.width <= max(16, width + 1)
        assert shape.height <= max(16, height + 1)
        assert min(shape.width, shape.height) <= DISPLAY_SIDE
        assert shape.rate in slower_rates(choose_rate(rate))


@given(st.sampled_from(STANDARD_RATES))
def test_slower_rates_are_whole_parts_of_the_rate_and_not_too_slow(rate: Fraction) -> None:
    found = slower_rates(rate)
    assert found[0] == rate
    assert list(found) == sorted(found, reverse=True)
    assert all((rate / slower).denominator == 1 for slower in found)
    assert all(slower >= SLOWEST_DRAWN for slower in found[1:])
