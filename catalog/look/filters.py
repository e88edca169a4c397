"""Figures as people read them. Every filter is pure and takes the language as its last argument."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from math import isfinite

from catalog.look.language import Language

CHINA_TIME: tzinfo = timezone(timedelta(hours=8), "UTC+8")
"""All of China keeps one time without daylight saving, so no time zone database is needed."""


def human_bytes(count: float) -> str:
    """A number of bytes in the unit that leaves at most three digits before the point: `12.4 MB` (decimal units)."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit in ("B", "kB") or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def human_duration(seconds: float, language: Language) -> str:
    """A length of time in its two largest units: `45 分 10 秒`, `45 min 10 s`."""
    if not isfinite(seconds):
        return "–"
    whole = max(0, round(seconds))
    day, hour, minute, second = ("天", "小时", "分", "秒") if language == "zh-CN" else ("d", "h", "min", "s")
    parts = [
        (whole // 86400, day),
        (whole % 86400 // 3600, hour),
        (whole % 3600 // 60, minute),
        (whole % 60, second),
    ]
    while len(parts) > 1 and parts[0][0] == 0:
        parts.pop(0)
    shown = [f"{count} {unit}" for count, unit in parts[:2] if count]
    return " ".join(shown) or f"0 {second}"


def clock_time(seconds: float) -> str:
    """A position in a lesson, as players show it: `4:05`, `1:02:03`."""
    whole = max(0, int(seconds)) if isfinite(seconds) else 0
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def local_moment(moment: datetime, language: Language, zone: tzinfo = CHINA_TIME) -> str:
    """A date and time where the school is: `2026年11月24日 10:30`, `24 Nov 2026, 10:30`.

    A moment without a zone is taken as UTC, which is what the database holds.
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    there = aware.astimezone(zone)
    if language == "zh-CN":
        return f"{there.year}年{there.month}月{there.day}日 {there:%H:%M}"
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{there.day} {months[there.month - 1]} {there.year}, {there:%H:%M}"
