"""Figures as people read them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from catalog.look.filters import (
    clock_time,
    clock_words,
    human_bytes,
    human_duration,
    local_day,
    local_moment,
    near_moment,
    time_of_day,
)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (470_400, "470 kB"),
        (999_600, "1.0 MB"),
        (12_440_000, "12.4 MB"),
        (1_500_000_000, "1.5 GB"),
        (2_400_000_000_000, "2.4 TB"),
        (5e15, "5000.0 TB"),
    ],
)
def test_bytes(count: float, words: str) -> None:
    assert human_bytes(count) == words


@pytest.mark.parametrize(
    ("seconds", "chinese", "english"),
    [
        (0, "0 秒", "0 s"),
        (0.4, "0 秒", "0 s"),
        (59.6, "1 分", "1 min"),
        (95, "1 分 35 秒", "1 min 35 s"),
        (3600, "1 小时", "1 h"),
        (3661, "1 小时 1 分", "1 h 1 min"),
        (90_000, "1 天 1 小时", "1 d 1 h"),
        (-5, "0 秒", "0 s"),
        (float("inf"), "–", "–"),
        (float("nan"), "–", "–"),
    ],
)
def test_duration(seconds: float, chinese: str, english: str) -> None:
    assert human_duration(seconds, "zh-CN") == chinese
    assert human_duration(seconds, "en") == english


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (62.9, "1:02"), (3723, "1:02:03"), (float("nan"), "0:00"), (-1, "0:00")]
)
def test_clock(seconds: float, shown: str) -> None:
    assert clock_time(seconds) == shown


def test_moments_are_shown_where_the_school_is() -> None:
    moment = datetime(2026, 12, 31, 16, 5, tzinfo=UTC)
    assert local_moment(moment, "zh-CN") == "2027年1月1日 00:05"
    assert local_moment(moment, "en") == "1 Jan 2027, 00:05"
    assert local_moment(moment.replace(tzinfo=None), "en") == "1 Jan 2027, 00:05"
    assert local_moment(moment, "en", timezone(timedelta(0))) == "31 Dec 2026, 16:05"


def test_days_and_moments_are_said_as_people_say_them() -> None:
    now = datetime(2026, 11, 26, 13, 0, tzinfo=UTC)  # 21:00 at the school
    assert (local_day(date(2026, 11, 26), "zh-CN"), local_day(date(2026, 11, 26), "en")) == (
        "11月26日 周四",
        "Thu 26 Nov",
    )
    assert time_of_day(now) == "21:00"
    assert near_moment(now + timedelta(minutes=40), now, "en") == "21:40"
    assert near_moment(now + timedelta(hours=9), now, "zh-CN") == "明天 06:00"
    assert near_moment(now + timedelta(hours=9), now, "en") == "tomorrow 06:00"
    assert near_moment(now + timedelta(days=3), now, "en") == "Sun 29 Nov 21:00"
    assert near_moment(now - timedelta(days=1), now, "zh-CN") == "11月25日 周三 21:00"
    assert clock_words(485) == "08:05"
