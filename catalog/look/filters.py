"""Figures as people read them. Every filter is pure and takes the language as its last argument."""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from math import isfinite

from catalog.look.language import Language

CHINA_TIME: tzinfo = timezone(timedelta(hours=8), "UTC+8")
"""All of China keeps one time without daylight saving, so no time zone database is needed."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


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
    return f"{there.day} {MONTHS[there.month - 1]} {there.year}, {there:%H:%M}"


def local_day(day: date, language: Language) -> str:
    """A day with its day of the week: `11月26日 周四`, `Thu 26 Nov`."""
    if language == "zh-CN":
        return f"{day.month}月{day.day}日 周{'一二三四五六日'[day.weekday()]}"
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"


def time_of_day(moment: datetime, zone: tzinfo = CHINA_TIME) -> str:
    """A time where the school is: `08:05`."""
    return f"{moment.astimezone(zone):%H:%M}"


def near_moment(moment: datetime, now: datetime, language: Language, zone: tzinfo = CHINA_TIME) -> str:
    """A moment as people say it at `now`: `21:40` today, `明天 06:10`, else with its day."""
    there, days = moment.astimezone(zone), (moment.astimezone(zone).date() - now.astimezone(zone).date()).days
    tomorrow = "明天" if language == "zh-CN" else "tomorrow"
    before = "" if days == 0 else f"{tomorrow if days == 1 else local_day(there.date(), language)} "
    return f"{before}{there:%H:%M}"


def clock_words(minutes: int) -> str:
    """Minutes since midnight as people write them: `08:05`."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
