"""One progressive MP4 as a virtual file: its bytes are known by place before any segment is read.

`ftyp`, `moov`, `sidx`, then the segments of both tracks, pictures first, each where its time comes. Nothing is
read to know the length; a range reads the segments that it touches and no others.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from catalog.formats.boxes import place_segment
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import Index, Segment
from catalog.formats.progressive import SOUND_TRACK, VIDEO_TRACK, join_inits, make_sidx


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment in the file: `sequence` counts from 1 through both tracks."""

    track: int
    row: Segment
    sequence: int


class Missing(Exception):
    """A segment that cannot be read now."""


class ProgressiveFile:
    """The layout of one lesson at one rung. Holds no media."""

    def __init__(self, video: Index | None, sound: Index | None, duration_ms: int) -> None:
        """Lay out the tracks given, at least one. Raises BadFormat as `join_inits` does."""
        self._pieces = _interleave(video, sound)
        lead = VIDEO_TRACK if video is not None else SOUND_TRACK
        index = video or sound
        assert index is not None  # noqa: S101 - join_inits raises ValueError first
        init = join_inits(video.init if video else None, sound.init if sound else None, duration_ms)
        self.head = init + make_sidx(index.timescale, _references(self._pieces, lead), lead)
        self._starts: list[int] = []
        at = len(self.head)
        for piece in self._pieces:
            self._starts.append(at)
            at += piece.row.length
        self.size = at
        names = f"{duration_ms}:{video.digest if video else ''}:{sound.digest if sound else ''}"
        self.etag = f'"{sha256_hex(names.encode())[:32]}"'

    def read(self, start: int, end: int, segment: Callable[[str], bytes | None]) -> Iterator[bytes]:
        """Yield the bytes from `start` up to `end`. `segment` gives a verified segment by digest, or None.

        Raises Missing where a segment is None; what was yielded before it is right.
        """
        if start < len(self.head):
            yield self.head[start : min(end, len(self.head))]
        number = max(0, bisect_right(self._starts, start) - 1)
        while number < len(self._pieces) and self._starts[number] < end:
            piece, at = self._pieces[number], self._starts[number]
            data = segment(piece.row.digest)
            if data is None:
                raise Missing(piece.row.digest)
            placed = place_segment(data, piece.sequence, piece.row.start, piece.track)
            yield placed[max(0, start - at) : end - at]
            number += 1


def _interleave(video: Index | None, sound: Index | None) -> list[Piece]:
    """Return the segments of both tracks in the order of their times, pictures before sound at the same time."""
    found = [
        (row.start / index.timescale, track, row)
        for track, index in ((VIDEO_TRACK, video), (SOUND_TRACK, sound))
        if index is not None
        for row in index.segments
    ]
    found.sort(key=lambda one: (one[0], one[1]))
    return [Piece(track, row, sequence) for sequence, (_, track, row) in enumerate(found, 1)]


def _references(pieces: list[Piece], lead: int) -> list[tuple[int, int]]:
    """Return (bytes, duration) of the stretches that begin with a segment of the track `lead`."""
    references: list[tuple[int, int]] = []
    for piece in pieces:
        if piece.track == lead:
            references.append((piece.row.length, piece.row.duration))
        else:
            length, duration = references[-1]
            references[-1] = (length + piece.row.length, duration)
    return references
