"""When the line may be used: fill windows of the policy, in the school's local time. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from catalog.formats.protocol import Window

DAY = 1440
ALL_DAYS = tuple(range(7))


def is_open(windows: Sequence[Window], local: datetime) -> bool:
    """Say whether one of `windows` is open at `local`. Without windows the line is always open."""
    if not windows:
        return True
    minute, today = local.hour * 60 + local.minute, local.weekday()
    return any(_covers(window, minute, today) for window in windows)


def _covers(window: Window, minute: int, today: int) -> bool:
    """A window belongs to the day on which it starts, also where it goes past midnight."""
    days = window.days or ALL_DAYS
    if window.start < window.end:
        return today in days and window.start <= minute < window.end
    return (today in days and minute >= window.start) or ((today - 1) % 7 in days and minute < window.end)


def until_change(windows: Sequence[Window], local: datetime) -> float | None:
    """Return seconds from `local` until the line opens or closes; None if it never does."""
    now = is_open(windows, local)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0)
    edges = sorted({m for window in windows for m in (window.start, window.end)} | {0})
    for day in range(9):
        for minute in edges:
            moment = start + timedelta(days=day, minutes=minute)
            if moment > local and is_open(windows, moment) != now:
                return (moment - local).total_seconds()
    return None
