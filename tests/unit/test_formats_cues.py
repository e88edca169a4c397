"""Chapters and stills as WebVTT: cues that follow each other, and words that break out of nothing."""

import re
from itertools import pairwise

from catalog.courses.webvtt import check_webvtt
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.cues import chapters_vtt, thumbnails_vtt
from catalog.formats.release import Chapter
from tests.factories import make_still

TIME = re.compile(r"(\d\d+):(\d\d):(\d\d)\.(\d\d\d) --> (\d\d+):(\d\d):(\d\d)\.(\d\d\d)")


def _ms(hours: str, minutes: str, seconds: str, rest: str) -> int:
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(rest)


def times(text: str) -> list[tuple[int, int]]:
    return [(_ms(*found[:4]), _ms(*found[4:])) for found in TIME.findall(text)]


titles = st.text(min_size=1, max_size=30).filter(str.strip)
starts = st.lists(st.integers(0, 400_000_000), unique=True, max_size=8).map(sorted)


@given(starts, titles)
def test_each_chapter_lasts_until_the_next(at: list[int], title: str) -> None:
    text = chapters_vtt([Chapter(start_ms=start, title=title) for start in at], 400_000_001)
    assert times(text) == list(pairwise([*at, 400_000_001]))


@given(titles)
def test_a_title_is_one_line_of_words(title: str) -> None:
    text = chapters_vtt([Chapter(start_ms=0, title=title)], 5000)
    assert len(re.split("\r\n|\r|\n", text)) == 5
    assert text.count("-->") == 1
    assert "<" not in text


def test_chapters_are_webvtt() -> None:
    text = chapters_vtt(
        [Chapter(start_ms=0, title="a --> b & <c>"), Chapter(start_ms=3_723_004, title="压强")], 3_800_000
    )
    assert text == (
        "WEBVTT\n\n00:00:00.000 --> 01:02:03.004\na --&gt; b &amp; &lt;c&gt;\n\n01:02:03.004 --> 01:03:20.000\n压强\n"
    )
    check_webvtt(text.encode())


def test_a_still_that_is_not_here_leaves_its_time_empty() -> None:
    stills = [make_still(f"{n}".encode(), n * 1000) for n in range(3)]
    here = {stills[0].sha256, stills[2].sha256}
    text = thumbnails_vtt(stills, 5000, lambda still: f"/{still.start_ms}.jpg" if still.sha256 in here else None)
    assert times(text) == [(0, 1000), (2000, 5000)]
    assert re.findall(r"^/.*$", text, re.MULTILINE) == ["/0.jpg", "/2000.jpg"]
    assert thumbnails_vtt([], 5000, lambda _: None) == "WEBVTT\n"
