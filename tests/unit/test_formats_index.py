"""An index is the truth about its pack's bytes, has one encoding, and refuses every other."""

from contextlib import suppress
from dataclasses import replace

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.boxes import place_segment
from catalog.formats.errors import BadFormat
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import MAX_INDEX_BYTES, TrackKind, make_index, parse_index, take_segment, write_pack
from tests.factories import make_init, make_segment, make_track

TRACK = make_track(count=5)

rows = st.tuples(
    st.integers(1, 1 << 20),
    st.integers(1, 1 << 24),
    st.binary(min_size=32, max_size=32).map(lambda digest: digest.hex()),
)


@given(st.lists(rows, min_size=1, max_size=40), st.sampled_from(TrackKind), st.integers(1, 1 << 31))
def test_what_is_written_is_read(segments: list[tuple[int, int, str]], kind: TrackKind, timescale: int) -> None:
    index = make_index(kind, timescale, make_init(), segments)
    assert parse_index(index.encoded) == index
    assert index.digest == sha256_hex(index.encoded)
    assert index.pack_length == len(index.init) + sum(length for length, _, _ in segments)


@given(st.lists(rows, min_size=1, max_size=40))
def test_segments_lie_one_after_the_other(segments: list[tuple[int, int, str]]) -> None:
    index = make_index(TrackKind.VIDEO, 1000, make_init(), segments)
    offset, start = len(index.init), 0
    for row in index.segments:
        assert (row.offset, row.start) == (offset, start)
        offset, start = offset + row.length, start + row.duration


def test_a_pack_is_the_init_part_and_the_segments_at_their_places() -> None:
    assert TRACK.pack.startswith(TRACK.index.init)
    assert len(TRACK.pack) == TRACK.index.pack_length
    for row, segment in zip(TRACK.index.segments, TRACK.segments, strict=True):
        stored = TRACK.pack[row.offset : row.offset + row.length]
        assert stored == place_segment(segment, row.number + 1, row.start)
        assert take_segment(row, stored) == segment


@given(at=st.integers(0, len(TRACK.pack) - 1), flip=st.integers(1, 255))
def test_a_flipped_bit_costs_one_segment_at_most(at: int, flip: int) -> None:
    broken = bytearray(TRACK.pack)
    broken[at] ^= flip
    bad = 0
    for row, segment in zip(TRACK.index.segments, TRACK.segments, strict=True):
        try:
            assert take_segment(row, bytes(broken[row.offset : row.offset + row.length])) == segment
        except BadFormat:
            bad += 1
    assert bad <= 1


def test_a_pack_is_not_written_from_other_segments() -> None:
    wrong = (*TRACK.segments[:-1], make_segment(b"x" * 400))
    with pytest.raises(BadFormat, match="segment 4"):
        list(write_pack(TRACK.index, wrong))
    with pytest.raises(ValueError, match="shorter"):
        list(write_pack(TRACK.index, TRACK.segments[:-1]))


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    with pytest.raises(BadFormat):
        parse_index(data)


@given(at=st.integers(0, len(TRACK.index.encoded) - 1), flip=st.integers(1, 255))
def test_a_changed_index_is_refused_or_is_another_index(at: int, flip: int) -> None:
    changed = bytearray(TRACK.index.encoded)
    changed[at] ^= flip
    with suppress(BadFormat):
        assert parse_index(bytes(changed)).digest != TRACK.index.digest


def _encoded_with(**changes: object) -> bytes:
    return cbor2.dumps({**cbor2.loads(TRACK.index.encoded), **changes}, canonical=True)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        TRACK.index.encoded[:-1],
        TRACK.index.encoded + b"\0",
        cbor2.dumps(cbor2.loads(TRACK.index.encoded) | {"more": 1}, canonical=True),
        cbor2.dumps(dict(reversed(list(cbor2.loads(TRACK.index.encoded).items())))),
        _encoded_with(v=2),
        _encoded_with(kind="smell"),
        _encoded_with(timescale=0),
        _encoded_with(timescale=True),
        _encoded_with(init=b""),
        _encoded_with(segments=[]),
        _encoded_with(segments=[[1, 1, bytes(31)]]),
        _encoded_with(segments=[[0, 1, bytes(32)]]),
        _encoded_with(segments=[[1, -1, bytes(32)]]),
        _encoded_with(segments=[[1, 1.0, bytes(32)]]),
        _encoded_with(segments=[[1, 1, bytes(32)]] * 20_001),
        b"\x81" * 100_000,
        bytes(MAX_INDEX_BYTES + 1),
    ],
    ids=lambda data: data[:12].hex(),
)
def test_an_index_that_is_not_right_in_everything_is_refused(data: bytes) -> None:
    with pytest.raises(BadFormat, match="index"):
        parse_index(data)


def test_the_same_rows_give_the_same_digest() -> None:
    again = replace(TRACK.index)
    assert again.encoded == TRACK.index.encoded
