"""What small frames are told to be, on drawn pictures: kinds, scenes, and changes to the frame."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import drawn
from tests.drawn import Picture, head, mixed, noisy, panned, scenery, slide, text
from workers.pipeline.look.changes import runs
from workers.pipeline.look.kinds import smoothed
from workers.pipeline.look.looking import describe_pictures
from workers.pipeline.look.model import Kind, PictureLook
from workers.pipeline.look.whole import pair_features

RATE = 10


def look_at(path: Path, pictures: list[Picture], rate: Fraction = Fraction(RATE)) -> PictureLook:
    seconds = float(len(pictures) / rate)
    return describe_pictures(drawn.sampled(path / "small", pictures, rate), [], seconds, 1000)


def kinds(look: PictureLook) -> list[Kind]:
    return [scene.kind for scene in look.scenes]


def changes(look: PictureLook) -> list[tuple[float, bool]]:
    return [(round(change.at, 2), change.new_slide) for change in look.changes]


def with_pointer(picture: Picture, x: int, y: int) -> Picture:
    pointed = picture.copy()
    pointed[y : y + 3, x : x + 2] = 16
    return pointed


def with_inset(picture: Picture, number: int) -> Picture:
    both = picture.copy()
    both[64:88, 132:156] = head(number)
    return both


def test_slides_with_a_pointer_and_their_changes(tmp_path: Path) -> None:
    pictures = [slide(1, 1 + n // 50) for n in range(150)] + [slide(2)] * 100
    pointed = [with_pointer(p, 20 + (n * 2) % 100, 30 + n % 20) for n, p in enumerate(pictures)]
    look = look_at(tmp_path, pointed)
    assert kinds(look) == [Kind.SLIDES]
    assert changes(look) == [(5.0, False), (10.0, False), (15.0, True)]
    assert (look.scenes[0].start, look.scenes[0].end, look.scenes[0].box) == (0.0, 25.0, None)
    assert len(look.activity) == 25
    assert look.activity[15] == max(look.activity)


def test_a_fade_is_one_change_at_its_end_and_still_slides(tmp_path: Path) -> None:
    one, other = slide(1), slide(2)
    fade = [mixed(one, other, n / 12) for n in range(1, 12)]
    look = look_at(tmp_path, [one] * 100 + fade + [other] * 100)
    assert kinds(look) == [Kind.SLIDES]
    ((at, new_slide),) = changes(look)
    assert new_slide
    assert 10.4 <= at <= 11.2


def test_flicker_and_a_flash_change_nothing(tmp_path: Path) -> None:
    still = slide(1)
    light = [np.clip(still.astype(int) + (n % 3 - 1) * 8, 16, 235).astype(np.uint8) for n in range(100)]
    light[40] = np.full_like(still, 235)
    look = look_at(tmp_path, light)
    assert changes(look) == []
    assert kinds(look) == [Kind.SLIDES]


def test_an_inset_is_found_with_its_edges(tmp_path: Path) -> None:
    pictures = [with_inset(slide(1 + n // 150, 1 + n // 50 % 3), n) for n in range(300)]
    look = look_at(tmp_path, pictures)
    assert kinds(look) == [Kind.MIXED]
    box = look.scenes[0].box
    assert box is not None
    assert (box.left * drawn.WIDTH, box.top * drawn.HEIGHT) == pytest.approx((132, 64), abs=1)
    assert (box.width * drawn.WIDTH, box.height * drawn.HEIGHT) == pytest.approx((24, 24), abs=1)
    assert changes(look) == [(5.0, False), (10.0, False), (15.0, True), (20.0, False), (25.0, False)]


def test_a_clip_of_five_seconds_has_its_inset_too(tmp_path: Path) -> None:
    look = look_at(tmp_path, [with_inset(slide(1), n) for n in range(50)])
    assert kinds(look) == [Kind.MIXED]


def board(number: int) -> Picture:
    picture = np.full((drawn.HEIGHT, drawn.WIDTH), 70, np.uint8)
    text(picture, 10, 5, 1 + number // 4, ink=150)
    left = 12 + number // 4
    picture[14:, left + 8 : left + 34] = 50
    picture[10 + number % 5 : 16 + number % 5, left : left + 8] = 160
    return picture


def test_a_board_has_noise_and_somebody_who_writes(tmp_path: Path) -> None:
    look = look_at(tmp_path, [noisy(board(n), n, 0.5) for n in range(300)])
    assert kinds(look) == [Kind.BOARD]
    assert changes(look) == []
    assert look.still_share < 0.3


def test_a_camera_and_its_cuts(tmp_path: Path) -> None:
    look = look_at(tmp_path, panned(1, 70) + panned(2, 80))
    assert kinds(look) == [Kind.CAMERA]
    assert changes(look) == [(7.0, True)]


def test_a_screen_is_scrolled(tmp_path: Path) -> None:
    long = np.full((drawn.HEIGHT + 600, drawn.WIDTH), drawn.PAPER, np.uint8)
    for line in range(60):
        text(long, 10 * line + 4, line, 100 + line * 37 % 45)
    pictures = [long[top : top + drawn.HEIGHT] for top in (n // 4 * 8 for n in range(250))]
    pairs = [pair_features(pictures[0], pictures[0])]
    look = describe_pictures(drawn.sampled(tmp_path / "small", pictures, Fraction(RATE)), pairs, 25.0, 0)
    assert kinds(look) == [Kind.SCREEN]


def test_scenes_follow_each_other_at_the_cut(tmp_path: Path) -> None:
    look = look_at(tmp_path, [slide(1)] * 120 + panned(3, 130) + [slide(2)] * 120)
    assert [(scene.kind, scene.start, scene.end) for scene in look.scenes] == [
        (Kind.SLIDES, 0.0, 12.0),
        (Kind.CAMERA, 12.0, 25.0),
        (Kind.SLIDES, 25.0, 37.0),
    ]
    assert look.dominant_kind is Kind.SLIDES


def test_a_photograph_on_a_slide_is_a_slide(tmp_path: Path) -> None:
    look = look_at(tmp_path, [scenery(1)] * 80 + [scenery(2)] * 80)
    assert kinds(look) == [Kind.SLIDES]
    assert changes(look) == [(8.0, True)]


def test_a_black_lead_in_ends_with_a_change(tmp_path: Path) -> None:
    black = np.full((drawn.HEIGHT, drawn.WIDTH), 16, np.uint8)
    look = look_at(tmp_path, [black] * 20 + panned(1, 100))
    assert changes(look) == [(2.0, True)]
    assert kinds(look) == [Kind.CAMERA]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_so_few_frames_are_slides_that_stand(tmp_path: Path, count: int) -> None:
    look = look_at(tmp_path, [slide(1)] * count, Fraction(5))
    assert kinds(look) == [Kind.SLIDES]
    assert look.still_share == 1.0
    assert len(look.activity) == 1


def test_pictures_that_end_before_the_sound_stand_still(tmp_path: Path) -> None:
    small = drawn.sampled(tmp_path / "small", [slide(1)] * 30, Fraction(10))
    look = describe_pictures(small, [], 60.0, 0)
    assert look.scenes[-1].end == 60.0
    assert len(look.activity) == 60


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(0, 4))
def test_runs_hold_every_truth_and_are_apart(busy: list[bool], gap: int) -> None:
    found = runs(np.array(busy), gap)
    inside = {n for first, last in found for n in range(first, last + 1)}
    assert {n for n, true in enumerate(busy) if true} <= inside
    assert all(busy[first] and busy[last] for first, last in found)
    assert all(b[0] - a[1] > gap + 1 for a, b in pairwise(found))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(list(Kind)), min_size=1, max_size=30))
def test_smoothing_leaves_what_agrees_and_never_invents(seen: list[Kind]) -> None:
    smooth = smoothed(seen)
    assert len(smooth) == len(seen)
    assert set(smooth) <= set(seen)
    assert smoothed([seen[0]] * len(seen)) == [seen[0]] * len(seen)


def test_one_window_gives_in_and_two_do_not() -> None:
    one, two = [Kind.SLIDES] * 4, [Kind.CAMERA] * 2
    assert smoothed([*one, Kind.CAMERA, *one]) == [Kind.SLIDES] * 9
    assert smoothed([*one, *two, *one]) == [*one, *two, *one]
