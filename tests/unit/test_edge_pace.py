"""How fast peers are given: never above the rate, a tenth of it while a class watches, and no credit hoarded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_cache.peers.pace import BURST_SECONDS, WATCHED_SECONDS, WATCHED_SHARE, Pace

RATE = 1_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def send(pace: Pace, clock: Clock, length: int, seconds: float) -> int:
    """Send pieces of `length` one after the other for so long; return the bytes that went out."""
    sent, end = 0, clock.now + seconds
    while clock.now < end:
        clock.now += pace.turn(length)
        sent += length
    return sent


@given(st.integers(1000, 300_000), st.floats(1, 60))
def test_over_any_time_the_rate_holds(length: int, idle: float) -> None:
    clock = Clock()
    pace = Pace(RATE, clock)
    clock.now += idle
    sent = send(pace, clock, length, 10)
    assert sent <= RATE * (10 + BURST_SECONDS) + 2 * length
    assert sent >= RATE * 10 - length


def test_while_a_class_watches_little_is_left_and_afterwards_all() -> None:
    clock = Clock()
    pace = Pace(RATE, clock)
    pace.watched()
    sent = send(pace, clock, 10_000, WATCHED_SECONDS - 1)
    assert sent <= RATE * WATCHED_SHARE * (WATCHED_SECONDS - 1 + BURST_SECONDS) + 300_000
    clock.now += 2
    assert pace.rate == RATE


def test_all_peers_share_one_rate() -> None:
    clock = Clock()
    pace = Pace(RATE, clock)
    waits = [pace.turn(100_000) for _ in range(20)]
    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx(2.0 - BURST_SECONDS, abs=0.01)
