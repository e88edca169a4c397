"""Cues in order and in time: what every format's parser gives, and what WebVTT is written from. All times in ms."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from catalog.courses.captions.errors import (
    BadCueTime,
    CueEndsFirst,
    CuesOutOfOrder,
    CueTooLate,
    CueTooLong,
    NoCues,
    NoText,
    NothingLeft,
    TooManyCues,
)

MAX_CUES = 20_000
MAX_HOURS = 100
MAX_PAYLOAD = 2000
MAX_OFFSET_S = 360_000
MIN_RATE, MAX_RATE = 0.5, 2.0
_TIME = r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]?\d)(?:[.,](\d{1,3}))?"
_TIMING = re.compile(rf"\s*{_TIME}[ \t]*-->[ \t]*{_TIME}(?:[ \t]+(\S.*))?\s*")


@dataclass(frozen=True)
class Cue:
    """Text from `start_ms` to `end_ms`, from the lesson's zero.

    `payload` is canonical WebVTT (`markup.canonical`), `place` canonical cue settings (""; the player's own place);
    `line` is where the cue stands in the file that it came from.
    """

    start_ms: int
    end_ms: int
    payload: str
    place: str = ""
    line: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Retiming:
    """How captions are to be moved: every time is multiplied by `rate`, then `offset_s` seconds are added.

    Finite numbers: whoever asks a person for them keeps to MAX_OFFSET_S either way, and MIN_RATE to MAX_RATE.
    """

    offset_s: float = 0.0
    rate: float = 1.0


@dataclass(frozen=True)
class Ordered:
    """Cues by their start, and what it took: how many stood elsewhere, and how many were said twice."""

    cues: tuple[Cue, ...]
    moved: int = 0
    doubles: int = 0


@dataclass(frozen=True)
class Retimed:
    """Cues after a retiming; `clipped` now begin at 0 instead of before it, `dropped` ended before it."""

    cues: tuple[Cue, ...]
    clipped: int = 0
    dropped: int = 0


def timing_of(text: str, line: int) -> tuple[int, int, str]:
    """Return start, end and cue settings of a line with `-->`, as WebVTT and SubRip have it. Raises BadCueTime."""
    found = _TIMING.fullmatch(text)
    if found is None:
        raise BadCueTime(line=line)
    parts = found.groups()
    return _milliseconds(parts[:4]), _milliseconds(parts[4:8]), (parts[8] or "").strip()


def _milliseconds(parts: Sequence[str | None]) -> int:
    hours, minutes, seconds = (int(part or 0) for part in parts[:3])
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + int((parts[3] or "0").ljust(3, "0"))


def ordered(cues: Sequence[Cue], layered: bool) -> Ordered:
    """Return the cues by start, without those that have no text.

    Sorted only where that is plain: a cue that stood too late must fall into a gap. `layered` says that the format is
    one whose cues may lie over each other in any order (ASS, TTML), so that any sort is plain. Cues that overlap are
    kept: WebVTT shows them together. Raises NoCues, NoText, TooManyCues, CueTooLong, CueTooLate, CueEndsFirst,
    CuesOutOfOrder.
    """
    if not cues:
        raise NoCues(line=1)
    said = [cue for cue in cues if cue.payload]
    if not said:
        raise NoText(line=cues[0].line)
    if len(said) > MAX_CUES:
        raise TooManyCues(line=said[MAX_CUES].line, limit=MAX_CUES)
    for cue in said:
        if len(cue.payload) > MAX_PAYLOAD:
            raise CueTooLong(line=cue.line, limit=MAX_PAYLOAD)
        if cue.end_ms >= MAX_HOURS * 3_600_000:
            raise CueTooLate(line=cue.line, hours=MAX_HOURS)
        if cue.end_ms <= cue.start_ms:
            raise CueEndsFirst(line=cue.line)
    by_start = sorted(said, key=lambda cue: cue.start_ms)
    late = [below for above, below in pairwise(said) if below.start_ms < above.start_ms]
    if late and not layered and _mixes(said, by_start):
        raise CuesOutOfOrder(line=late[0].line)
    once = tuple(dict.fromkeys(by_start))
    return Ordered(once, moved=len(late), doubles=len(by_start) - len(once))


def _mixes(said: Sequence[Cue], by_start: Sequence[Cue]) -> bool:
    """Say whether sorting lays cues over each other that did not stand together."""
    stood = {id(cue): number for number, cue in enumerate(said)}
    return any(
        below.start_ms < above.end_ms and below != above and stood[id(below)] != stood[id(above)] + 1
        for above, below in pairwise(by_start)
    )


def retimed(cues: Sequence[Cue], how: Retiming) -> Retimed:
    """Return the cues moved in time. Raises NothingLeft, and CueTooLate for one beyond MAX_HOURS."""
    kept: list[Cue] = []
    clipped = 0
    for cue in cues:
        start, end = (round(time * how.rate + how.offset_s * 1000) for time in (cue.start_ms, cue.end_ms))
        if end <= 0:
            continue
        if end >= MAX_HOURS * 3_600_000:
            raise CueTooLate(line=cue.line, hours=MAX_HOURS)
        clipped += start < 0
        start = max(start, 0)
        kept.append(Cue(start, max(end, start + 1), cue.payload, cue.place, cue.line))
    if not kept:
        raise NothingLeft(line=cues[0].line)
    return Retimed(tuple(kept), clipped, dropped=len(cues) - len(kept))
