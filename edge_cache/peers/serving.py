"""What a node gives its peers: the store's names below /peer, so that to another box it is a store with gaps.

/peer/metadata/<name>, /peer/releases/<partner>/<course>/<name>    signed statements in force, as they came
/peer/indexes/<digest>, /peer/blobs/<digest>                       whole
/peer/packs/<digest>                                               by range, where every byte of the range is held
/peer/held/<digest>                                                which segments of a track are held
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from catalog.formats.index import Index, Segment
from edge_cache.errors import MediaUnknown
from edge_cache.holdings import Holdings
from edge_cache.peers.pace import Pace
from edge_cache.serve.ranges import Span, Unsatisfiable, matches, read_range
from edge_cache.serve.sending import Missing

IMMUTABLE = "public, max-age=31536000, immutable"
CHUNK = 64 << 10
AT_ONCE = 4
"""Answers with media at one time: each holds one segment in memory and reads one file."""
WAITING = 32
"""Requests that wait for their turn; more are told to come again."""
SLOWEST_BYTES_PER_S = 4_000
"""A peer that reads more slowly than that gives its place to another."""


class Peers:
    """Routes for peers; `on_bytes` is told of every length sent."""

    def __init__(self, holdings: Holdings, pace: Pace) -> None:
        self._holdings, self._pace = holdings, pace
        self._index = lru_cache(maxsize=16)(self._read_index)
        self._places, self._asking = asyncio.Semaphore(AT_ONCE), 0
        self.on_bytes: Callable[[int], object] = lambda length: None

    def routes(self) -> list[Route]:
        """The routes of this module."""
        return [
            Route("/peer/metadata/{name}", self.statement),
            Route("/peer/releases/{partner}/{course}/{name}", self.statement),
            Route("/peer/indexes/{digest}", self.index),
            Route("/peer/blobs/{digest}", self.blob),
            Route("/peer/packs/{digest}", self.pack),
            Route("/peer/held/{digest}", self.held),
        ]

    async def statement(self, request: Request) -> Response:
        """A signed statement."""
        name = request.url.path.removeprefix("/peer/")
        return await self._whole(request, await asyncio.to_thread(self._holdings.statements.get, name))

    async def index(self, request: Request) -> Response:
        """An index."""
        index = await asyncio.to_thread(self._known, request.path_params["digest"])
        return await self._whole(request, index.encoded)

    async def blob(self, request: Request) -> Response:
        """A small file."""
        digest = request.path_params["digest"]
        return await self._whole(request, await asyncio.to_thread(self._holdings.blob, digest))

    async def held(self, request: Request) -> Response:
        """Which segments of a track are held: how many it has, and (first, count) of each run."""
        digest = request.path_params["digest"]
        runs = await asyncio.to_thread(self._holdings.runs, digest)
        if runs is None:
            raise MediaUnknown
        return JSONResponse({"v": 1, "runs": runs}, headers={"Cache-Control": "no-cache"})

    async def pack(self, request: Request) -> Response:
        """A range of a pack, or all of it, if every byte is held."""
        digest = request.path_params["digest"]
        index = await asyncio.to_thread(self._known, digest)
        headers = {"ETag": f'"{digest[:32]}"', "Accept-Ranges": "bytes", "Cache-Control": IMMUTABLE}
        if matches(request.headers.get("if-none-match"), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        size = index.pack_length
        try:
            span = read_range(request.headers.get("range"), size) if request.method == "GET" else None
        except Unsatisfiable:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{size}", **headers})
        status = 200 if span is None else 206
        if span is not None:
            headers["Content-Range"] = span.content_range
        span = span or Span(0, size, size)
        rows = [row for row in index.segments if row.offset < span.end and span.start < row.offset + row.length]
        runs = await asyncio.to_thread(self._holdings.runs, digest)
        held = {n for first, count in runs or () for n in range(first, first + count)}
        if not held.issuperset(row.number for row in rows):
            raise MediaUnknown
        headers["Content-Length"] = str(span.length)
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers, media_type="video/mp4")
        return _InTurn(self, self._send(index, rows, span), span.length, status, headers)

    async def enter(self) -> bool:
        """Wait for a place to send from; False if too many wait already."""
        if self._asking >= WAITING + AT_ONCE:
            return False
        self._asking += 1
        try:
            await self._places.acquire()
        except asyncio.CancelledError:
            self._asking -= 1
            raise
        return True

    def leave(self) -> None:
        """Give the place back."""
        self._asking -= 1
        self._places.release()

    async def _whole(self, request: Request, data: bytes | None) -> Response:
        """Answer with something small, in its turn."""
        if data is None:
            raise MediaUnknown
        await asyncio.sleep(self._pace.turn(len(data)))
        if request.method == "GET":
            self.on_bytes(len(data))
        return Response(data, media_type="application/octet-stream", headers={"Cache-Control": "no-cache"})

    async def _send(self, index: Index, rows: list[Segment], span: Span) -> AsyncIterator[bytes]:
        """Send a span of a pack; where a segment has rotten meanwhile, stop short, so that the peer knows."""
        if span.start < len(index.init):
            yield index.init[span.start : span.end]
        for row in rows:
            data = await asyncio.to_thread(self._holdings.placed, row)
            if data is None:
                raise Missing(row.digest)
            wanted = memoryview(data)[max(0, span.start - row.offset) : span.end - row.offset]
            for at in range(0, len(wanted), CHUNK):
                chunk = wanted[at : at + CHUNK]
                await asyncio.sleep(self._pace.turn(len(chunk)))
                self.on_bytes(len(chunk))
                yield bytes(chunk)

    def _known(self, digest: str) -> Index:
        return self._index(digest)

    def _read_index(self, digest: str) -> Index:
        index = self._holdings.index(digest)
        if index is None:
            raise MediaUnknown
        return index


class _InTurn(StreamingResponse):
    """A stream that begins when there is a place for it, and ends when its reader keeps the place for too long."""

    def __init__(
        self, peers: Peers, content: AsyncIterator[bytes], length: int, status: int, headers: dict[str, str]
    ) -> None:
        super().__init__(content, status, headers, "video/mp4")
        self._peers, self._seconds = peers, 60 + length / SLOWEST_BYTES_PER_S

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it in its turn."""
        if not await self._peers.enter():
            busy = Response("busy", 503, {"Retry-After": "5", "Cache-Control": "no-store"})
            await busy(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._seconds):
                await super().__call__(scope, receive, send)
        except TimeoutError as error:
            raise Missing("a peer read too slowly") from error
        finally:
            self._peers.leave()
