"""A virtual file is the bytes that it says, at every range; requests for ranges are read as the standard says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.boxes import boxes, find, place_segment, read_fields
from catalog.formats.index import TrackKind
from edge_cache.serve.progressive import ProgressiveFile
from edge_cache.serve.ranges import Span, Unsatisfiable, matches, range_still_holds, read_range
from tests.factories import make_track

VIDEO = make_track(count=5, size=300)
SOUND = make_track(TrackKind.SOUND, count=9, size=90)
SEGMENTS = {row.digest: data for t in (VIDEO, SOUND) for row, data in zip(t.index.segments, t.segments, strict=True)}
FILE = ProgressiveFile(VIDEO.index, SOUND.index, 1500)


def read(file: ProgressiveFile, start: int, end: int) -> bytes:
    """Put a range together as it is sent."""
    parts = []
    for one in file.slices(start, end):
        piece = one.piece
        placed = (
            place_segment(SEGMENTS[piece.row.digest], piece.sequence, piece.row.start, piece.track) if piece else b""
        )
        parts.append(placed[one.start : one.end] if piece else one.data)
    return b"".join(parts)


WHOLE = read(FILE, 0, FILE.size)


@given(st.integers(0, FILE.size), st.integers(0, FILE.size))
def test_any_range_is_the_slice_of_the_whole(one: int, other: int) -> None:
    start, end = sorted((one, other))
    assert read(FILE, start, end) == WHOLE[start:end]
    assert all(one.end > one.start for one in FILE.slices(start, end) if one.piece)


def test_the_whole_is_a_file_of_boxes_with_every_segment_in_its_place() -> None:
    assert len(WHOLE) == FILE.size
    kinds = [box.kind for box in boxes(WHOLE)]
    assert kinds[:3] == [b"ftyp", b"moov", b"sidx"]
    assert kinds[3:] == [b"moof", b"mdat"] * 14
    moofs = [box for box in boxes(WHOLE) if box.kind == b"moof"]
    numbers, places = [], []
    for moof in moofs:
        size = int.from_bytes(WHOLE[moof.end : moof.end + 4])
        fields, data = read_fields(WHOLE[moof.start : moof.end + size]), WHOLE[moof.start :]
        numbers.append(int.from_bytes(data[fields.sequence : fields.sequence + 4]))
        track = int.from_bytes(data[fields.track : fields.track + 4])
        places.append((int.from_bytes(data[fields.decode_time : fields.decode_time + 8]), track))
    assert numbers == list(range(1, 15))
    assert places == sorted(places)
    assert [time for time, track in places if track == 1] == [row.start for row in VIDEO.index.segments]


def test_the_sidx_leads_to_every_key_frame() -> None:
    sidx = find(WHOLE, (b"sidx",))
    count, at = int.from_bytes(WHOLE[sidx.body + 30 : sidx.body + 32]), sidx.end
    assert count == 5
    for n in range(count):
        assert WHOLE[at + 4 : at + 8] == b"moof"
        at += int.from_bytes(WHOLE[sidx.body + 32 + 12 * n : sidx.body + 36 + 12 * n])
    assert at == len(WHOLE)


@given(st.integers(0, FILE.size - 1))
def test_only_what_a_range_touches_is_read(at: int) -> None:
    (one,) = FILE.slices(at, at + 1)
    assert (one.end - one.start if one.piece else len(one.data)) == 1


@pytest.mark.parametrize(("video", "sound"), [(VIDEO, None), (None, SOUND)])
def test_one_track_alone_is_a_file_too(video: object, sound: object) -> None:
    file = ProgressiveFile(VIDEO.index if video else None, SOUND.index if sound else None, 1500)
    data = read(file, 0, file.size)
    assert len(data) == file.size
    assert [box.kind for box in boxes(data)][:3] == [b"ftyp", b"moov", b"sidx"]


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(1, 1500))
def test_a_range_that_is_there_is_read(start: int, last: int, size: int) -> None:
    header = f"bytes={start}-{last}"
    if last < start:
        assert read_range(header, size) is None
    elif start >= size:
        with pytest.raises(Unsatisfiable):
            read_range(header, size)
    else:
        assert read_range(header, size) == Span(start, min(last + 1, size), size)


@given(st.integers(1, 2000), st.integers(1, 1500))
def test_open_and_suffix_ranges(n: int, size: int) -> None:
    assert read_range(f"bytes=-{n}", size) == Span(max(0, size - n), size, size)
    if n < size:
        assert read_range(f"bytes={n}-", size) == Span(n, size, size)


@pytest.mark.parametrize("header", [None, "", "bytes", "bytes=", "bytes=-", "bytes=1-2,4-5", "items=0-1", "bytes=a-b",
                                    "bytes=٣-٤", "bytes=" + "9" * 400 + "-", "bytes=5-1"])  # fmt: skip
def test_what_is_no_single_range_is_answered_with_the_whole(header: str | None) -> None:
    assert read_range(header, 100) is None


def test_a_suffix_of_nothing_is_nowhere() -> None:
    with pytest.raises(Unsatisfiable):
        read_range("bytes=-0", 100)


@given(st.text(max_size=40))
def test_no_header_breaks_the_reader(header: str) -> None:
    try:
        span = read_range(header, 100)
    except Unsatisfiable:
        return
    assert span is None or 0 <= span.start < span.end <= 100


def test_tags_are_compared_as_the_standard_says() -> None:
    assert matches('W/"a", "b"', '"b"')
    assert matches('W/"b"', '"b"')
    assert matches("*", '"b"')
    assert not matches('"c"', '"b"')
    assert not matches(None, '"b"')
    assert range_still_holds(None, '"b"')
    assert range_still_holds('"b"', '"b"')
    assert not range_still_holds('W/"b"', '"b"')
    assert not range_still_holds("Tue, 24 Nov 2026 02:00:00 GMT", '"b"')
