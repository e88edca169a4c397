"""The app: the routes, what stands before them, and the parts behind them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from api import errors, health
from api.centre import Centre
from api.errors import LastLine, Problem
from api.limits import BodyLimit
from api.routes import (
    accounts,
    attachments,
    captions,
    courses,
    jobs,
    node_protocol,
    nodes,
    publications,
    session,
    sources,
)
from api.settings import ApiSettings
from api.watcher import Watcher
from api.web.install import install as install_pages
from catalog.db import make_engine, ping
from catalog.jobs.celery_doorbell import CeleryDoorbell
from catalog.jobs.models import TaskKind
from catalog.look.pages import Pages, content_security_policy
from catalog.publishing.signer_client import HttpSigner
from catalog.storage.s3 import S3ObjectStore
from catalog.telemetry import RequestMetrics

WEB = Path(__file__).parent / "web"
DESCRIPTION = """The central service of Songtan 送炭: partners upload and publish courses, ops looks after nodes.

Errors are `application/problem+json` (RFC 9457) with a stable `code`; `detail` says what to do, in Chinese or in
English (`?lang=`, `Accept-Language`). Lists come in pages of 50: `next` is the cursor of the next one."""


def connect(settings: ApiSettings) -> Centre:
    """Return the real parts behind the API. Nothing is connected to yet: they may start later than the API."""
    engine = make_engine(settings, pool_size=20)
    store = S3ObjectStore(settings)
    signer = HttpSigner(settings.signer_address, settings.signer_token)
    doorbell = CeleryDoorbell(settings.broker_url.get_secret_value())
    checks: dict[str, Callable[[], None]] = {
        "database": lambda: ping(engine),
        "object store": store.ping,
        "broker": lambda: _ping_broker(doorbell),
        "signer": signer.ping,
    }
    return Centre(settings, engine, store, signer, doorbell, checks)


def _ping_broker(doorbell: CeleryDoorbell) -> None:
    doorbell.unheard(TaskKind.INGEST)


def create_app(centre: Centre, *, watch: bool = True) -> FastAPI:
    """Return the API over the parts of `centre`. `watch` says whether it looks for signed releases by itself."""
    pages = make_pages(centre.settings)
    watcher = Watcher(centre)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if watch:
            watcher.start()
        yield
        if watch:
            watcher.stop()
        centre.engine.dispose()

    app = FastAPI(
        title="Songtan",
        version="1",
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,  # its page would fetch scripts from another host
        redoc_url=None,
        lifespan=lifespan,
        responses={"default": {"model": Problem, "description": "What was wrong, and what to do"}},
    )
    app.state.centre, app.state.pages, app.state.watcher = centre, pages, watcher
    errors.install(app, pages)
    for module in (
        session, accounts, courses, sources, captions, attachments, jobs, publications, nodes, node_protocol, health,
    ):  # fmt: skip
        app.include_router(module.router)
    install_pages(app)
    app.routes.extend(pages.assets.routes())
    app.add_middleware(BodyLimit, attachment_bytes=centre.settings.attachment_max_bytes)
    app.add_middleware(LastLine, pages=pages)
    app.add_middleware(RequestMetrics, registry=centre.registry)
    return app


def make_pages(settings: ApiSettings) -> Pages:
    """Return what renders the pages; their scripts may send to the object store, their forms lead to the signer."""
    store = settings.s3_public_endpoint
    return Pages(
        [WEB / "templates"],
        static_dirs=[WEB / "static"],
        policy=content_security_policy(connect=[store], media=[store], form=[settings.signer_url]),
    )
