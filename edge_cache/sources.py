"""Where bytes come from. A source is asked for names and ranges, and believed in nothing."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import httpx2

from edge_cache.errors import (
    SourceBrokeOff,
    SourceFailed,
    SourceFailing,
    SourceForbids,
    SourceLacks,
    SourceNotOurs,
    SourceRefusesRange,
    SourceTimedOut,
    SourceTooLong,
)
from edge_cache.line.errors import ProxyRefuses, SourceLinkExpired
from edge_cache.line.faults import told_apart

CHUNK = 64 << 10


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
    """The object store, or any HTTP cache before it: plain GETs of immutable names, without query or credentials."""

    def __init__(self, client: httpx2.AsyncClient, base: str, *, uses_line: bool = True) -> None:
        """`base` is the store's address, without a slash at the end."""
        self._client, self._base, self._uses_line = client, base.rstrip("/"), uses_line

    @property
    def name(self) -> str:
        """The store's address."""
        return self._base

    @property
    def uses_line(self) -> bool:
        """See `Source.uses_line`."""
        return self._uses_line

    async def held(self, index: str) -> None:
        """See `Source.held`: a release is announced only when all of it is in the store."""
        return

    async def get(self, path: str, limit: int) -> bytes:
        """See `Source.get`."""
        address = f"{self._base}/{path}"
        async with self._answer(address, {}) as answer:
            _check(address, answer)
            if answer.status_code != httpx2.codes.OK:
                raise SourceNotOurs(address=address, why=f"answer {answer.status_code}")
            body = bytearray()
            async for chunk in answer.aiter_raw(CHUNK):
                body += chunk
                if len(body) > limit:
                    raise SourceTooLong(address=address, wanted=limit)
            promised = answer.headers.get("content-length", "")
            if promised.isdecimal() and int(promised) != len(body):
                raise SourceBrokeOff(address=address, got=len(body), wanted=int(promised))
            return bytes(body)

    async def read_range(self, path: str, start: int, length: int, total: int) -> AsyncIterator[bytes]:
        """See `Source.read_range`."""
        address, got = f"{self._base}/{path}", 0
        wanted = f"bytes {start}-{start + length - 1}/"
        async with self._answer(address, {"Range": f"bytes={start}-{start + length - 1}"}) as answer:
            _check(address, answer)
            if answer.status_code != httpx2.codes.PARTIAL_CONTENT:
                raise SourceNotOurs(address=address, why=f"answer {answer.status_code} without the range")
            said = answer.headers.get("content-range", "")
            if said not in (f"{wanted}{total}", f"{wanted}*"):
                raise SourceNotOurs(address=address, why=f"it says {said[:80]!r} for {wanted}{total}")
            async for chunk in answer.aiter_raw(CHUNK):
                if got + len(chunk) > length:
                    raise SourceTooLong(address=address, wanted=length)
                got += len(chunk)
                yield chunk
        if got < length:
            raise SourceBrokeOff(address=address, got=got, wanted=length)

    @asynccontextmanager
    async def _answer(self, address: str, headers: dict[str, str]) -> AsyncIterator[httpx2.Response]:
        """Ask for `address`, and say what went wrong on the way in our own words."""
        try:
            async with self._client.stream(
                "GET", address, headers={"Accept-Encoding": "identity", **headers}
            ) as answer:
                yield answer
        except httpx2.TimeoutException as error:
            raise SourceTimedOut(address=address) from error
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise told_apart(error, address) from error


def refuse(address: str, status: int, headers: Mapping[str, str], words: bytes = b"") -> SourceFailed | None:
    """Return what an answer that is no object means, None for one that may be; `words` is how its body begins."""
    kinds: dict[int, type[SourceFailed]] = {
        401: SourceForbids,
        403: SourceForbids,
        404: SourceLacks,
        407: ProxyRefuses,
        410: SourceLacks,
        416: SourceRefusesRange,
    }
    if status in (401, 403, 410) and b"expired" in words.lower():
        return SourceLinkExpired(address=address, status=status)
    if status in kinds:
        return kinds[status](address=address, status=status)
    if 300 <= status < 400 or status == 511:
        return SourceNotOurs(address=address, why=f"it sends us elsewhere (answer {status})")
    if status >= 400:
        return SourceFailing(address=address, status=status)
    if "text/html" in headers.get("content-type", ""):
        return SourceNotOurs(address=address, why="a web page came")
    return None


def _check(address: str, answer: httpx2.Response) -> None:
    refusal = refuse(address, answer.status_code, answer.headers)
    if refusal is not None:
        raise refusal
