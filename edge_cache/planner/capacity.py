"""How much the line will bring by when: expected, and surely enough to build on."""

from functools import lru_cache
from itertools import accumulate

from edge_cache.planner.given import HOUR, MONDAY, WEEK, Line, Policy

SURE = 0.5
"""The part of the expected that is counted on."""
SLACK_SHARE = 0.5
"""The part of the time to a bell that an outage may take of it …"""
SLACK_S = 30 * HOUR
"""… at least up to this, and up to the longest gap that this line has shown."""


@lru_cache(maxsize=64)
def _shares(policy: Policy, rate: float) -> tuple[float, ...]:
    """Return for each hour of a local week the part of the line that the policy leaves."""
    found = []
    for hour in range(7 * 24):
        share = 1.0
        for window in policy.windows:
            inside = _overlap(window.begins_s, window.ends_s, hour % 24) if hour // 24 in window.days else 0.0
            if inside:
                allowed = window.share if window.rate is None else min(window.share, window.rate / max(rate, 1.0))
                share = min(share, 1 - inside + inside * allowed)
        found.append(share)
    return tuple(found)


@lru_cache(maxsize=64)
def _week(policy: Policy, up: tuple[float, ...], rate: float) -> tuple[float, ...]:
    """Return seconds of whole line from Monday's midnight until each hour of a local week, and to its end."""
    shares = _shares(policy, rate)
    return tuple(accumulate((HOUR * share * is_up for share, is_up in zip(shares, up * 7, strict=True)), initial=0.0))


def _overlap(begins: float, ends: float, hour: int) -> float:
    return max(0.0, min(ends, (hour + 1) * HOUR) - max(begins, hour * HOUR)) / HOUR


class Capacity:
    """The line's future from `now` on, in bytes."""

    __slots__ = ("_from", "_hours", "_now", "_offset", "_slack", "_total", "rate")

    def __init__(self, now: float, line: Line, policy: Policy) -> None:
        capped = any(window.rate is not None for window in policy.windows)
        self._hours = _week(policy, line.up, round(line.rate, -3) if capped else 0.0)
        self._total = self._hours[-1]
        self._offset, self._now = policy.utc_offset_s - MONDAY, now
        self.rate = line.rate
        self._slack = max(SLACK_S, 1.2 * line.longest_gap)
        self._from = self._seconds(now)

    def _seconds(self, moment: float) -> float:
        """Return seconds of whole line from a Monday long ago until a moment."""
        weeks, rest = divmod(moment + self._offset, WEEK)
        hour, part = divmod(rest, HOUR)
        n, hours = int(hour), self._hours
        return weeks * self._total + hours[n] + (hours[n + 1] - hours[n]) * (part / HOUR)

    def expected(self, until: float) -> float:
        """Return the bytes that the line is expected to bring until a moment."""
        return self.rate * (self._seconds(until) - self._from) if until > self._now else 0.0

    def surely(self, until: float) -> float:
        """Return the bytes to build on: fewer than expected, and none in the last hours, should the line go away."""
        left = until - self._now
        if left <= 0:
            return 0.0
        slack = min(self._slack, SLACK_SHARE * left)
        return SURE * self.rate * (self._seconds(until - slack) - self._from)

    def when(self, length: float) -> float:
        """Return the moment by which the line is expected to have brought `length` bytes; infinity if never."""
        if length <= 0:
            return self._now
        if self.rate <= 0 or self._total <= 0:
            return float("inf")
        goal = self._from + length / self.rate
        weeks, rest = divmod(goal, self._total)
        low, high = 0, 168
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._hours[middle] <= rest else (low, middle)
        span = self._hours[low + 1] - self._hours[low]
        part = (rest - self._hours[low]) / span if span else 0.0
        return max(self._now, weeks * WEEK + (low + part) * HOUR - self._offset)
