"""One progressive MP4 as a virtual file: its bytes are known by place before any segment is read.

`ftyp`, `moov`, `sidx`, then the segments of both tracks, pictures first, each where its time comes. Nothing is
read to know the length; a range reads the segments that it touches and no others.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from catalog.formats.hashing import sha256_hex
from catalog.formats.index import Index, Segment
from catalog.formats.progressive import SOUND_TRACK, VIDEO_TRACK, join_inits, make_sidx


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment in the file: `sequence` counts from 1 through both tracks."""

    track: int
    row: Segment
    sequence: int


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes of the file: `data` from its head, or from `start` up to `end` of the segment of `piece`."""

    data: bytes
    piece: Piece | None
    start: int
    end: int


class ProgressiveFile:
    """The layout of one lesson at one rung. Holds no media."""

    def __init__(self, video: Index | None, sound: Index | None, duration_ms: int) -> None:
        """Lay out the tracks given, at least one. Raises BadFormat as `join_inits` does, ValueError without one."""
        lead, index = (VIDEO_TRACK, video) if video is not None else (SOUND_TRACK, sound)
        if index is None:
            raise ValueError("a file has a track at least")
        self._pieces = _interleave(video, sound)
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

    def slices(self, start: int, end: int) -> Iterator[Slice]:
        """Yield what makes up the bytes from `start` up to `end`, in order."""
        if start < len(self.head):
            yield Slice(self.head[start : min(end, len(self.head))], None, 0, 0)
        number = max(0, bisect_right(self._starts, start) - 1)
        while number < len(self._pieces) and self._starts[number] < end:
            piece, at = self._pieces[number], self._starts[number]
            first, last = max(0, start - at), min(end - at, piece.row.length)
            if first < last:
                yield Slice(b"", piece, first, last)
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
