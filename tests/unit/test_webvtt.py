"""Captions are checked before anybody relies on them; the message names the line and what to do."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.courses.errors import BadCaption, CaptionTooLarge
from catalog.courses.webvtt import MAX_BYTES, check_webvtt
from catalog.formats.errors import AppError

GOOD = "WEBVTT\n\n00:00.000 --> 00:02.000\n压强\n\n2\n00:00:02.000 --> 00:00:04.500 line:80%\n等于\n"


def test_good_captions_are_counted() -> None:
    assert check_webvtt(GOOD.encode()) == 2
    assert check_webvtt(GOOD.replace("\n", "\r\n").encode("utf-8-sig")) == 2
    assert check_webvtt(GOOD.replace("WEBVTT\n", "WEBVTT - 第一课\nKind: captions\n").encode()) == 2


def test_comments_and_styles_are_no_cues() -> None:
    text = "WEBVTT\n\nNOTE made by --> hand\n\nSTYLE\n::cue { color: red }\n\n00:01.000 --> 00:02.000\nx\n"
    assert check_webvtt(text.encode()) == 1


@pytest.mark.parametrize(
    ("data", "line", "why"),
    [
        (b"", 1, "begin with WEBVTT"),
        (b"WEBVTTX\n", 1, "begin with WEBVTT"),
        (b"1\n00:00:01,000 --> 00:00:02,000\nx\n", 1, "SubRip"),
        (GOOD.replace("压强", "课").encode("gbk"), 4, "GBK"),
        (GOOD.encode("utf-16"), 1, "UTF-16"),
        (b"WEBVTT\n\n", 3, "no cue"),
        (b"WEBVTT\n\n00:00,000 --> 00:02,000\nx\n", 3, "written 00:01:02.345"),
        (b"WEBVTT\n\n00:61.000 --> 01:02.000\nx\n", 3, "written"),
        (b"WEBVTT\n\n00:02.000 --> 00:01.000\nx\n", 3, "ends before it begins"),
        (b"WEBVTT\n\n00:02.000 --> 00:03.000\nx\n\n00:01.000 --> 00:04.000\ny\n", 6, "before the one above"),
        (b"WEBVTT\n\n00:02.000 --> 00:03.000\nx\0y\n", 4, "NUL"),
    ],
)
def test_bad_captions_name_the_line(data: bytes, line: int, why: str) -> None:
    with pytest.raises(BadCaption) as caught:
        check_webvtt(data)
    assert caught.value.data["line"] == line
    assert why in str(caught.value)


def test_a_film_is_no_captions() -> None:
    with pytest.raises(CaptionTooLarge):
        check_webvtt(b"x" * (MAX_BYTES + 1))


@given(st.binary(max_size=300))
def test_no_bytes_break_the_check(data: bytes) -> None:
    for body in (data, b"WEBVTT\n\n" + data):
        with suppress(AppError):
            check_webvtt(body)
