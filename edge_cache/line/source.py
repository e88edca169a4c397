"""The object store over the school's line: connections that are kept, limited, and told apart when they fail."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import h11

from edge_cache.errors import SourceBrokeOff, SourceFailed, SourceNotOurs, SourceTooLong
from edge_cache.line.errors import SourceDrips
from edge_cache.line.faults import told_apart
from edge_cache.line.http import Connection, Head
from edge_cache.line.line import Line
from edge_cache.line.route import route_to
from edge_cache.settings import EdgeSettings
from edge_cache.sources import refuse

ENOUGH = 4096
"""Fewer bytes than this in the longest silence that a source may have: it drips."""
IDLE_SECONDS = 25.0
INDEXES = "indexes/"
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
        """See `Source.get`."""
        address = f"{self._base}/{path}"
        if path.startswith(INDEXES):
            self._expect()
        async with self._asked(path) as (connection, head):
            if head.status != 200:
                raise SourceNotOurs(address=address, why=f"answer {head.status}")
            if (head.length or 0) > limit:
                raise SourceTooLong(address=address, wanted=limit)
            body = bytearray()
            async for data in connection.body(limit):
                body += data
                self._line.took(connection, len(data))
                if len(body) > limit:
                    raise SourceTooLong(address=address, wanted=limit)
            if head.length is not None and len(body) != head.length:
                raise SourceBrokeOff(address=address, got=len(body), wanted=head.length)
            return bytes(body)

    async def read_range(self, path: str, start: int, length: int, total: int) -> AsyncIterator[bytes]:
        """See `Source.read_range`. Raises LineClosed too, when the fill may not use the line any more."""
        address, got = f"{self._base}/{path}", 0
        wanted = f"bytes {start}-{start + length - 1}/"
        async with self._asked(path, ("Range", f"bytes={start}-{start + length - 1}")) as (connection, head):
            said = head.headers.get("content-range", "")
            if head.status != 206:
                raise SourceNotOurs(address=address, why=f"answer {head.status} without the range")
            if said not in (f"{wanted}{total}", f"{wanted}*"):
                raise SourceNotOurs(address=address, why=f"it says {said[:80]!r} for {wanted}{total}")
            if (head.length or 0) > length:
                raise SourceTooLong(address=address, wanted=length)
            watch = _Watch(address, self._settings.read_seconds)
            body = connection.body(length)
            while got < length:
                await self._line.turn(connection)
                began = time.monotonic()
                data = await anext(body, b"")
                if not data:
                    raise SourceBrokeOff(address=address, got=got, wanted=length)
                got += len(data)
                self._line.took(connection, len(data))
                watch.saw(time.monotonic() - began, len(data))
                if got > length:
                    raise SourceTooLong(address=address, wanted=length)
                yield data
            more = b"" if head.length is not None else await anext(body, b"")
            if more:
                raise SourceTooLong(address=address, wanted=length)

    @asynccontextmanager
    async def _asked(self, path: str, *headers: tuple[str, str]) -> AsyncIterator[tuple[Connection, Head]]:
        """Ask for `path` and give the connection with the head of an answer that refuses nothing."""
        address, connection = f"{self._base}/{path}", None
        self._in_use += 1
        try:
            connection, head = await self._ask(path, headers)
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


class _Watch:
    """Notices a source that drips: what is waited for comes, but far too slowly."""

    def __init__(self, address: str, patience: float) -> None:
        self._address, self._patience = address, patience
        self._waited, self._came = 0.0, 0

    def saw(self, waited: float, length: int) -> None:
        """Note `length` bytes after `waited` seconds. Raises SourceDrips."""
        self._waited += waited
        self._came += length
        if self._came >= ENOUGH:
            self._waited, self._came = 0.0, 0
        elif self._waited > self._patience:
            raise SourceDrips(address=self._address, got=self._came, seconds=round(self._waited))
