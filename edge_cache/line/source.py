"""The object store over the school's line: connections that are kept, limited, and told apart when they fail."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import h11

from edge_cache.answers import Arrival, check_range, check_whole, refuse
from edge_cache.errors import SourceFailed
from edge_cache.line.faults import told_apart
from edge_cache.line.http import Connection, Head
from edge_cache.line.line import Line
from edge_cache.line.route import route_to
from edge_cache.settings import EdgeSettings

IDLE_SECONDS = 25.0
INDEXES = "indexes/"
FILLS = (INDEXES, "blobs/")
"""How the names begin of what the fill asks for as a whole."""
WORDS_OF_A_REFUSAL = 2048


class LineSource:
    """See `Source`. `line` is asked before anything is read; None: there is none to be careful of."""

    def __init__(self, base: str, settings: EdgeSettings, line: Line, tls: ssl.SSLContext | None = None) -> None:
        """`base` is the store's address. Raises SourceUnreachable or BadProxy for what is no address."""
        self._base, self._settings, self._line, self._tls = base.rstrip("/"), settings, line, tls
        self._route = route_to(self._base, settings.proxy or None)
        self._idle: list[tuple[Connection, float]] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._in_use = 0

    @property
    def name(self) -> str:
        """The store's address."""
        return self._base

    @property
    def uses_line(self) -> bool:
        """See `Source.uses_line`."""
        return True

    async def held(self, index: str) -> None:
        """See `Source.held`: a release is announced only when all of it is in the store."""
        return

    def close(self) -> None:
        """Close the connections that wait."""
        for task in self._opening:
            task.cancel()
        while self._idle:
            self._idle.pop()[0].close()

    async def get(self, path: str, limit: int) -> bytes:
        """See `Source.get`. What the fill asks for, and syncing does not, raises LineClosed as `read_range` does."""
        address, body = f"{self._base}/{path}", bytearray()
        if path.startswith(INDEXES):
            self._expect()
        async with self._asked(path) as (connection, head):
            check_whole(address, head.status, head.headers, limit)
            arrival, data = Arrival(address, limit, self._settings.read_seconds), connection.body(limit)
            fills = path.startswith(FILLS)
            while arrival.got != head.length and (chunk := await self._next(connection, data, arrival, fills=fills)):
                body += chunk
            arrival.ended(head.length)
            return bytes(body)

    async def read_range(self, path: str, start: int, length: int, total: int) -> AsyncIterator[bytes]:
        """See `Source.read_range`. Raises LineClosed too, when the fill may not use the line any more."""
        address = f"{self._base}/{path}"
        async with self._asked(path, ("Range", f"bytes={start}-{start + length - 1}")) as (connection, head):
            check_range(address, head.status, head.headers, start, length, total)
            arrival, data = Arrival(address, length, self._settings.read_seconds), connection.body(length)
            while arrival.got < length and (chunk := await self._next(connection, data, arrival, fills=True)):
                yield chunk
            if head.length is None:  # its end has to be seen
                await self._next(connection, data, arrival, fills=False)
            arrival.ended(length)

    async def _next(
        self, connection: Connection, body: AsyncIterator[bytes], arrival: Arrival, *, fills: bool
    ) -> bytes:
        """Return what comes next of a body, empty at its end; what `fills` waits for its turn on the line."""
        if fills:
            await self._line.turn(connection)
        began = time.monotonic()
        data = await anext(body, b"")
        self._line.took(connection, len(data))
        arrival.saw(time.monotonic() - began, len(data))
        return data

    @asynccontextmanager
    async def _asked(self, path: str, *headers: tuple[str, str]) -> AsyncIterator[tuple[Connection, Head]]:
        """Ask for `path` and give the connection with the head of an answer that refuses nothing."""
        address, connection = f"{self._base}/{path}", None
        self._in_use += 1
        try:
            connection, head = await self._ask(path, headers)
            async with asyncio.timeout(self._settings.read_seconds):
                refusal = refuse(address, head.status, head.headers, await _words(connection, head))
            if refusal is not None:
                raise refusal
            yield connection, head
        except (OSError, UnicodeError, h11.LocalProtocolError) as error:  # an address may not even be askable for
            raise told_apart(error, address) from error
        finally:
            self._in_use -= 1
            if connection is not None:
                self._line.leave(connection)
                if connection.usable and not connection.left:
                    self._idle.append((connection, time.monotonic()))
                else:
                    connection.close()

    async def _ask(self, path: str, headers: tuple[tuple[str, str], ...]) -> tuple[Connection, Head]:
        """Ask on a connection that waits, or on a new one: also where the one that waited has been closed meanwhile."""
        while self._idle:
            connection, since = self._idle.pop()
            if time.monotonic() - since < IDLE_SECONDS:
                try:
                    return connection, await self._say(connection, path, headers)
                except OSError:
                    continue
            connection.close()
        connection = await self._open()
        return connection, await self._say(connection, path, headers)

    async def _open(self) -> Connection:
        """Return a new connection. Raises SourceFailed."""
        settings = self._settings
        return await Connection.open(
            self._route, settings.connect_seconds, settings.read_seconds, self._tls, self._line.first_window
        )

    def _expect(self) -> None:
        """Open what connections the line rewards: what an index names is asked for as soon as it is here.

        On a long line that is a round trip less before the line is full.
        """
        here = self._in_use + 1 + len(self._idle) + len(self._opening)
        for _ in range(self._line.connections - here):
            task = asyncio.create_task(self._open_ahead())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open_ahead(self) -> None:
        with contextlib.suppress(SourceFailed):  # who asks hears why
            self._idle.append((await self._open(), time.monotonic()))

    async def _say(self, connection: Connection, path: str, headers: tuple[tuple[str, str], ...]) -> Head:
        """Ask on a connection, whose window is limited before anything can come; close it if that fails."""
        self._line.join(connection)
        try:
            async with asyncio.timeout(self._settings.read_seconds):
                return await connection.ask(path, headers)
        except BaseException:
            self._line.leave(connection)
            connection.close()
            raise


async def _words(connection: Connection, head: Head) -> bytes:
    """Return the beginning of what a refusal says; nothing of any other answer."""
    words = b""
    if head.status in (401, 403, 410):
        async for data in connection.body(WORDS_OF_A_REFUSAL):
            words += data
    return words
