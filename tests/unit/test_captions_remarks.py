"""What is odd about captions is said in words, with what to do."""

import pytest

from catalog.courses.captions.cues import Cue, Retiming
from catalog.courses.captions.reading import read_captions
from catalog.courses.captions.remarks import Remark, remarks_on_reading, remarks_on_times

HOUR = 3_600_000


def said(remark: Remark) -> str:
    return remark.message % remark.data


def at(*starts: int) -> list[Cue]:
    return [Cue(start, start + 1000, "x") for start in starts]


@pytest.mark.parametrize(
    ("starts", "duration", "words"),
    [
        ([10 * HOUR + 4000], 45 * 60_000, ["10:00:04", "-36000 seconds", "0:04"]),
        ([10 * HOUR + 4000], None, ["10:00:04", "-36000 seconds", "0:04"]),
        ([HOUR], None, ["1:00:00", "-3600 seconds", "0:00"]),
        ([50 * 60_000 + 500], 45 * 60_000, ["50:00", "-3000 seconds", "0:00"]),
        ([2 * HOUR + 50 * 60_000], 45 * 60_000, ["2:50:00", "-10200 seconds", "0:00"]),
    ],
)
def test_captions_that_are_late_as_a_whole(starts: list[int], duration: int | None, words: list[str]) -> None:
    (remark,) = remarks_on_times(at(*starts), duration)
    assert remark.code == "caption.all-late"
    for word in words:
        assert word in said(remark)


def test_captions_after_the_lessons_end() -> None:
    (remark,) = remarks_on_times(at(1000, 60_000, 90_000), 60_000)
    assert (remark.code, remark.data["count"]) == ("caption.after-end", 2)
    assert "1:30" in said(remark)
    assert remarks_on_times(at(1000, 59_999), 60_000) == []
    assert remarks_on_times(at(0, 90_000), None) == []


def test_what_was_guessed_and_changed_is_counted() -> None:
    last = "00:00:09,000 --> 00:00:10,000\n力\n\n"
    srt = f"00:00:05,000 --> 00:00:06,000\n压强\n\n00:00:01,000 --> 00:00:03,000\n力\n\n{last}{last}"
    read = read_captions(srt.encode("gbk"), retiming=Retiming(offset_s=-2))
    remarks = {remark.code: remark.data for remark in remarks_on_reading(read)}
    assert remarks == {
        "caption.encoding-recognised": {"encoding": "GB18030"},
        "caption.moved": {"count": 1},
        "caption.doubles": {"count": 1},
        "caption.clipped": {"count": 1},
    }
    assert remarks_on_reading(read_captions(b"WEBVTT\n\n00:01.000 --> 00:02.000\nx\n")) == []
