"""Structured logs, and the metrics of HTTP requests, the same for every central program."""

import logging
import sys
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from ulid import ULID

from catalog.settings import ProgramSettings

log = structlog.get_logger(__name__)

QUIET = ("alembic", "httpx2", "httpcore", "urllib3", "multipart", "python_multipart")
BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


def configure_logging(program: str, settings: ProgramSettings) -> None:
    """Send our events and the libraries' messages to standard error, as JSON lines or text for people."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_program(program),
    ]
    last: list[structlog.types.Processor]
    if settings.log_json:
        tracebacks = structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False)  # locals hold secrets
        )
        last = [tracebacks, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        last = [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def _add_program(program: str) -> structlog.types.Processor:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["program"] = program
        return event

    return add


def openmetrics(registry: CollectorRegistry) -> tuple[bytes, str]:
    """Return the registry's metrics as OpenMetrics text, and its content type."""
    return bytes(generate_latest(registry)), CONTENT_TYPE_LATEST


class RequestMetrics:
    """ASGI middleware: counts and times every HTTP request by method, route and status, and logs each answer.

    Adds `songtan_http_requests_total` and `songtan_http_request_seconds` to `registry`. The route is the pattern
    (`/api/lessons/{lesson_id}`), so that there are as many series as routes, not as addresses.
    """

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self.app = app
        labels = ("method", "route", "status")
        self._requests = Counter("songtan_http_requests", "HTTP requests answered", labels, registry=registry)
        self._seconds = Histogram(
            "songtan_http_request_seconds", "time to answer", ("method", "route"), buckets=BUCKETS, registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note how it went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with structlog.contextvars.bound_contextvars(request=str(ULID())):
            try:
                await self.app(scope, receive, noting)
            finally:
                self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        route = getattr(scope.get("route"), "path", None) or ("static" if status == 200 else "none")
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(method, route).observe(seconds)
        level = logging.DEBUG if route in _UNINTERESTING else logging.INFO
        ms = round(seconds * 1000, 1)
        log.log(level, "request.answered", method=method, path=scope["path"], status=status, ms=ms)


_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_UNINTERESTING = frozenset(("/healthz", "/readyz", "/metrics", "static"))
