"""Carrying out pieces: whatever the disk or the database says, nobody waits for ever and nothing stays begun."""

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from catalog.formats.index import Segment
from edge_cache.board import Board, Piece, Stretch
from edge_cache.fetch import Batch, Fetcher
from edge_cache.sources import Source
from edge_cache.store.keeper import Keeper
from tests.factories import make_track
from tests.fakes.box import Box
from tests.fakes.sources import NearSource

TRACK = make_track(count=4, size=900)


class BrokenKeeper(Keeper):
    """A keeper in trouble of a kind."""

    trouble: Exception = sqlite3.DatabaseError("database disk image is malformed")

    def keep_segments(self, segments: Sequence[tuple[str, bytes]]) -> None:
        raise self.trouble


class Deaf:
    """A judge who hears nothing."""

    def kept(self, source: Source, length: int, index: str | None = None) -> None:
        raise AssertionError("nothing can be kept")

    def bad(self, source: Source, index: str, row: Segment, why: str) -> None:
        raise AssertionError("nothing is bad")


@pytest.fixture
def keeper(tmp_path: Path) -> BrokenKeeper:
    box = Box(tmp_path)
    return BrokenKeeper(box.keeper.files, box.rows)


@pytest.mark.parametrize("trouble", [BrokenKeeper.trouble, RuntimeError("a fault of ours")])
def test_whatever_happens_to_a_batch_who_waits_for_it_hears_of_it(keeper: BrokenKeeper, trouble: Exception) -> None:
    keeper.trouble = trouble

    async def keep() -> None:
        await asyncio.wait_for(Batch(keeper).keep("a" * 64, b"one"), 10)

    with pytest.raises(type(trouble), match=str(trouble)):
        asyncio.run(keep())


def test_what_comes_after_the_disk_has_failed_is_not_taken_to_be_on_its_way(keeper: BrokenKeeper) -> None:
    """Segments that other connections complete then are fetched by the next pass, not never."""
    board, near = Board(), NearSource({f"packs/{TRACK.index.digest}": TRACK.pack})
    stretch = Stretch(TRACK.index.digest, list(TRACK.index.segments))

    async def fetch() -> None:
        fetcher = Fetcher(keeper, board, Deaf(), lambda _digest: TRACK.index)
        for _ in range(2):
            piece = board.take(near.name, 1000, lambda _: None)
            assert isinstance(piece, Piece)
            await fetcher.piece(piece, near)
            with pytest.raises(sqlite3.DatabaseError):
                await asyncio.wait_for(fetcher.flush(), 10)

    board.plan([stretch], more=False)
    with pytest.raises(sqlite3.DatabaseError):
        asyncio.run(fetch())
    board.plan([stretch], more=False)
    assert board.waiting == sum(row.length for row in TRACK.index.segments)
