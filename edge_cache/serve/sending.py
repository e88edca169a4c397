"""Sending segments: a block at a time, each verified as it is read, with its place filled in on the way.

Blocks that are in memory are read at once; only what must come from the disk costs a thread, and those are threads
of their own: a fill that waits for its disk never stands in front of a screen.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from edge_cache.store.keeper import Keeper
from edge_cache.store.reading import BLOCK, Opened, Rotten

READERS = 4
"""Threads that read for screens: more would only make the head of an old disk jump about."""

Patches = Sequence[tuple[int, bytes]]
Parts = AsyncGenerator[bytes | memoryview]


_Done = TypeVar("_Done")


class Missing(Exception):
    """A segment that cannot be read now."""


class Sender:
    """Reads segments for screens, from the event loop."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._readers = ThreadPoolExecutor(READERS, "screens")

    async def run(self, work: Callable[..., _Done], *given: object) -> _Done:
        """Do something that may wait for the disk, in a thread for screens."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, work, *given)

    def read_ahead(self, digest: str) -> None:
        """Have the disk fetch a segment that will be asked for next, if it was not read lately."""
        if not self._keeper.read_lately(digest):
            self._readers.submit(self._keeper.read_ahead, digest)

    async def parts(self, opened: Opened, digest: str, patches: Patches, start: int, end: int) -> Parts:
        """Yield the bytes from `start` up to `end` of a segment with `patches` (offset, bytes) written over it.

        Raises Missing where a block has rotten; what was yielded before it is right.
        """
        for number in range(start // BLOCK, -(-end // BLOCK)):
            try:
                data = opened.block_at_once(number)
                if data is None:
                    data = await self._wait_for(opened, number)
            except Rotten as error:
                await self.run(self._keeper.lose, [digest], str(error))
                raise Missing(digest) from error
            at = number * BLOCK
            for offset, value in patches:
                _write_over(data, offset - at, value)
            yield memoryview(data)[max(0, start - at) : end - at]

    async def _wait_for(self, opened: Opened, number: int) -> bytearray:
        def read() -> bytearray:
            with self._keeper.turns.watching():
                return opened.block(number)

        return await self.run(read)

    def close(self) -> None:
        """Let the threads end."""
        self._readers.shutdown(wait=False)


class Streamed(Response):
    """An answer whose body comes in parts, with its length known beforehand. A screen that hangs up ends it."""

    def __init__(
        self,
        body: Parts,
        end: Callable[[], None],
        status: int,
        headers: dict[str, str],
        kind: str,
        count: Callable[[int], None],
    ) -> None:
        """`headers` name the length; `count` hears of the bytes of each part that is sent, `end` is called last."""
        super().__init__(None, status, headers, kind)
        self._parts, self._end, self._count = body, end, count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        gone = asyncio.ensure_future(_hung_up(receive))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with aclosing(self._parts) as parts:
                async for part in parts:
                    await asyncio.sleep(0)  # the other screens' turn; and hanging up is heard of
                    if gone.done():
                        return
                    self._count(len(part))
                    await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self._end()


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _write_over(data: bytearray, at: int, value: bytes) -> None:
    """Write `value` at offset `at` of `data`, as far as it lies within."""
    first, last = max(0, at), min(len(data), at + len(value))
    if first < last:
        data[first:last] = value[first - at : last - at]
