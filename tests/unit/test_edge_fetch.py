"""Carrying out pieces: whatever the disk or the database says, nobody waits for ever and nothing stays begun."""

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge_cache.fetch import Batch
from edge_cache.store.keeper import Keeper
from tests.fakes.box import Box


class BrokenKeeper(Keeper):
    """A keeper in trouble of a kind."""

    trouble: Exception = sqlite3.DatabaseError("database disk image is malformed")

    def keep_segments(self, segments: Sequence[tuple[str, bytes]]) -> None:
        raise self.trouble


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
