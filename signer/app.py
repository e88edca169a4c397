"""The signer over HTTP: drafts and directions for the API, one page for the people who sign."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC

import structlog
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from catalog.formats.errors import AppError
from catalog.formats.release import MAX_RELEASE_BYTES
from catalog.telemetry import RequestMetrics, openmetrics
from signer.directions import parse_request
from signer.drafts import Draft
from signer.errors import NoSuchMethod, NoSuchPage
from signer.metrics import SignerMetrics
from signer.pages import draft_document, error_answer, make_pages, problem, sign_page, spoken, wants_page
from signer.repository import metadata_key
from signer.requests import check_origin, check_token, read_body, read_signature
from signer.service import SignerService

log = structlog.get_logger(__name__)

MAX_DIRECTION_BYTES = 4 << 20
UPKEEP_SECONDS = 2.0


class SignerProgram:
    """The routes over a `SignerService`; `url` is the signer's own origin, as browsers see it."""

    def __init__(self, service: SignerService, url: str, token: SecretStr) -> None:
        self._service = service
        self._url = url
        self._token = token
        self._metrics = SignerMetrics()
        self._pages = make_pages()

    def app(self) -> Starlette:
        """Return the ASGI application."""
        routes = [
            Route("/drafts", self.post_draft, methods=["POST"]),
            Route("/drafts/{draft_id}", self.get_draft, methods=["GET"]),
            Route("/directions", self.post_direction, methods=["POST"]),
            Route("/root", self.get_root, methods=["GET"]),
            Route("/sign/{draft_id}", self.show, methods=["GET"]),
            Route("/sign/{draft_id}", self.sign, methods=["POST"]),
            Route("/healthz", self.healthz, methods=["GET"]),
            Route("/readyz", self.readyz, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
            *self._pages.assets.routes(),
        ]
        return Starlette(
            routes=routes,
            middleware=[Middleware(RequestMetrics, registry=self._metrics.registry)],
            exception_handlers={AppError: self._refuse, HTTPException: self._no_route},
            lifespan=self._lifespan,
        )

    async def post_draft(self, request: Request) -> Response:
        """Take a release to be signed: its encoded bytes in, where to sign it out."""
        check_token(request, self._token)
        body = await read_body(request, MAX_RELEASE_BYTES)
        draft = await run_in_threadpool(self._service.propose, body)
        self._metrics.drafts.inc()
        return JSONResponse(draft_document(draft, self._url), status_code=201)

    async def get_draft(self, request: Request) -> Response:
        """Say what became of a draft."""
        check_token(request, self._token)
        draft = await run_in_threadpool(self._service.draft, request.path_params["draft_id"])
        return JSONResponse(draft_document(draft, self._url))

    async def post_direction(self, request: Request) -> Response:
        """Sign a direction for a node."""
        check_token(request, self._token)
        asked = parse_request(await read_body(request, MAX_DIRECTION_BYTES))
        envelope = await run_in_threadpool(self._service.direction, asked)
        self._metrics.directions.inc()
        return JSONResponse(envelope)

    async def get_root(self, _request: Request) -> Response:
        """Return the first root, from which nodes start to trust. It is public."""
        statements = await run_in_threadpool(self._service.repository.load)
        return Response(statements.objects[metadata_key("root", 1)], media_type="application/json")

    async def show(self, request: Request) -> Response:
        """Show what a draft would put before children, and the form to sign it."""
        draft = await run_in_threadpool(self._service.draft, request.path_params["draft_id"])
        return await self._page(request, draft)

    async def sign(self, request: Request) -> Response:
        """Sign a draft: a form from our own page, or JSON `{signer, passphrase}` from the command line."""
        check_origin(request, self._url)
        given = await read_signature(request)
        draft_id = request.path_params["draft_id"]
        try:
            outcome = await run_in_threadpool(
                self._service.sign, draft_id, given.signer, given.passphrase.get_secret_value()
            )
        except AppError as error:
            if not wants_page(request):
                raise
            draft = await run_in_threadpool(self._service.draft, draft_id)
            self._note(error)
            return await self._page(request, draft, name=given.signer, error=error)
        self._metrics.signatures.inc()
        if wants_page(request):
            return RedirectResponse(f"/sign/{draft_id}", status_code=303)
        return JSONResponse({**draft_document(outcome.draft, self._url), "missing": outcome.missing})

    async def _page(self, request: Request, draft: Draft, *, name: str = "", error: AppError | None = None) -> Response:
        if not wants_page(request) and error is None:
            return JSONResponse(draft_document(draft, self._url))
        proposal = await run_in_threadpool(self._service.proposal, draft)
        return sign_page(self._pages, request, draft, proposal, name=name, error=error)

    async def healthz(self, _request: Request) -> Response:
        """Say that the program runs."""
        return PlainTextResponse("ok\n")

    async def readyz(self, request: Request) -> Response:
        """Say whether it can sign and reach the store; 503 with the reasons if not."""
        problems = await run_in_threadpool(self._service.problems)
        if not problems:
            return JSONResponse({"ready": True, "problems": []})
        language = spoken(request)
        documents = [bytes(problem(error, language).body).decode() for error in problems]
        return Response(
            '{"ready":false,"problems":[' + ",".join(documents) + "]}", status_code=503, media_type="application/json"
        )

    async def metrics(self, _request: Request) -> Response:
        """Return the metrics as OpenMetrics."""
        with suppress(AppError):  # a broken folder shows in /readyz; the other metrics are still worth having
            statements = await run_in_threadpool(self._service.repository.load)
            now = self._service.now()
            for role, expires in statements.trust.signed_roles().items():
                seconds = (expires.astimezone(UTC) - now).total_seconds()
                self._metrics.expires.labels(role).set(seconds)
        body, content_type = openmetrics(self._metrics.registry)
        return Response(body, headers={"Content-Type": content_type})

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        stop = asyncio.Event()
        upkeep = asyncio.create_task(self._upkeep(stop))
        yield
        stop.set()
        await upkeep

    async def _upkeep(self, stop: asyncio.Event) -> None:
        """Renew what expires, and bring the store up with what is committed, now and every few seconds."""
        failing = ""
        while not stop.is_set():
            try:
                await run_in_threadpool(self._service.tick)
                failing = ""
            except AppError as error:
                self._metrics.upkeep_failures.inc()
                if failing != str(error):
                    log.warning("upkeep.failed", code=error.code, why=str(error))
                failing = str(error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), UPKEEP_SECONDS)

    async def _refuse(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, AppError):  # it is registered for these alone
            raise error
        self._note(error)
        return error_answer(self._pages, request, error)

    async def _no_route(self, request: Request, error: Exception) -> Response:
        missing = isinstance(error, HTTPException) and error.status_code == 405
        path = request.url.path[:200]
        return error_answer(self._pages, request, NoSuchMethod(path=path) if missing else NoSuchPage(path=path))

    def _note(self, error: AppError) -> None:
        self._metrics.refusals.labels(error.code).inc()
        log.info("request.refused", code=error.code, status=error.status)
