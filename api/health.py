"""Whether the API lives, is ready, and what it counts."""

import concurrent.futures
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from api.security import CentreDep
from catalog.formats.errors import AppError
from catalog.telemetry import openmetrics

CHECK_SECONDS = 4.0
router = APIRouter(tags=["health"])


@router.get("/healthz", summary="The program runs")
def healthz() -> dict[str, str]:
    """Answers as long as the program runs, whatever else is away."""
    return {"status": "ok"}


@router.get("/readyz", summary="Everything behind it answers", responses={503: {"description": "Something is away"}})
def readyz(centre: CentreDep) -> JSONResponse:
    """Names each part that the API needs, with `ok` or what is wrong with it; 503 unless all are well."""
    found = run_checks(centre.checks)
    ready = all(state == "ok" for state in found.values())
    body: dict[str, Any] = {"status": "ready" if ready else "not ready", "checks": found}
    return JSONResponse(body, 200 if ready else 503, {} if ready else {"Retry-After": "5"})


@router.get("/metrics", summary="Metrics as OpenMetrics text", response_class=Response)
def metrics(centre: CentreDep) -> Response:
    """Counters and timings of this process."""
    text, content_type = openmetrics(centre.registry)
    return Response(text, media_type=content_type)


def run_checks(checks: dict[str, Callable[[], None]]) -> dict[str, str]:
    """Run all checks at once, for four seconds at most; return `ok` or what is wrong, by name."""
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=max(1, len(checks)))
    try:
        running = {name: pool.submit(check) for name, check in checks.items()}
        concurrent.futures.wait(running.values(), timeout=CHECK_SECONDS)
        return {name: _state(future) for name, future in running.items()}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _state(future: concurrent.futures.Future[None]) -> str:
    if not future.done():
        return f"does not answer within {CHECK_SECONDS:.0f} seconds"
    error = future.exception()
    if error is None:
        return "ok"
    return str(error) if isinstance(error, AppError) else type(error).__name__
