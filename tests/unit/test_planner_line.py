"""What is learnt of a line, and what it is expected to bring by when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_cache.planner import history
from edge_cache.planner.capacity import Capacity
from edge_cache.planner.given import DAY, HOUR, MONDAY, WEEK, Line, Policy, Window

MIDNIGHT = MONDAY + 2904 * 7 * DAY - 8 * HOUR
STEADY = Line(rate=1000.0, busy_s=DAY, up=(1.0,) * 24)
SCHOOL_DAYS = frozenset(range(5))
CAPPED = Policy((Window(SCHOOL_DAYS, 8 * HOUR, 17 * HOUR, 0.2),))


def test_a_new_line_is_soon_taken_for_what_it_is() -> None:
    line = Line()
    for _ in range(24):
        line = history.seen(line, 300, 300 * 200_000)
    assert line.rate == pytest.approx(200_000, rel=0.25)


def test_a_share_of_the_line_tells_of_the_whole() -> None:
    line = history.seen(STEADY, 300, 300 * 200, share=0.2)
    assert line.rate == pytest.approx(1000)


def test_dark_nights_are_learnt_in_a_week_and_an_outage_is_remembered() -> None:
    line = STEADY
    for hour in range(7 * 24):
        line = history.hour_passed(line, hour % 24, float(hour % 24 >= 6))
    assert line.up[3] < 0.3
    assert line.up[12] == 1.0
    line = history.came_back(line, 2 * DAY)
    assert line.longest_gap == 2 * DAY
    assert history.hour_passed(line, 0, 1.0).longest_gap < 2 * DAY


def test_hours_with_a_cap_bring_a_part() -> None:
    capacity = Capacity(MIDNIGHT, STEADY, CAPPED)
    assert capacity.expected(MIDNIGHT + 8 * HOUR) == pytest.approx(8 * HOUR * 1000)
    assert capacity.expected(MIDNIGHT + DAY) == pytest.approx((15 + 9 * 0.2) * HOUR * 1000)
    assert capacity.expected(MIDNIGHT + WEEK) == pytest.approx((5 * 16.8 + 48) * HOUR * 1000)


def test_a_window_may_forbid_all_or_name_a_rate_and_part_of_an_hour() -> None:
    shut = Policy((Window(SCHOOL_DAYS, 0, 12 * HOUR, 0.0),))
    assert Capacity(MIDNIGHT, STEADY, shut).expected(MIDNIGHT + 12 * HOUR) == 0
    rate = Policy((Window(SCHOOL_DAYS, 0, 12 * HOUR, rate=100.0),))
    assert Capacity(MIDNIGHT, STEADY, rate).expected(MIDNIGHT + HOUR) == pytest.approx(100 * HOUR)
    half = Policy((Window(SCHOOL_DAYS, 0.5 * HOUR, 12 * HOUR, 0.0),))
    assert Capacity(MIDNIGHT, STEADY, half).expected(MIDNIGHT + HOUR) == pytest.approx(0.5 * HOUR * 1000)


moments = st.floats(0, 3 * WEEK)


@given(moments, moments, st.floats(1, 1e8))
def test_what_is_sure_is_part_of_what_is_expected_and_when_turns_it_round(
    start: float, wait: float, length: float
) -> None:
    capacity = Capacity(MIDNIGHT + start, STEADY, CAPPED)
    until = MIDNIGHT + start + wait
    assert 0 <= capacity.surely(until) <= capacity.expected(until) + 1e-3
    assert capacity.expected(until) <= capacity.expected(until + 60)
    assert capacity.expected(capacity.when(length)) == pytest.approx(length, rel=1e-3, abs=1.0)


def test_a_line_that_never_is_brings_nothing() -> None:
    capacity = Capacity(MIDNIGHT, Line(rate=0.0), Policy())
    assert capacity.when(1) == float("inf")
    assert capacity.when(0) == MIDNIGHT
