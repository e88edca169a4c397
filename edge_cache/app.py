"""The node as a web application: pages, media and health over one node, with its tasks beside them."""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import AsyncIterator

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.formats.errors import AppError
from edge_cache.errors import NodeStateUnreadable, OurFault
from edge_cache.health import health_routes
from edge_cache.node import Node
from edge_cache.peers.pace import Pace
from edge_cache.peers.serving import Peers
from edge_cache.serve.attachments import Attachments
from edge_cache.serve.media import Media
from edge_cache.timetable.played import Plays, PlaysWatch
from edge_cache.timetable.repository import PlayedRepository
from edge_cache.web.pages import Classroom

log = structlog.get_logger(__name__)


class RequestLog:
    """One log event for each answer that is an error, and for each at level debug."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                level = logging.WARNING if message["status"] >= 500 else logging.DEBUG
                log.log(level, "request.answered", method=scope["method"], path=scope["path"], status=message["status"])
            await send(message)

        await self._app(scope, receive, note)


def make_app(node: Node) -> Starlette:
    """Return the application over `node`, which the caller has opened and closes."""
    classroom, media = Classroom(node), Media(node.releases, node.keeper)
    attachments = Attachments(node.releases, node.keeper, media.sender)
    pace = Pace(node.settings.peer_bits_per_s / 8, time.monotonic)
    peers = Peers(node.holdings, pace)
    served, given = [0], [0]

    def count(length: int) -> None:
        served[0] += length
        pace.watched()

    def count_given(length: int) -> None:
        given[0] += length

    media.on_bytes = attachments.on_bytes = count
    peers.on_bytes = count_given

    def for_person(request: Request) -> bool:
        return not request.url.path.startswith(("/media/", "/peer/")) and "text/html" in request.headers.get(
            "accept", ""
        )

    def on_error(request: Request, error: Exception) -> Response:
        """Tell an error in words. Of a fault of ours the server logs all, and people hear that it is one (500)."""
        told = error if isinstance(error, AppError) else OurFault()
        if for_person(request):
            return classroom.error_page(request, told)
        body = {"status": told.status, "code": told.code, "detail": str(told), "data": told.data}
        headers = {"Cache-Control": "no-store", **({"Retry-After": "2"} if told.status == 503 else {})}
        return JSONResponse(body, told.status, headers, "application/problem+json")

    def on_missing(request: Request, _error: Exception) -> Response:
        """Answer where no route leads."""
        return classroom.not_found(request) if for_person(request) else PlainTextResponse("Not Found", 404)

    return Starlette(
        routes=[
            *classroom.routes(),
            *media.routes(),
            *attachments.routes(),
            *peers.routes(),
            *health_routes(node, lambda: served[0], lambda: given[0]),
        ],
        middleware=[Middleware(RequestLog), Middleware(PlaysWatch, plays=_plays(node))],
        exception_handlers={AppError: on_error, Exception: on_error, 404: on_missing},
        lifespan=lambda _app: _beside(node, media),
    )


def _plays(node: Node) -> Plays:
    return Plays(PlayedRepository(node.database), node.now, node.settings.zone)


@contextlib.asynccontextmanager
async def _beside(node: Node, media: Media) -> AsyncIterator[None]:
    """While the application serves, the node's tasks run."""
    tasks = asyncio.create_task(_keep_running(node))
    try:
        yield
    finally:
        tasks.cancel()
        await asyncio.wait([tasks])
        media.close()


async def _keep_running(node: Node) -> None:
    """Run the node's tasks; if they fail, the classroom goes on and they start anew after a while."""
    while True:
        try:
            await node.run()
        except* (AppError, OSError, sqlite3.Error) as group:
            for error in group.exceptions:
                log.warning("tasks.failed", problem=str(error))
                told = error if isinstance(error, AppError) else None
                folder = str(node.settings.state)
                with contextlib.suppress(sqlite3.Error):  # not even readable: then the log has to do
                    node.notes.trouble("node", told or NodeStateUnreadable(folder=folder, why=str(error)))
        await asyncio.sleep(node.settings.retry_longest_seconds)
