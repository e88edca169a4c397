"""Whether the node is well, for machines: /healthz, /readyz, /metrics."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_cache.node import Node


class _NodeFigures(Collector):
    """Reads the figures when they are asked for; nothing is counted twice."""

    def __init__(self, node: Node, bytes_served: Callable[[], int], bytes_given: Callable[[], int]) -> None:
        self._node, self._bytes_served, self._bytes_given = node, bytes_served, bytes_given

    def collect(self) -> Iterator[Metric]:
        """Yield the node's metrics."""
        node = self._node
        segments, held = node.keeper.rows.totals()
        free, total = node.keeper.files.disk()
        courses = node.releases.held()
        assigned, ready = sum(c.lessons for c in courses), sum(c.lessons_ready for c in courses)
        problems, enrolled = len(node.notes.problems()), int(node.identity is not None)
        fetched, served, given = node.bytes_fetched, self._bytes_served(), self._bytes_given()
        yield GaugeMetricFamily("songtan_edge_segments_held", "verified segments in the store", value=segments)
        yield GaugeMetricFamily("songtan_edge_held_bytes", "bytes of verified segments", value=held)
        yield GaugeMetricFamily("songtan_edge_disk_free_bytes", "bytes free on the store's disk", value=free)
        yield GaugeMetricFamily("songtan_edge_disk_total_bytes", "bytes of the store's disk", value=total)
        yield GaugeMetricFamily("songtan_edge_lessons", "lessons of assigned courses", value=assigned)
        yield GaugeMetricFamily("songtan_edge_lessons_ready", "lessons that can be watched", value=ready)
        yield GaugeMetricFamily("songtan_edge_problems", "problems standing now", value=problems)
        yield GaugeMetricFamily("songtan_edge_enrolled", "1 once the node belongs to a centre", value=enrolled)
        yield CounterMetricFamily("songtan_edge_fetched_bytes", "verified bytes fetched since the start", value=fetched)
        yield CounterMetricFamily("songtan_edge_served_bytes", "media bytes sent since the start", value=served)
        yield CounterMetricFamily("songtan_edge_given_bytes", "bytes given to peers since the start", value=given)


def health_routes(node: Node, bytes_served: Callable[[], int], bytes_given: Callable[[], int]) -> list[Route]:
    """Return the three routes."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_NodeFigures(node, bytes_served, bytes_given))

    def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    def readyz(_request: Request) -> Response:
        node.database.read("select 1")
        return JSONResponse({"status": "ready", "enrolled": node.identity is not None})

    def metrics(_request: Request) -> Response:
        text = generate_latest(registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
