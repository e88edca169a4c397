"""Boxes of ISO base media files (ISO/IEC 14496-12), as far as segments, packs and views need them.

A *segment* is one `moof` and its `mdat`, of one track numbered 1, with sequence number and decode time set
to zero: it does not know where it stands. `place_segment` fills those three in for a view or a pack.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from catalog.formats.errors import BadFormat

_HEADER = struct.Struct(">I4s")
_U32 = struct.Struct(">I")
_U64 = struct.Struct(">Q")

_TFHD_BASE_OFFSET, _TFHD_DESCRIPTION, _TFHD_DURATION, _TFHD_SIZE = 0x1, 0x2, 0x8, 0x10
_TRUN_DATA_OFFSET, _TRUN_FIRST_FLAGS = 0x1, 0x4
_TRUN_FIELDS = (0x100, 0x200, 0x400, 0x800)
_TRUN_DURATION = 0x100
_NON_SYNC_SAMPLE = 0x10000


def _bad(why: str) -> BadFormat:
    return BadFormat(what="segment", why=why)


@dataclass(frozen=True, slots=True)
class Box:
    """A box in a buffer: offsets of its header (`start`), of its content (`body`), and one past its last (`end`)."""

    kind: bytes
    start: int
    body: int
    end: int


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes that fill `data[start:end]`. Raises BadFormat where they do not fill it."""
    end = len(data) if end is None else end
    while start < end:
        if end - start < _HEADER.size:
            raise _bad("a box is cut off")
        size, kind = _HEADER.unpack_from(data, start)
        body = start + _HEADER.size
        if size == 1 and end - body >= _U64.size:
            size = _U64.unpack_from(data, body)[0]
            body += _U64.size
        if size < body - start or start + size > end:
            raise _bad(f"box {kind!r} says {size} bytes, {end - start} are there")
        yield Box(kind, start, body, start + size)
        start += size


def find(data: bytes, path: tuple[bytes, ...], start: int = 0, end: int | None = None) -> Box:
    """Return the first box at `path`, for example (b"moov", b"trak"). Raises BadFormat if there is none."""
    for box in boxes(data, start, end):
        if box.kind == path[0]:
            return box if len(path) == 1 else find(data, path[1:], box.body, box.end)
    raise _bad(f"no box {path[0]!r}")


def make_box(kind: bytes, *contents: bytes) -> bytes:
    """Return a box of `kind` around `contents`."""
    return _HEADER.pack(_HEADER.size + sum(map(len, contents)), kind) + b"".join(contents)


def split_fragmented(data: bytes) -> tuple[bytes, list[bytes]]:
    """Split a fragmented file into its init part (`ftyp` and `moov`) and its fragments (`moof` and `mdat`).

    Boxes around them that only serve one file (`styp`, `sidx`, `mfra`, `prft`, `free`) are left out.
    Raises BadFormat if there is no init part or a fragment is not whole.
    """
    init = b""
    fragments: list[bytes] = []
    moof: bytes | None = None
    for box in boxes(data):
        content = data[box.start : box.end]
        if box.kind in (b"ftyp", b"moov"):
            init += content
        elif box.kind == b"moof":
            moof = content
        elif box.kind == b"mdat":
            if moof is None:
                raise _bad("media without a moof before it")
            fragments.append(moof + content)
            moof = None
    if moof is not None or b"moov" not in init:
        raise _bad("the last fragment or the moov is missing")
    return init, fragments


@dataclass(frozen=True, slots=True)
class Fields:
    """Where in a segment the fields stand that a place changes, and what the segment says of itself.

    `duration` is that of all its `samples`, in units of the track's timescale; `starts_with_key` says that the first
    one is a key.
    """

    sequence: int
    track: int
    decode_time: int
    samples: int
    duration: int
    starts_with_key: bool


def read_fields(segment: bytes) -> Fields:
    """Find the fields of `segment`, which must be one `moof` with one `traf`, and one `mdat`.

    Raises BadFormat if it is anything else, or if its data is not addressed from the `moof`.
    """
    kinds = [box.kind for box in boxes(segment)]
    if kinds != [b"moof", b"mdat"]:
        raise _bad(f"it holds {kinds!r} and not one moof and one mdat")
    moof = find(segment, (b"moof",))
    if [b.kind for b in boxes(segment, moof.body, moof.end)] != [b"mfhd", b"traf"]:
        raise _bad("its moof is not of one track")
    mfhd = find(segment, (b"mfhd",), moof.body, moof.end)
    traf = find(segment, (b"traf",), moof.body, moof.end)
    parts = [b for b in boxes(segment, traf.body, traf.end) if b.kind in (b"tfhd", b"tfdt", b"trun")]
    if [b.kind for b in parts] != [b"tfhd", b"tfdt", b"trun"]:
        raise _bad("its traf is not one tfhd, tfdt and trun")
    tfhd, tfdt, trun = parts
    if segment[tfdt.body] != 1 or mfhd.end - mfhd.body != 8 or tfdt.end - tfdt.body != 12:
        raise _bad("its decode time is not of 64 bits")
    default_duration, default_flags = _tfhd_defaults(segment, tfhd)
    samples, duration, first_flags = _trun_totals(segment, trun, default_duration)
    flags = default_flags if first_flags is None else first_flags
    return Fields(mfhd.body + 4, tfhd.body + 4, tfdt.body + 4, samples, duration, not flags & _NON_SYNC_SAMPLE)


def _tfhd_defaults(segment: bytes, tfhd: Box) -> tuple[int | None, int]:
    """Return the default sample duration (None if not given) and the default sample flags of a `tfhd`."""
    flags = _U32.unpack_from(segment, tfhd.body)[0] & 0xFFFFFF
    if flags & _TFHD_BASE_OFFSET:
        raise _bad("it addresses its data from the start of some file")
    at, values = tfhd.body + 8, {}
    for bit in (_TFHD_DESCRIPTION, _TFHD_DURATION, _TFHD_SIZE, 0x20):
        if flags & bit:
            if at + 4 > tfhd.end:
                raise _bad("its tfhd is cut off")
            values[bit] = _U32.unpack_from(segment, at)[0]
            at += 4
    return values.get(_TFHD_DURATION), values.get(0x20, 0)


def _trun_totals(segment: bytes, trun: Box, default_duration: int | None) -> tuple[int, int, int | None]:
    """Return how many samples there are, the duration of all, and the first one's own flags (None if it has none)."""
    if trun.end - trun.body < 8:
        raise _bad("its trun is cut off")
    flags = _U32.unpack_from(segment, trun.body)[0] & 0xFFFFFF
    count = _U32.unpack_from(segment, trun.body + 4)[0]
    at = trun.body + 8 + (4 if flags & _TRUN_DATA_OFFSET else 0)
    first_flags = None
    if flags & _TRUN_FIRST_FLAGS:
        if at + 4 > trun.end:
            raise _bad("its trun is cut off")
        first_flags = _U32.unpack_from(segment, at)[0]
        at += 4
    stride = 4 * sum(1 for bit in _TRUN_FIELDS if flags & bit)
    if count == 0 or at + stride * count != trun.end:
        raise _bad(f"its trun does not hold the {count} samples it says")
    if first_flags is None and flags & 0x400:
        before = 4 * sum(1 for bit in (0x100, 0x200) if flags & bit)
        first_flags = _U32.unpack_from(segment, at + before)[0]
    if flags & _TRUN_DURATION:
        return count, sum(_U32.unpack_from(segment, at + stride * n)[0] for n in range(count)), first_flags
    if default_duration is None:
        raise _bad("its samples have no duration")
    return count, default_duration * count, first_flags


@dataclass(frozen=True, slots=True)
class PlaceFields:
    """Where in a segment the three fields stand that say its place, as offsets from its start."""

    sequence: int
    track: int
    decode_time: int

    def filled(self, sequence: int, decode_time: int, track: int = 1) -> tuple[tuple[int, bytes], ...]:
        """Return what a place (as in `place_segment`) writes into the segment, as (offset, bytes)."""
        return (
            (self.sequence, _U32.pack(sequence)),
            (self.track, _U32.pack(track)),
            (self.decode_time, _U64.pack(decode_time)),
        )


def moof_length(start: bytes) -> int:
    """Return the length of the `moof` whose first bytes (at least 16) are `start`. Raises BadFormat if it is none."""
    size, kind = _HEADER.unpack_from(start)
    if size == 1:
        size = _U64.unpack_from(start, _HEADER.size)[0]
    if kind != b"moof" or size < _HEADER.size:
        raise _bad("it does not start with a moof")
    return int(size)


def find_place(moof: bytes) -> PlaceFields:
    """Find the fields of a place in `moof`, that of a segment which was taken before. Raises BadFormat without them."""
    mfhd, traf = find(moof, (b"moof", b"mfhd")), (b"moof", b"traf")
    tfhd, tfdt = find(moof, (*traf, b"tfhd")), find(moof, (*traf, b"tfdt"))
    return PlaceFields(mfhd.body + 4, tfhd.body + 4, tfdt.body + 4)


def place_segment(segment: bytes, sequence: int, decode_time: int, track: int = 1) -> bytes:
    """Return `segment` with its place filled in: sequence number, decode time (timescale units) and track.

    Only the `moof` is copied and changed; the length stays the same. Raises BadFormat as `read_fields` does.
    """
    fields = read_fields(segment)
    placed = bytearray(segment)
    _U32.pack_into(placed, fields.sequence, sequence)
    _U32.pack_into(placed, fields.track, track)
    _U64.pack_into(placed, fields.decode_time, decode_time)
    return bytes(placed)


def float_segment(fragment: bytes) -> bytes:
    """Return `fragment` as a segment: place taken out, track 1. The inverse of `place_segment`."""
    return place_segment(fragment, 0, 0, 1)


def lasting(segment: bytes, duration: int) -> bytes:
    """Return `segment` with its last sample made shorter or longer, so that all last `duration` timescale units.

    When a picture is shown depends on the samples before it only, so none moves. Raises BadFormat as `read_fields`
    does, and if the last sample would be left with no time at all.
    """
    if read_fields(segment).duration == duration:
        return segment
    moof, traf = find(segment, (b"moof",)), find(segment, (b"moof", b"traf"))
    tfhd, trun = find(segment, (b"moof", b"traf", b"tfhd")), find(segment, (b"moof", b"traf", b"trun"))
    durations, others = _samples(segment, trun, _tfhd_defaults(segment, tfhd)[0])
    last = duration - sum(durations[:-1])
    if last <= 0:
        raise _bad(f"it cannot last {duration} units: all but its last sample last {sum(durations[:-1])}")
    flags = _U32.unpack_from(segment, trun.body)[0] | _TRUN_DURATION
    at = trun.body + 8 + 4 * sum(1 for bit in (_TRUN_DATA_OFFSET, _TRUN_FIRST_FLAGS) if flags & bit)
    rows = [_U32.pack(d) + rest for d, rest in zip((*durations[:-1], last), others, strict=True)]
    head = bytearray(_U32.pack(flags) + segment[trun.body + 4 : at])
    grown = len(head) + sum(map(len, rows)) - (trun.end - trun.body)
    if flags & _TRUN_DATA_OFFSET:
        _U32.pack_into(head, 8, _U32.unpack_from(head, 8)[0] + grown)
    new_traf = make_box(
        b"traf", segment[traf.body : trun.start], make_box(b"trun", bytes(head), *rows), segment[trun.end : traf.end]
    )
    new_moof = make_box(b"moof", segment[moof.body : traf.start], new_traf, segment[traf.end : moof.end])
    return new_moof + segment[moof.end :]


def _samples(segment: bytes, trun: Box, default_duration: int | None) -> tuple[list[int], list[bytes]]:
    """Return the duration of each sample, and its other fields as they stand."""
    flags = _U32.unpack_from(segment, trun.body)[0] & 0xFFFFFF
    count = _U32.unpack_from(segment, trun.body + 4)[0]
    stride = 4 * sum(1 for bit in _TRUN_FIELDS if flags & bit)
    first = trun.end - stride * count
    own = 4 if flags & _TRUN_DURATION else 0
    rows = [segment[first + stride * n : first + stride * (n + 1)] for n in range(count)]
    durations = [_U32.unpack_from(row)[0] if own else default_duration or 0 for row in rows]
    return durations, [row[own:] for row in rows]
