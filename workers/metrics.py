"""What a worker tells its operators in numbers."""

import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

from catalog.jobs.models import TaskKind, TaskState
from catalog.jobs.turns import Queue
from catalog.telemetry import openmetrics


class WorkerMetrics:
    """The workers' gauges; they come from the rows, so every worker shows the same."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._tasks = Gauge(
            "songtan_tasks",
            "Tasks that are not done, by kind, state, and whether a lesson's floors need them.",
            ["kind", "state", "floors"],
            registry=self.registry,
        )

    def show(self, counts: Mapping[Queue, int]) -> None:
        """Set the gauges to `counts`; a source is looked at for its floors, so `ingest` has no other."""
        for kind, state, first in product(TaskKind, (TaskState.WAITING, TaskState.RUNNING), (True, False)):
            if first or kind is not TaskKind.INGEST:
                labels = (kind.value, state.value, "yes" if first else "no")
                self._tasks.labels(*labels).set(counts.get(Queue(kind, state, first), 0))


def serve_metrics(metrics: WorkerMetrics, alive: Path, host: str, port: int) -> ThreadingHTTPServer:
    """Serve /metrics and /healthz from a thread; the caller shuts the server down."""

    class Handler(BaseHTTPRequestHandler):
        """Answers two addresses."""

        def do_GET(self) -> None:
            """Answer."""
            if self.path == "/metrics":
                body, content_type = openmetrics(metrics.registry)
                self._answer(200, body, content_type)
            elif self.path == "/healthz":
                self._answer(200 if is_alive(alive) else 503, b"", "text/plain")
            else:
                self._answer(404, b"", "text/plain")

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object, **_named: object) -> None:
            """Say nothing: a scrape is no event."""

    server = ThreadingHTTPServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


ALIVE_S = 30.0
"""A relay that has not ticked for so long is stuck, or its servers are away."""


def is_alive(alive: Path) -> bool:
    """Say whether the relay ticked lately."""
    try:
        return time.time() - alive.stat().st_mtime < ALIVE_S
    except FileNotFoundError:
        return False
