"""Borders of segments: they cover everything, keep their bounds, are the same each time, and like changes."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.pipeline.look.grid import segment_grid

DURATIONS = st.floats(0.04, 400, allow_nan=False)
CHANGES = st.lists(st.floats(-5, 420, allow_nan=False), max_size=60)


@settings(max_examples=80, deadline=None)
@given(DURATIONS, CHANGES)
def test_borders_cover_everything_and_keep_their_bounds(duration: float, changes: list[float]) -> None:
    borders = segment_grid(duration, changes)
    assert borders[0] == 0
    assert borders[-1] == duration
    lengths = [b - a for a, b in pairwise(borders)]
    assert all(length <= 20 + 1e-6 for length in lengths)
    assert len(lengths) == 1 or all(length >= 10 - 1e-6 for length in lengths)
    assert segment_grid(duration, reversed(changes)) == borders


@settings(max_examples=40, deadline=None)
@given(DURATIONS, st.floats(0.5, 6), st.floats(0, 1), st.floats(2, 4))
def test_other_lengths_keep_their_bounds_too(duration: float, least: float, share: float, ratio: float) -> None:
    most = least * ratio
    borders = segment_grid(duration, (), least, least + share * (most - least), most)
    lengths = [b - a for a, b in pairwise(borders)]
    assert sum(lengths) == pytest.approx(duration)
    assert len(lengths) == 1 or all(least - 1e-6 <= length <= most + 1e-6 for length in lengths)


def test_borders_stand_on_changes_where_these_are_in_reach() -> None:
    assert segment_grid(60, [12.3, 29.9, 44.0]) == (0.0, 12.3, 29.9, 44.0, 60.0)


def test_of_many_changes_the_borders_leave_as_few_as_possible_inside() -> None:
    changes = [14.0, 16.0, 28.0, 30.0]
    borders = segment_grid(45, changes)
    assert len(borders) == 4
    assert set(borders[1:3]) <= set(changes)


def test_without_changes_segments_are_as_long_as_the_target() -> None:
    assert segment_grid(60, ()) == (0.0, 15.0, 30.0, 45.0, 60.0)
    assert segment_grid(9, [4.0]) == (0.0, 9.0)
    assert segment_grid(21, ()) in {(0.0, 10.0, 21.0), (0.0, 11.0, 21.0)}


@pytest.mark.parametrize("wrong", [(0, 15, 20), (10, 9, 20), (10, 21, 20), (15, 16, 20)])
def test_bounds_that_no_grid_can_keep_are_refused(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="no grid"):
        segment_grid(100, (), *wrong)
    with pytest.raises(ValueError, match="no grid"):
        segment_grid(0, ())
