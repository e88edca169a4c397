"""Pages of a deck are found in a video: out of order, built up, beside a camera, letterboxed, or not at all."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.pipeline.stills.choice import Luma
from workers.pipeline.stills.matching import Shown, best_way, match_pages, snapped, way_shown
from workers.pipeline.stills.placement import WHOLE, Placement, find_placement, resampled

ROWS, COLUMNS = 90, 160


@cache
def page(number: int, lines: int = 7, size: tuple[int, int] = (180, 320)) -> Luma:
    """A page of seven lines of letters below a header that all pages share; `lines` of them are there already."""
    picture = np.full(size, 235, np.uint8)
    picture[: size[0] // 8] = 60
    picture[4:14, 8 : size[1] // 2 : 7] = 220
    letters = np.random.default_rng(number)
    for line in range(7):
        top = size[0] // 8 + 8 + line * (size[0] - size[0] // 8) // 8
        row = np.repeat(letters.random(size[1] // 5) < 0.5, 4)[: int(letters.integers(size[1] // 3, size[1] * 4 // 5))]
        if line < lines:
            picture[top : top + 9, 16 : 16 + len(row)][:, row] = 40
    return picture


def filmed(picture: Luma, where: Placement = WHOLE, behind: int = 0) -> Luma:
    """A page as a frame of a video shows it: scaled to its place, a little noisy."""
    rows, columns = round(where.height * ROWS), round(where.width * COLUMNS)
    height, width = picture.shape
    small = resampled(height, 0, height, rows) @ picture.astype(np.float32) @ resampled(width, 0, width, columns).T
    frame = np.full((ROWS, COLUMNS), float(behind), np.float32)
    top, left = round(where.top * ROWS), round(where.left * COLUMNS)
    frame[top : top + rows, left : left + columns] = small
    frame += np.random.default_rng(int(small.sum()) % 1000).normal(0, 2, frame.shape)
    return frame.clip(0, 255).astype(np.uint8)


def teacher(number: int, rows: int = ROWS, columns: int = COLUMNS) -> Luma:
    """A picture of a camera: soft blobs that move."""
    rough = np.random.default_rng(number).integers(30, 200, (6, 8)).astype(np.float32)
    soft = resampled(6, 0, 6, rows) @ rough @ resampled(8, 0, 8, columns).T
    return soft.astype(np.uint8)


def way(shown: tuple[Shown, ...]) -> list[tuple[int, float, float]]:
    return [(s.page, s.start_s, s.end_s) for s in shown]


def match(pages: list[Luma], frames: list[Luma], where: Placement | None = WHOLE) -> list[tuple[int, float, float]]:
    return way(match_pages(pages, frames, [float(n) for n in range(len(frames))], float(len(frames)), where))


PAGES = [page(n) for n in range(5)]


def test_pages_out_of_order_back_and_forth_and_skipped() -> None:
    order = [0] * 5 + [2] * 5 + [1] * 5 + [2] * 5
    found = match(PAGES, [filmed(page(n)) for n in order])
    assert found == [(0, 0, 4.5), (2, 4.5, 9.5), (1, 9.5, 14.5), (2, 14.5, 20)]


def test_a_build_up_belongs_to_its_page() -> None:
    frames = [filmed(page(n, lines)) for n in (0, 1, 2) for lines in (1, 2, 3, 5, 7)]
    assert match(PAGES, frames) == [(0, 0, 4.5), (1, 4.5, 9.5), (2, 9.5, 15)]


def test_a_deck_with_a_page_for_each_step_is_followed_step_by_step() -> None:
    steps = [page(1, lines) for lines in (2, 4, 7)]
    frames = [filmed(step) for step in steps for _ in range(6)]
    assert match(steps, frames) == [(0, 0, 5.5), (1, 5.5, 11.5), (2, 11.5, 18)]


def test_a_camera_over_a_corner_of_the_slide() -> None:
    frames = []
    for number in range(20):
        frame = filmed(page(number // 10 * 3)).copy()
        frame[50:, 110:] = teacher(number, 40, 50)
        frames.append(frame)
    assert match(PAGES, frames) == [(0, 0, 9.5), (3, 9.5, 20)]


def test_stretches_without_a_slide_are_left_out() -> None:
    frames = [filmed(page(0))] * 6 + [teacher(n) for n in range(8)] + [filmed(page(1))] * 6
    assert match(PAGES, frames) == [(0, 0, 5.5), (1, 13.5, 20)]
    assert match(PAGES, [teacher(n) for n in range(12)]) == []


@pytest.mark.parametrize(
    "where",
    [Placement(0.125, 0, 0.75, 1), Placement(0, 0.125, 1, 0.75), Placement(0.05, 0.2, 0.6, 0.6), WHOLE],
    ids=["pillars", "letterbox", "small beside a camera", "whole"],
)
def test_slides_that_fill_a_part_of_the_picture(where: Placement) -> None:
    shape = {0.75: (180, 240), 0.6: (180, 320), 1.0: (180, 320)}[where.width] if where.height != 0.75 else (135, 320)
    pages = [page(n, 7, shape) for n in range(3)]
    frames = [filmed(pages[n // 6], where) for n in range(18)]
    found = find_placement(pages, frames)
    for side in ("left", "top", "width", "height"):
        assert getattr(found, side) == pytest.approx(getattr(where, side), abs=0.06), found
    assert match(pages, frames, None) == [(0, 0, 5.5), (1, 5.5, 11.5), (2, 11.5, 18)]


def test_nothing_in_means_nothing_out() -> None:
    assert match_pages([], [filmed(page(0))], [0.0], 1.0) == ()
    assert match_pages(PAGES, [], [], 1.0) == ()
    assert match([page(0)], [filmed(page(0))]) == [(0, 0, 1)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=6), st.integers(4, 9))
def test_the_way_follows_clear_scores(order: list[int], each: int) -> None:
    wanted = [n for n in order for _ in range(each)]
    scores = np.full((len(wanted), 5), 0.3, np.float32)
    scores[np.arange(len(wanted)), wanted] = 0.9
    scores[::each, :] = 0.5  # a blurred moment at each change
    found = best_way(scores)
    assert sum(a == b for a, b in zip(found, wanted, strict=True)) >= len(wanted) - 2 * len(order)


def test_bounds_go_to_the_changes_that_are_near() -> None:
    shown = way_shown([None, 0, 0, 1], [0, 1, 2, 3], 4)
    assert way(shown) == [(0, 0.5, 2.5), (1, 2.5, 4)]
    assert way(snapped(shown, [0.2, 2.9, 9.0], 0.5)) == [(0, 0.2, 2.9), (1, 2.9, 4)]
