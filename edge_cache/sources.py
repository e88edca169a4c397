"""Where bytes come from. A source is asked for names and ranges, and believed in nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import httpx2

from edge_cache.answers import Arrival, check_range, check_whole, promised, refuse
from edge_cache.errors import SourceTimedOut
from edge_cache.line.faults import told_apart

LEAST_RATE = 16 << 10
"""Bytes a second, less than which nobody on a LAN takes for something small."""


class Source(Protocol):
    """Anything that has the objects of the store: the store itself, a peer, a county node, a USB drive."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def uses_line(self) -> bool:
        """Whether its bytes come over the school's line, with its caps and windows; not so a LAN's or a drive's."""
        ...

    async def held(self, index: str) -> Sequence[tuple[int, int]] | None:
        """Return (first number, count) of the runs of segments that it has of the track with this index digest.

        None: all of them, as a store has. Raises SourceFailed.
        """
        ...

    async def get(self, path: str, limit: int) -> bytes:
        """Return the whole object at `path`, of `limit` bytes at most. Raises SourceFailed."""
        ...

    def read_range(self, path: str, start: int, length: int, total: int) -> AsyncIterator[bytes]:
        """Yield exactly `length` bytes of the object of `total` bytes from `start` on. Raises SourceFailed.

        What was yielded before a failure came from the right place as far as the source says.
        """
        ...


Sources = Callable[[], Sequence[Source]]
"""Gives the sources that are there now, the nearest first."""


class HttpSource:
    """Whoever on the LAN has objects of the store: plain GETs of immutable names, without query or credentials."""

    def __init__(self, client: httpx2.AsyncClient, base: str, patience: float) -> None:
        """`base` is the address, without a slash at the end.

        `patience`: the longest in seconds until an answer begins, and for each few kB of it (see `Arrival`).
        """
        self._client, self._base, self._patience = client, base.rstrip("/"), patience

    @property
    def name(self) -> str:
        """Its address."""
        return self._base

    @property
    def uses_line(self) -> bool:
        """See `Source.uses_line`: what is beyond it is a LineSource."""
        return False

    async def held(self, index: str) -> None:
        """See `Source.held`: a release is announced only when all of it is in the store."""
        return

    async def get(self, path: str, limit: int) -> bytes:
        """See `Source.get`."""
        address, body = f"{self._base}/{path}", bytearray()
        arrival = Arrival(address, limit, self._patience)
        async with self._answer(address, {}, self._patience + limit / LEAST_RATE) as answer:
            check_whole(address, answer.status_code, answer.headers, limit)
            async for chunk in _watched(answer, arrival):
                body += chunk
            arrival.ended(promised(answer.headers))
            return bytes(body)

    async def read_range(self, path: str, start: int, length: int, total: int) -> AsyncIterator[bytes]:
        """See `Source.read_range`."""
        address = f"{self._base}/{path}"
        arrival = Arrival(address, length, self._patience)
        async with self._answer(address, {"Range": f"bytes={start}-{start + length - 1}"}) as answer:
            check_range(address, answer.status_code, answer.headers, start, length, total)
            async for chunk in _watched(answer, arrival):
                yield chunk
        arrival.ended(length)

    @asynccontextmanager
    async def _answer(
        self, address: str, headers: dict[str, str], longest: float | None = None
    ) -> AsyncIterator[httpx2.Response]:
        """Ask for `address`, and say what went wrong on the way in our own words.

        The body has `longest` seconds; None: as many as who reads it wants.
        """
        sent, loop = {"Accept-Encoding": "identity", **headers}, asyncio.get_running_loop()
        try:
            async with (
                asyncio.timeout(self._patience) as deadline,
                self._client.stream("GET", address, headers=sent) as answer,
            ):
                deadline.reschedule(None if longest is None else loop.time() + longest)
                refusal = refuse(address, answer.status_code, answer.headers)
                if refusal is not None:
                    raise refusal
                yield answer
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise SourceTimedOut(address=address) from error
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise told_apart(error, address) from error


async def _watched(answer: httpx2.Response, arrival: Arrival) -> AsyncIterator[bytes]:
    """Yield a body as it comes. Raises SourceTooLong or SourceDrips."""
    began = time.monotonic()
    async for chunk in answer.aiter_raw():
        arrival.saw(time.monotonic() - began, len(chunk))
        yield chunk
        began = time.monotonic()
