"""Checking captions before anybody relies on them: WebVTT (w3.org/TR/webvtt1), as players in schools read it."""

import re

from catalog.courses.errors import BadCaption, CaptionTooLarge

MAX_BYTES = 1 << 20
_TIME = r"(?:(\d{2,4}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMING = re.compile(rf"{_TIME}[ \t]+-->[ \t]+{_TIME}(?:[ \t]+\S.*)?[ \t]*")
_SUBRIP = re.compile(r"\d+:\d\d:\d\d,\d{3}\s+-->")


def check_webvtt(data: bytes) -> int:
    """Return the number of cues. Raises CaptionTooLarge, or BadCaption naming the line and what is wrong with it.

    Cues must have an end after their start, and start in order; there must be at least one.
    """
    if len(data) > MAX_BYTES:
        raise CaptionTooLarge(limit=MAX_BYTES)
    lines = _text(data).split("\n")
    if not re.fullmatch(r"WEBVTT(?:[ \t].*)?", lines[0]):
        if any(_SUBRIP.match(line) for line in lines[:10]):
            raise BadCaption(line=1, why="this is SubRip (.srt); save or convert it as WebVTT (.vtt)")
        raise BadCaption(line=1, why="the file does not begin with WEBVTT")
    cues, last = 0, -1
    in_comment = False
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            in_comment = False
        elif line.startswith(("NOTE", "STYLE", "REGION")) and not lines[number - 2].strip():
            in_comment = True
        elif "-->" in line and not in_comment:
            last = _start_of(line, number, last)
            cues += 1
    if cues == 0:
        raise BadCaption(line=len(lines), why="there is no cue in it")
    return cues


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadCaption(line=1, why="the file is in UTF-16; save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadCaption(line=line, why="the text is not UTF-8 (is it GBK?); save it as UTF-8") from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise BadCaption(line=text[: text.index("\0")].count("\n") + 1, why="there is a NUL character in it")
    return text


def _start_of(line: str, number: int, last: int) -> int:
    """Return the cue's start in milliseconds; it must not be before `last`, the one of the cue before it."""
    timing = _TIMING.fullmatch(line)
    if timing is None:
        why = "a time is written 00:01:02.345, and a cue's times 00:01:02.345 --> 00:01:04.000"
        raise BadCaption(line=number, why=why)
    start, end = _milliseconds(timing.groups()[:4]), _milliseconds(timing.groups()[4:])
    if end <= start:
        raise BadCaption(line=number, why="the cue ends before it begins")
    if start < last:
        raise BadCaption(line=number, why="the cue begins before the one above it")
    return start


def _milliseconds(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in parts)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths
