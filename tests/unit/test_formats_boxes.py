"""Segments forget their place and take any other; anything that is no segment is refused in words."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.boxes import boxes, find, float_segment, make_box, place_segment, read_fields, split_fragmented
from catalog.formats.errors import BadFormat
from tests.factories import make_init, make_segment

SEGMENT = make_segment(b"some pictures", samples=4, sample_duration=512)


@given(sequence=st.integers(0, 2**32 - 1), time=st.integers(0, 2**64 - 1), track=st.integers(1, 2))
def test_a_segment_is_the_same_wherever_it_lies(sequence: int, time: int, track: int) -> None:
    placed = place_segment(SEGMENT, sequence, time, track)
    assert len(placed) == len(SEGMENT)
    assert float_segment(placed) == SEGMENT


def test_a_place_is_written_where_players_read_it() -> None:
    placed = place_segment(SEGMENT, 7, 51_200, 2)
    moof = find(placed, (b"moof",))
    mfhd = find(placed, (b"mfhd",), moof.body, moof.end)
    tfdt = find(placed, (b"traf", b"tfdt"), moof.body, moof.end)
    tfhd = find(placed, (b"traf", b"tfhd"), moof.body, moof.end)
    assert struct.unpack_from(">I", placed, mfhd.body + 4) == (7,)
    assert struct.unpack_from(">Q", placed, tfdt.body + 4) == (51_200,)
    assert struct.unpack_from(">I", placed, tfhd.body + 4) == (2,)
    assert placed[moof.end :] == SEGMENT[moof.end :]


def test_duration_and_key_frame_are_read_from_the_boxes() -> None:
    assert read_fields(SEGMENT).samples == 4
    assert read_fields(SEGMENT).duration == 4 * 512
    assert read_fields(SEGMENT).starts_with_key
    assert not read_fields(make_segment(b"p", samples=1, key=False)).starts_with_key


def test_duration_of_samples_that_have_their_own() -> None:
    trun = make_box(b"trun", struct.pack(">II", 0x100, 3), struct.pack(">III", 10, 20, 30))
    moof = find(SEGMENT, (b"moof",))
    traf = find(SEGMENT, (b"moof", b"traf"))
    head = SEGMENT[traf.body : find(SEGMENT, (b"moof", b"traf", b"trun")).start]
    mfhd = SEGMENT[moof.body : traf.start]
    segment = make_box(b"moof", mfhd, make_box(b"traf", head, trun)) + make_box(b"mdat", b"x")
    assert read_fields(segment).duration == 60


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    with pytest.raises(BadFormat):
        float_segment(data)


@given(at=st.integers(0, len(SEGMENT) - 1), value=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_stays_of_the_same_length(at: int, value: int) -> None:
    changed = SEGMENT[:at] + bytes([value]) + SEGMENT[at + 1 :]
    with suppress(BadFormat):
        assert len(float_segment(changed)) == len(SEGMENT)


@given(st.integers(1, len(SEGMENT) - 1))
def test_a_cut_off_segment_is_refused(length: int) -> None:
    with pytest.raises(BadFormat):
        float_segment(SEGMENT[:length])


def test_data_addressed_from_a_file_is_refused() -> None:
    tfhd = find(SEGMENT, (b"moof", b"traf", b"tfhd"))
    from_file = bytearray(SEGMENT)
    from_file[tfhd.body + 3] |= 1
    with pytest.raises(BadFormat, match="start of some file"):
        float_segment(bytes(from_file))


def test_a_fragmented_file_is_its_init_part_and_its_fragments() -> None:
    styp, sidx, mfra = make_box(b"styp", b"msdh"), make_box(b"sidx", bytes(24)), make_box(b"mfra")
    init, fragments = split_fragmented(make_init() + styp + sidx + SEGMENT + styp + SEGMENT + mfra)
    assert init == make_init()
    assert fragments == [SEGMENT, SEGMENT]


@pytest.mark.parametrize("data", [b"", SEGMENT, make_init() + SEGMENT[:-13], make_init() + make_box(b"mdat", b"x")])
def test_a_file_that_is_not_whole_is_refused(data: bytes) -> None:
    with pytest.raises(BadFormat):
        split_fragmented(data)


def test_a_box_of_64_bits_is_read() -> None:
    data = struct.pack(">I4sQ", 1, b"mdat", 20) + b"abcd"
    (box,) = boxes(data)
    assert (box.body, box.end) == (16, 20)
