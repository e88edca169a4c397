"""Carrying out a step of the plan: ask a source, verify each segment, keep it at once."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence

import structlog

from catalog.formats.errors import AppError, BadFormat
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import Index, Segment, take_segment
from edge_cache.errors import SourceFailed, SourceSentBadBytes
from edge_cache.plan import FetchBlob, FetchIndex, FetchRun, Step
from edge_cache.settings import EdgeSettings
from edge_cache.sources import Source
from edge_cache.store.keeper import Keeper

log = structlog.get_logger(__name__)


def pause_after(failures: int, first: float, longest: float) -> float:
    """Return seconds to wait after so many failures in a row: doubling, with jitter over its upper half."""
    whole = min(longest, first * 2.0 ** min(failures, 20))
    return whole * random.uniform(0.5, 1)  # noqa: S311 - spreads nodes apart, keeps no secret


class Batch:
    """Keeps segments together that arrive together: one fsync of a folder and one commit for all of them."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._waiting: list[tuple[str, bytes]] = []
        self._done: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def keep(self, digest: str, data: bytes) -> None:
        """Return when the segment is on the disk; goes on to the disk even if the caller is cancelled meanwhile."""
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
            try:
                await asyncio.to_thread(self._keeper.keep_segments, batch)
            except (AppError, OSError) as error:
                done.set_exception(error)
                done.exception()  # who waited may have been cancelled; then nobody is left to ask for it
            else:
                done.set_result(None)


class Fetcher:
    """Carries out steps with the sources that are there, the nearest first."""

    def __init__(
        self,
        keeper: Keeper,
        settings: EdgeSettings,
        on_bytes: Callable[[int], None] = lambda count: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`on_bytes` hears of bytes that were verified and kept."""
        self._keeper, self._settings, self._on_bytes, self._sleep = keeper, settings, on_bytes, sleep
        self._batch = Batch(keeper)
        self._indexes: dict[str, Index] = {}

    async def carry_out(self, step: Step, sources: Sequence[Source]) -> None:
        """Do a step: each source gives what it has of it. What came is kept, whatever is raised.

        Raises SourceFailed of the last source where nobody gave it all, DiskFull, or OSError if the disk is in trouble.
        """
        for source in sources[:-1]:
            try:
                await self._with(step, source)
            except SourceFailed as error:
                log.info("step.failed", step=str(step), source=source.name, problem=error.code)
            else:
                if not isinstance(step, FetchRun):
                    return
        if sources:
            await self._with(step, sources[-1])

    async def _with(self, step: Step, source: Source) -> None:
        """Do a step with one source, trying again while that may help. Raises as `carry_out` does."""
        failures = 0
        while True:
            kept = 0

            def count(length: int) -> None:
                nonlocal kept
                kept += length
                self._on_bytes(length)

            try:
                return await self._once(step, source, count)
            except SourceFailed as error:
                failures = 0 if kept else failures + 1
                if not error.wears_off or failures >= self._settings.attempts:
                    raise
                log.info("step.failed", step=str(step), problem=error.code, failures=failures, kept=kept)
            await self._sleep(pause_after(failures, self._settings.retry_seconds, self._settings.retry_longest_seconds))

    async def flush(self) -> None:
        """Wait for what is on its way to the disk."""
        await self._batch.flush()

    async def _once(self, step: Step, source: Source, count: Callable[[int], None]) -> None:
        if isinstance(step, FetchRun):
            await self._run(step, source, count)
        elif isinstance(step, FetchIndex):
            await self._index(step, source, count)
        else:
            await self._blob(step, source, count)

    async def _blob(self, step: FetchBlob, source: Source, count: Callable[[int], None]) -> None:
        path = f"blobs/{step.digest}"
        data = await asyncio.to_thread(self._keeper.files.blobs.read, step.digest)
        if data is None:
            data = await source.get(path, step.length)
            count(len(data))
        if sha256_hex(data) != step.digest:
            raise SourceSentBadBytes(address=f"{source.name}/{path}", why="another digest")
        await asyncio.to_thread(self._keeper.keep_blob, step.digest, data)

    async def _index(self, step: FetchIndex, source: Source, count: Callable[[int], None]) -> None:
        path = f"indexes/{step.digest}"
        data = await source.get(path, step.length)
        try:
            await asyncio.to_thread(self._keeper.rows.add_index, step.digest, data)
        except BadFormat as error:
            raise SourceSentBadBytes(address=f"{source.name}/{path}", why=str(error.data["why"])) from error
        count(len(data))

    async def _run(self, step: FetchRun, source: Source, count: Callable[[int], None]) -> None:
        index = await asyncio.to_thread(self._known_index, step.index)
        if index is None:
            return
        rows = index.segments[step.first : step.first + step.count]
        held = await source.held(step.index)
        if held is not None:
            rows = tuple(row for row in rows if any(first <= row.number < first + count for first, count in held))
        bad: list[str] = []
        for run in contiguous(await asyncio.to_thread(self._lacking, rows)):
            await self._stream(index, step.index, run, source, count, bad)
        if bad:
            raise SourceSentBadBytes(address=f"{source.name}/packs/{step.index}", why=bad[0])

    async def _stream(
        self,
        index: Index,
        digest: str,
        run: Sequence[Segment],
        source: Source,
        count: Callable[[int], None],
        bad: list[str],
    ) -> None:
        """Fetch neighbours; keep each that is what its index says, and say of each other in `bad` why not."""
        length = sum(row.length for row in run)
        waiting, rest = list(run), bytearray()
        async for chunk in source.read_range(f"packs/{digest}", run[0].offset, length, index.pack_length):
            rest += chunk
            while waiting and len(rest) >= waiting[0].length:
                row = waiting.pop(0)
                placed = bytes(rest[: row.length])
                del rest[: row.length]
                try:
                    segment = await asyncio.to_thread(take_segment, row, placed)
                except BadFormat as error:
                    bad.append(str(error.data["why"]))
                    continue
                await self._batch.keep(row.digest, segment)
                count(row.length)

    def _lacking(self, rows: Sequence[Segment]) -> list[Segment]:
        """Return what of `rows` is neither held nor left on the disk by a crash, each segment once."""
        lacking = {row.digest: row for row in rows if not self._keeper.rows.is_held(row.digest)}
        for digest in self._keeper.adopt(list(lacking)):
            del lacking[digest]
        return sorted(lacking.values(), key=lambda row: row.number)

    def _known_index(self, digest: str) -> Index | None:
        if digest not in self._indexes:
            index = self._keeper.index(digest)
            if index is None:
                return None
            if len(self._indexes) >= 16:
                self._indexes.pop(next(iter(self._indexes)))
            self._indexes[digest] = index
        return self._indexes[digest]


def contiguous(rows: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Yield `rows` in stretches that lie one after the other in their pack."""
    stretch: list[Segment] = []
    for row in rows:
        if stretch and row.number != stretch[-1].number + 1:
            yield stretch
            stretch = []
        stretch.append(row)
    if stretch:
        yield stretch
