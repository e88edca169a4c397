"""The index: a pack's ordered list of segments, and the truth about its bytes (docs/format.md, "Index").

Encoded as CBOR in RFC 8949's deterministic form, so that equal indexes have equal bytes and one digest. A
pack is the index's init part followed by its segments with their places filled in; its name in the store is
the digest of its index.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from io import BytesIO

import cbor2

from catalog.formats.boxes import float_segment, place_segment
from catalog.formats.errors import BadFormat
from catalog.formats.hashing import sha256_hex

FORMAT = 1
MAX_INDEX_BYTES = 4 << 20
MAX_SEGMENTS = 20_000
MAX_SEGMENT_BYTES = 64 << 20
MAX_INIT_BYTES = 64 << 10


class TrackKind(StrEnum):
    """What a track holds."""

    VIDEO = "video"
    SOUND = "sound"


@dataclass(frozen=True, slots=True)
class Segment:
    """One row of an index: `offset`, `length` in bytes of the pack; `start`, `duration` in timescale units.

    `digest` is the sha256 of the segment without its place, `number` counts from 0.
    """

    number: int
    offset: int
    length: int
    start: int
    duration: int
    digest: str


@dataclass(frozen=True)
class Index:
    """A track's init part, its timescale (units in a second) and its segments in order."""

    kind: TrackKind
    timescale: int
    init: bytes
    segments: tuple[Segment, ...]

    def first(self, count: int | None) -> "Index":
        """Return the index of the first `count` segments alone; all of them for None."""
        return self if count is None else replace(self, segments=self.segments[:count])

    @property
    def pack_length(self) -> int:
        """Bytes of the pack: the init part and all segments."""
        return len(self.init) + sum(segment.length for segment in self.segments)

    @property
    def duration_ms(self) -> int:
        """Length in milliseconds, rounded to the nearest."""
        return round(sum(segment.duration for segment in self.segments) * 1000 / self.timescale)

    @cached_property
    def encoded(self) -> bytes:
        """The bytes of this index as they are stored, hashed and sent."""
        rows = [[s.length, s.duration, bytes.fromhex(s.digest)] for s in self.segments]
        value = {
            "v": FORMAT,
            "kind": self.kind.value,
            "timescale": self.timescale,
            "init": self.init,
            "segments": rows,
        }
        return cbor2.dumps(value, canonical=True)

    @property
    def digest(self) -> str:
        """The sha256 of `encoded`: the name of the index and of its pack."""
        return sha256_hex(self.encoded)


def make_index(kind: TrackKind, timescale: int, init: bytes, rows: Sequence[tuple[int, int, str]]) -> Index:
    """Return the index of segments given as (length in bytes, duration in timescale units, sha256 in hex).

    Raises BadFormat if a number is out of the format's bounds or there is no segment.
    """
    if not 1 <= timescale <= 0xFFFFFFFF or not 1 <= len(init) <= MAX_INIT_BYTES:
        raise BadFormat(what="index", why="its timescale or init part is out of bounds")
    if not 1 <= len(rows) <= MAX_SEGMENTS:
        raise BadFormat(what="index", why=f"it has {len(rows)} segments, 1 to {MAX_SEGMENTS} are allowed")
    offset, start, segments = len(init), 0, []
    for number, (length, duration, digest) in enumerate(rows):
        if not 1 <= length <= MAX_SEGMENT_BYTES or not 1 <= duration <= 0xFFFFFFFF or len(digest) != 64:
            raise BadFormat(what="index", why=f"segment {number} is out of bounds")
        segments.append(Segment(number, offset, length, start, duration, digest))
        offset += length
        start += duration
    return Index(kind, timescale, init, tuple(segments))


def parse_index(data: bytes) -> Index:
    """Return the index that `data` encodes. Raises BadFormat unless `data` is its deterministic form."""
    if len(data) > MAX_INDEX_BYTES:
        raise BadFormat(what="index", why=f"it has {len(data)} bytes, more than {MAX_INDEX_BYTES}")
    try:
        value = cbor2.load(BytesIO(data))
        if value["v"] != FORMAT:
            raise BadFormat(what="index", why=f"its format is {value['v']!r}, this program reads {FORMAT}")
        rows = [
            (_number(length), _number(duration), bytes(digest).hex()) for length, duration, digest in value["segments"]
        ]
        index = make_index(TrackKind(value["kind"]), _number(value["timescale"]), bytes(value["init"]), rows)
    except (cbor2.CBORDecodeError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BadFormat(what="index", why=f"{type(error).__name__} while reading it") from error
    if index.encoded != data:
        raise BadFormat(what="index", why="it is not in deterministic form")
    return index


def _number(value: object) -> int:
    if type(value) is not int:
        raise TypeError("not a whole number")
    return value


def write_pack(index: Index, segments: Sequence[bytes] | Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a pack: the init part, then each of `segments` at its place.

    Raises BadFormat if a segment is not the one that the index names, or one is missing.
    """
    yield index.init
    for row, segment in zip(index.segments, segments, strict=True):
        check_segment(row, segment)
        yield place_segment(segment, row.number + 1, row.start)


def take_segment(row: Segment, placed: bytes) -> bytes:
    """Return the verified segment in `placed`, a range of a pack. Raises BadFormat if it is not `row`'s."""
    segment = float_segment(placed)
    check_segment(row, segment)
    return segment


def check_segment(row: Segment, segment: bytes) -> None:
    """Raise BadFormat unless `segment` is exactly the one that `row` names."""
    if len(segment) != row.length or sha256_hex(segment) != row.digest:
        raise BadFormat(what="segment", why=f"segment {row.number} does not have the digest that its index names")
