"""Reading for screens: verified before the first byte, block by block on the way; and who gives way to whom."""

import asyncio
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.boxes import find_place, moof_length, place_segment, read_fields
from catalog.formats.errors import BadFormat
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import TrackKind, make_index
from catalog.formats.rungs import Rung
from edge_cache.serve.sending import Missing, Sender
from edge_cache.store.reading import BLOCK, Reader, Rotten
from edge_cache.store.turns import Pace, Turns
from tests.factories import Track, make_init, make_lesson, make_media, make_release, make_segment
from tests.fakes.box import Box

LONG = make_segment(bytes(range(256)) * (3 * BLOCK // 256) + b"the last, short block")
DIGEST = sha256_hex(LONG)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / DIGEST
    path.write_bytes(LONG)
    return path


def test_blocks_are_the_segment(path: Path) -> None:
    with Reader().open(path, DIGEST) as opened:
        assert opened.length == len(LONG)
        assert b"".join(opened.block(n) for n in range(4)) == LONG
        assert bytes(opened.block_at_once(2) or b"") == LONG[2 * BLOCK : 3 * BLOCK], "in memory: no waiting"


@pytest.mark.parametrize("at", [0, BLOCK, len(LONG) - 1])
def test_one_bit_is_noticed_before_anything_is_sent(path: Path, at: int) -> None:
    spoiled = bytearray(LONG)
    spoiled[at] ^= 1
    path.write_bytes(spoiled)
    with pytest.raises(Rotten):
        Reader().open(path, DIGEST)


@pytest.mark.parametrize("at", [0, 2 * BLOCK + 5])
def test_what_rots_after_it_was_verified_is_noticed_in_its_block(path: Path, at: int) -> None:
    reader = Reader()
    reader.open(path, DIGEST).close()
    spoiled = bytearray(LONG)
    spoiled[at] ^= 1
    path.write_bytes(spoiled)
    with reader.open(path, DIGEST) as opened, pytest.raises(Rotten):
        opened.block(at // BLOCK)
    reader.forget(DIGEST)
    with pytest.raises(Rotten):
        reader.open(path, DIGEST)


def test_what_ends_early_is_rotten(path: Path) -> None:
    reader = Reader()
    with reader.open(path, DIGEST) as opened:
        path.write_bytes(LONG[: BLOCK + 7])
        with pytest.raises(Rotten):
            opened.block(1)
    path.unlink()
    with pytest.raises(Rotten):
        reader.open(path, DIGEST)


def test_a_place_is_found_in_the_moof_alone() -> None:
    fields = read_fields(LONG)
    place = find_place(LONG[: moof_length(LONG[:16])])
    assert (place.sequence, place.track, place.decode_time) == (fields.sequence, fields.track, fields.decode_time)
    with pytest.raises(BadFormat):
        moof_length(b"\0\0\0\x10mdat".ljust(16, b"\0"))
    with pytest.raises(BadFormat):
        find_place(LONG[: moof_length(LONG[:16])].replace(b"tfdt", b"free"))


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Box:
    """A store that holds the long segment alone."""
    box = Box(tmp_path_factory.mktemp("box"))
    index = make_index(TrackKind.VIDEO, 1000, make_init(), [(len(LONG), 2000, DIGEST)])
    track = Track(index, (LONG,), b"")
    box.know(make_release((make_lesson(make_media({Rung.FLOOR: track}, None)),)), track)
    box.hold(track)
    return box


@given(st.integers(0, len(LONG)), st.integers(0, len(LONG)))
def test_any_range_is_sent_as_it_is_placed(box: Box, one: int, other: int) -> None:
    start, end = sorted((one, other))
    assert send_of(box, start, end) == place_segment(LONG, 7, 1 << 40, 2)[start:end]


def send_of(box: Box, start: int, end: int) -> bytes:
    """Return what a screen gets of the segment at some place."""
    sender, sent = Sender(box.keeper), list[bytes]()

    async def send() -> None:
        opened = await sender.run(box.keeper.open, DIGEST)
        assert opened is not None
        with opened:
            patches = opened.fields.filled(7, 1 << 40, 2)
            async for part in sender.parts(opened, DIGEST, patches, start, end):
                sent.append(bytes(part))

    try:
        asyncio.run(send())
    except Missing:
        sent.append(b"<broken off>")
    finally:
        sender.close()
    return b"".join(sent)


def test_an_answer_breaks_off_before_the_first_block_that_has_rotten(box: Box) -> None:
    path = box.keeper.files.segments.path(DIGEST)
    assert len(send_of(box, 0, len(LONG))) == len(LONG)
    spoiled = bytearray(LONG)
    spoiled[2 * BLOCK] ^= 1
    path.write_bytes(spoiled)
    assert send_of(box, 0, len(LONG)) == place_segment(LONG, 7, 1 << 40, 2)[: 2 * BLOCK] + b"<broken off>"
    assert not box.rows.is_held(DIGEST)
    box.keeper.keep_segments([(DIGEST, LONG)])
    assert len(send_of(box, 0, len(LONG))) == len(LONG)


def test_who_can_wait_waits_for_who_watches() -> None:
    turns, order = Turns(), []
    began = threading.Event()

    def write() -> None:
        began.set()
        assert turns.give_way(30)
        order.append("write")

    with turns.watching():
        writer = threading.Thread(target=write)
        writer.start()
        assert began.wait(30)
        assert not turns.give_way(0)
        order.append("watch")
    writer.join(30)
    assert order == ["watch", "write"]


def test_a_pace_asks_for_the_time_that_its_bytes_take() -> None:
    pace = Pace(1000)
    assert 1.9 < pace.rest_after(2000) <= 2.0
    assert 2.9 < pace.rest_after(1000) <= 3.0
