"""What is learnt of the line: one small value that the shell keeps, changed by what was seen of it."""

from dataclasses import replace

from edge_cache.planner.given import DAY, HOUR, Line

SLOW_S = 24 * HOUR
LEAST_DAY = 0.15
"""How much a day weighs among those before it, at the least."""
GAP_FADES_S = 45 * DAY
DOUBT_S, DOUBT_DAYS = 0.5 * HOUR, 1.0
"""For how long the first guess counts as if it had been measured."""


def seen(line: Line, seconds: float, length: int, share: float = 1.0) -> Line:
    """Return the line after it brought `length` bytes in `seconds` while the fill had work for all of its `share`."""
    found = length / seconds / share
    slow = max(1 - 0.5 ** (seconds / SLOW_S), seconds / (line.busy_s + DOUBT_S + seconds))
    return replace(
        line,
        rate=line.rate + (found - line.rate) * slow,
        busy_s=line.busy_s + seconds,
        down_since=None,
    )


def hour_passed(line: Line, hour: int, up_share: float) -> Line:
    """Return the line after a local hour of the day in which box and line were on for `up_share` of the time."""
    weight = max(LEAST_DAY, 1 / (line.watched_s / DAY + DOUBT_DAYS + 1))
    up = list(line.up)
    up[hour] += (up_share - up[hour]) * weight
    gap = max(3 * HOUR, line.longest_gap * (1 - HOUR / GAP_FADES_S))
    return replace(line, up=tuple(up), longest_gap=gap, watched_s=line.watched_s + HOUR)


def came_back(line: Line, gap_s: float) -> Line:
    """Return the line after it was away for `gap_s` seconds."""
    return replace(line, longest_gap=max(line.longest_gap, gap_s), down_since=None)
