"""Which moments become stills, which are one, where chapters begin; and when pages of a silent deck are shown."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.pipeline.stills.choice import (
    LONGEST_S,
    MOST_CHAPTERS,
    Luma,
    are_one,
    choose_poster,
    find_slides,
    make_chapters,
    merge,
)
from workers.pipeline.stills.errors import DeckTimesWrong
from workers.pipeline.stills.times import even_times, given_times, page_times, recorded_times

changes = st.lists(st.tuples(st.floats(0, 3000), st.booleans()), max_size=60)


def test_a_slide_is_looked_at_when_its_build_up_is_over() -> None:
    found = find_slides([(4, False), (8, False), (20, True), (29.8, False), (30, True)], 40)
    assert [(s.start_s, s.end_s) for s in found] == [(0, 20), (20, 30), (30, 40)]
    assert [s.pick_s for s in found] == pytest.approx([19.5, 29.9, 39.5])


def test_a_slide_that_is_leafed_past_is_none() -> None:
    found = find_slides([(10, True), (10.6, True), (11.2, True), (30, True)], 60)
    assert [(s.start_s, s.end_s) for s in found] == [(0, 11.2), (11.2, 30), (30, 60)]


def test_a_board_that_is_written_on_for_long_has_a_still_for_every_five_minutes() -> None:
    found = find_slides([(float(at), False) for at in range(5, 1000, 5)], 1000)
    assert [s.start_s for s in found] == [0, 300, 600, 900]
    assert all(s.end_s - s.start_s <= LONGEST_S for s in found)
    assert len(find_slides([], 1000)) == 1, "a slide that just stands is one"


@given(changes, st.floats(0.1, 3000))
def test_slides_cover_the_lesson_and_are_looked_at_within(found: list[tuple[float, bool]], duration: float) -> None:
    slides = find_slides(found, duration)
    assert slides[0].start_s == 0
    assert slides[-1].end_s == duration
    assert all(a.end_s == b.start_s for a, b in pairwise(slides))
    assert all(s.start_s <= s.pick_s <= s.end_s for s in slides)


def page(seed: int) -> Luma:
    """A small picture of a slide: dark lines of different lengths on white."""
    picture = np.full((180, 320), 240, np.uint8)
    lengths = np.random.default_rng(seed).integers(60, 280, 8)
    for row, length in enumerate(lengths):
        picture[20 * row + 10 : 20 * row + 16, 20 : 20 + int(length) : 3] = 30
    return picture


def with_pointer(picture: Luma, x: int) -> Luma:
    out = picture.copy()
    out[80:86, x : x + 5] = 0
    return out


def test_a_pointer_makes_no_other_still_and_a_line_of_text_does() -> None:
    assert are_one(with_pointer(page(1), 30), with_pointer(page(1), 200))
    more = page(1)
    more[166:172, 20:200:3] = 30
    assert not are_one(page(1), more)


def test_stills_that_are_one_share_a_picture_also_when_a_slide_comes_back() -> None:
    first, second = page(1), page(2)
    assert merge([with_pointer(first, 30), first, second, first, second]) == (1, 1, 2, 1, 2)
    assert merge([]) == ()


def test_the_poster_is_neither_black_nor_blank() -> None:
    black, blank = np.zeros((180, 320), np.uint8), np.full((180, 320), 250, np.uint8)
    assert choose_poster([black, blank, page(3), page(4)]) == 2
    assert choose_poster([black] * 12 + [page(1)]) == 12
    assert choose_poster([black, blank]) is None


def test_chapters_take_titles_and_are_not_every_few_seconds() -> None:
    marks = [(0.0, "One"), (50.0, "One"), (100.0, "Two"), (110.0, "Three"), (200.0, "")]
    assert [(c.start_s, c.title) for c in make_chapters(marks, 300)] == [(0, "One"), (110, "Three"), (200, "")]
    assert make_chapters([(0.0, "Only")], 300) == ()


@given(st.lists(st.tuples(st.floats(0, 3000), st.sampled_from(["", "a", "b"])), max_size=80), st.floats(3001, 4000))
def test_there_is_a_sensible_number_of_chapters(marks: list[tuple[float, str]], duration: float) -> None:
    found = make_chapters(sorted(marks), duration)
    assert len(found) != 1
    assert len(found) <= MOST_CHAPTERS
    assert not found or found[0].start_s == 0
    assert all(b.start_s - a.start_s >= 30 for a, b in pairwise(found))


def test_the_times_of_pages_are_the_partners_then_the_decks_then_even() -> None:
    assert page_times(3, 60, given=[10, 20], advances=[1, 2, 3]) == (0, 10, 20)
    assert page_times(3, 60, advances=[25, 15.5, 20]) == (0, 25, 40.5)
    assert page_times(3, 60, advances=[25, None, 20]) == (0, 20, 40)
    assert page_times(3, 60, advances=[1, 1, 1]) == (0, 20, 40), "through long before the voice"
    assert recorded_times([30, 40, None], 60) is None, "the voice ends before the last page"


def test_even_times_fall_into_pauses_that_are_near() -> None:
    assert even_times(3, 60, [(22, 24), (38, 38.5), (5, 6)]) == (0, 23, 38.25)
    assert even_times(3, 60, [(1, 2)]) == (0, 20, 40)


@given(st.integers(1, 60), st.floats(60, 3000), st.lists(st.floats(0, 3000), max_size=40))
def test_even_times_ascend_within_the_voice(pages: int, duration: float, middles: list[float]) -> None:
    times = even_times(pages, duration, [(m, m) for m in middles])
    assert len(times) == pages
    assert times[0] == 0
    assert all(a < b for a, b in pairwise(times))
    assert times[-1] < duration


@pytest.mark.parametrize(
    ("times", "why"),
    [([1, 2, 3, 4], "4 times"), ([0, 9, 9], "page 3"), ([0, 9, 60], "lasts"), ([0, 5, float("nan")], "no number")],
)
def test_times_that_do_not_fit_are_refused(times: list[float], why: str) -> None:
    with pytest.raises(DeckTimesWrong) as caught:
        given_times(times, 3, 60)
    assert why in str(caught.value.data["why"])
