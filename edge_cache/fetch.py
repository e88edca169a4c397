"""Carrying out a piece of work: ask a source, put segments together, verify each, keep it at once."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from catalog.formats.errors import AppError, BadFormat
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import Index, Segment, take_segment
from edge_cache.board import Assembly, Board, Piece, Small
from edge_cache.errors import SourceSentBadBytes
from edge_cache.sources import Source
from edge_cache.steps import FetchBlob
from edge_cache.store.keeper import Keeper

KEPT_AT_ONCE = 2
"""So many segments may wait for the disk; then reading waits too: what waits is lost if the power goes now."""


class Batch:
    """Keeps segments together that arrive together: one fsync of a folder and one commit for all of them."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._waiting: list[tuple[str, bytes]] = []
        self._done: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def keep(self, digest: str, data: bytes) -> None:
        """Return when the segment is on the disk; goes on to the disk even if the caller is cancelled meanwhile.

        Raises whatever keeps it from the disk.
        """
        loop = asyncio.get_running_loop()
        self._waiting.append((digest, data))
        if self._done is None:
            self._done = loop.create_future()
        done = self._done
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._write())
        await asyncio.shield(done)

    async def flush(self) -> None:
        """Wait for what is on its way to the disk."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _write(self) -> None:
        while self._waiting and self._done is not None:
            batch, done = self._waiting, self._done
            self._waiting, self._done = [], None
            writing = asyncio.create_task(asyncio.to_thread(self._keeper.keep_segments, batch))
            await asyncio.wait([writing])
            error = writing.exception()  # whatever it is: who waits has to hear of it
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)
                done.exception()  # who waited may have been cancelled; then nobody is left to ask for it


class Judge(Protocol):
    """Who hears of each segment what its source is worth."""

    def kept(self, source: Source, length: int, index: str | None = None) -> None:
        """A source gave `length` bytes that are verified and kept; `index` names the pack of a segment."""
        ...

    def bad(self, source: Source, index: str, row: Segment, why: str) -> None:
        """A source gave a segment that is not what its index says; it is not on the board any more."""
        ...


class Fetcher:
    """Carries out pieces of the board. `index_of` gives an index by its digest."""

    def __init__(self, keeper: Keeper, board: Board, judge: Judge, index_of: Callable[[str], Index | None]) -> None:
        self._keeper, self._board, self._judge, self._index_of = keeper, board, judge, index_of
        self._batch = Batch(keeper)
        self._keeping: set[asyncio.Task[None]] = set()
        self._broken: AppError | OSError | sqlite3.Error | None = None

    async def piece(self, piece: Piece, source: Source) -> None:
        """Fetch a piece. What came stays on the board or goes to the disk, whatever is raised.

        Raises SourceFailed, LineClosed, DiskFull, or OSError or sqlite3.Error if the disk is in trouble.
        """
        index = self._index_of(piece.index)
        if index is None:  # it has rotten meanwhile: the next plan fetches it again
            for row in piece.rows:
                self._board.drop(row)
            return
        at, begun, rows = piece.start, piece.part, deque(piece.rows)
        chunks = source.read_range(f"packs/{piece.index}", piece.start, piece.length, index.pack_length)
        try:
            async for chunk in chunks:
                rest = memoryview(chunk)
                while rest:
                    begun = begun or Assembly(piece.index, rows.popleft(), source.name)
                    took = _put(begun, at, rest)
                    at, rest = at + took, rest[took:]
                    if not begun.missing:
                        whole, begun = begun, None
                        await self._keep(whole, source)
        finally:
            self._board.give_back(piece, at, begun)
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()  # lets go of the connection now, not when somebody collects it

    async def small(self, item: Small, source: Source) -> None:
        """Fetch an index or a small file; it is on the board until this returns. Raises as `piece` does."""
        blob = isinstance(item, FetchBlob)
        path = f"{'blobs' if blob else 'indexes'}/{item.digest}"
        data = await asyncio.to_thread(self._keeper.files.blobs.read, item.digest) if blob else None
        came = data is None
        if data is None:
            data = await source.get(path, item.length)
        try:
            if not blob:
                await asyncio.to_thread(self._keeper.rows.add_index, item.digest, data)
            elif sha256_hex(data) == item.digest:
                await asyncio.to_thread(self._keeper.keep_blob, item.digest, data)
            else:
                raise SourceSentBadBytes(address=f"{source.name}/{path}", why="another digest")
        except BadFormat as error:
            raise SourceSentBadBytes(address=f"{source.name}/{path}", why=str(error.data["why"])) from error
        self._judge.kept(source, len(data) if came else 0)

    async def flush(self) -> None:
        """Wait for what is on its way to the disk. Raises what the disk said."""
        if self._keeping:
            await asyncio.wait(self._keeping)
        await self._batch.flush()
        if self._broken is not None:
            raise self._broken

    async def _keep(self, whole: Assembly, source: Source) -> None:
        if self._broken is not None:
            self._board.drop(whole.row)
            raise self._broken
        task = asyncio.create_task(self._finish(whole, source))
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)
        while len(self._keeping) > KEPT_AT_ONCE:
            await asyncio.wait(self._keeping, return_when=asyncio.FIRST_COMPLETED)

    async def _finish(self, whole: Assembly, source: Source) -> None:
        row, placed = whole.row, bytes(whole.data)
        whole.data.clear()  # while it waits for the disk it is held once
        try:
            segment = await asyncio.to_thread(take_segment, row, placed)
            await self._batch.keep(row.digest, segment)
        except BadFormat as error:
            self._board.drop(row)
            self._judge.bad(source, whole.index, row, str(error.data["why"]))
        except (AppError, OSError, sqlite3.Error) as error:
            self._broken = self._broken or error
            self._board.drop(row)
        else:
            self._board.done(row)
            self._judge.kept(source, row.length, whole.index)


def _put(begun: Assembly, at: int, data: memoryview) -> int:
    """Put what belongs to a segment in its place; `at` is where `data` lies in the pack. Return how much that was."""
    offset = at - begun.row.offset
    took = min(len(data), begun.row.length - offset)
    begun.data[offset : offset + took] = data[:took]
    begun.missing -= took
    return took
