"""From the old release's segments and what was kept of its source: the new release's segments. Pure.

A segment does not know where it stands, so an old one may stand anywhere in the new release, at a time that is no
multiple of any frame. What lies between inherited segments is cut anew. The new boundaries are exact fractions of a
second (pictures) and whole frames (sound). Both tracks are laid out apart; neither error adds up: every inherited
segment stands where its own content stands in the new source, to nothing (pictures) or half a sound frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil

from workers.pipeline.correction.align import Kept
from workers.pipeline.probe import Frozen

LEAST_S, MOST_S, SHORTEST_S = 10, 20, 2
"""A segment that is cut anew is so long; shorter, down to the last, only where what was changed is."""

SOUND_MARGIN_FRAMES = 2
"""A frame of sound is heard together with the ones before and behind it: so many must be the old ones as well."""


class Boundary(Frozen):
    """A new segment of pictures: exact seconds from the zero of the new source, and the old segment that it is, if any.

    Where `old` is None the segment is to be encoded: its frames stand from `start` on at the distance of the rung's,
    and the last one is shortened where the frames do not fill it.
    """

    start: Fraction
    end: Fraction
    old: int | None


class SoundBoundary(Frozen):
    """A new segment of sound: its first frame, counted from the zero of the new source, and how many; as `Boundary`.

    `lag` (seconds) is how much later than the pictures the new source has its sound here, compared with the old one:
    what is encoded anew is read so much later, to fit what is inherited beside it.
    """

    first: int
    count: int
    old: int | None
    lag: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Frames:
    """An old segment of sound: its first frame, counted from the zero, and how many."""

    first: int
    count: int


@dataclass(frozen=True, slots=True)
class _Piece:
    start: Fraction
    end: Fraction
    old: int | None


@dataclass(frozen=True, slots=True)
class _Lengths:
    """Seconds or frames: the distance that cuts lie apart by whole multiples of, and how long pieces may be."""

    unit: Fraction
    least: Fraction
    most: Fraction
    shortest: Fraction


def inherit_pictures(
    boundaries: Sequence[Fraction], kept: Sequence[Kept], end: Fraction, period: Fraction, slack: Fraction
) -> tuple[Boundary, ...]:
    """Return the new segments of pictures, from 0 to about `end`.

    `boundaries` are the old segments' in seconds from the old zero, first to last; `kept` is `TimeMap.pictures`;
    `period` is what a frame of the slowest rung lasts; all in seconds. An old segment is kept if all of it lies in one
    kept stretch: it then shows, frame by frame, what the encoder would show of the new source, to `slack` (a frame of
    the comparison, 1/`TimeMap.rate`), which is also how far the two ends of lesson and map may lie apart.
    """
    lengths = _Lengths(period, Fraction(LEAST_S), Fraction(MOST_S), Fraction(SHORTEST_S))
    moved = []
    for stretch in kept:
        first, last = stretch.old_start, stretch.old_start + stretch.seconds
        last += slack if _ends(stretch.new_start + stretch.seconds, end, slack) else 0
        moved += _inside(boundaries, first, last, stretch.new_start - stretch.old_start)
    pieces = _lay(moved, end, slack, lengths)
    return tuple(Boundary(start=piece.start, end=piece.end, old=piece.old) for piece in pieces)


def inherit_sound(
    stretches: Sequence[Frames], kept: Sequence[Kept], frames: int, rate: Fraction
) -> tuple[SoundBoundary, ...]:
    """Return the new segments of sound, from frame 0 to `frames`, the last frame of the new source's sound.

    `stretches` are the old segments in sound frames, `kept` is `TimeMap.sound`, `rate` is sound frames a second
    (48,000 / 1024 for AAC, / 960 for Opus). An inherited segment moves by whole frames and stands at most
    half a frame from its place.
    """
    lengths = _Lengths(Fraction(1), *(Fraction(ceil(s * rate)) for s in (LEAST_S, MOST_S, SHORTEST_S)))
    bounds = [Fraction(s.first) for s in stretches] + [Fraction(s.first + s.count) for s in stretches[-1:]]
    moved: list[_Piece] = []
    for stretch in kept:
        first, last = stretch.old_start * rate, (stretch.old_start + stretch.seconds) * rate
        first = first + SOUND_MARGIN_FRAMES if first > 0 and stretch.new_start > 0 else first
        ends = _ends((stretch.new_start + stretch.seconds) * rate, Fraction(frames), Fraction(2))
        last = last + 2 if ends else last - SOUND_MARGIN_FRAMES
        moved += _inside(bounds, first, last, Fraction(round((stretch.new_start - stretch.old_start) * rate)))
    found = []
    for piece in _lay(moved, Fraction(frames), Fraction(1), lengths):
        lag = _lag_at(kept, piece.start / rate)
        found.append(SoundBoundary(first=int(piece.start), count=int(piece.end - piece.start), old=piece.old, lag=lag))
    return tuple(found)


def _ends(at: Fraction, end: Fraction, slack: Fraction) -> bool:
    return abs(at - end) <= slack


def _inside(boundaries: Sequence[Fraction], first: Fraction, last: Fraction, late: Fraction) -> list[_Piece]:
    """Return the old pieces that lie wholly from `first` to `last`, moved."""
    return [
        _Piece(start + late, end + late, number)
        for number, (start, end) in enumerate(pairwise(boundaries))
        if first <= start and end <= last and start + late >= 0
    ]


def _lag_at(kept: Sequence[Kept], at: Fraction) -> Fraction:
    """Return the lag of the stretch around or before this time, else of the first."""
    before = [stretch for stretch in kept if stretch.new_start <= at] or list(kept[:1])
    return before[-1].lag if before else Fraction(0)


def _lay(moved: list[_Piece], end: Fraction, slack: Fraction, lengths: _Lengths) -> list[_Piece]:
    """Return pieces from 0 to `end` without a gap: the moved ones, and new ones between them."""
    pieces: list[_Piece] = []
    at = Fraction(0)
    for piece in moved:
        if piece.start < at or piece.end > end + slack:
            continue
        if piece.start > at:
            at = _make_room(pieces, at, piece.start, lengths)
            if piece.start - at < lengths.shortest:
                continue  # nothing before it can be given up: it is encoded with the rest
            pieces += _cut(at, piece.start, lengths)
        pieces.append(piece)
        at = piece.end
    if end - at > slack or not pieces:
        at = _make_room(pieces, at, end, lengths)
        pieces += _cut(at, end, lengths)
    return pieces


def _make_room(pieces: list[_Piece], at: Fraction, until: Fraction, lengths: _Lengths) -> Fraction:
    """Give up the last piece if what follows until `until` would be too short for a segment; return where it begins."""
    while pieces and until - at < lengths.shortest:
        at = pieces.pop().start
    return at


def _cut(start: Fraction, end: Fraction, lengths: _Lengths) -> list[_Piece]:
    """Cut what is to be encoded into pieces of about equal length, whole units but for the last."""
    count = max(1, ceil((end - start) / lengths.most))
    units = (end - start) / lengths.unit
    cuts = [start + round(units * number / count) * lengths.unit for number in range(count)] + [end]
    return [_Piece(a, b, None) for a, b in pairwise(cuts)]
