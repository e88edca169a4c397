"""Every error becomes problem+json (RFC 9457) for programs, and a page for people at a browser."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, IntegrityError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.formats.errors import N_, AppError
from catalog.look.language import LANGUAGE_COOKIE, Language, negotiate_language, translate_error
from catalog.look.pages import Pages

log = structlog.get_logger(__name__)

PROBLEM = "application/problem+json"
RETRY_SECONDS = 10


class Problem(BaseModel):
    """An error as RFC 9457 has it. `code` is stable; `detail` says what was wrong and what to do, in your language."""

    type: str = Field(examples=["urn:songtan:problem:lesson.unknown"])
    title: str
    status: int
    detail: str
    code: str = Field(examples=["lesson.unknown"])
    data: dict[str, Any]


class NoSuchAddress(AppError):
    """No route has this path."""

    code = "request.no-such-address"
    status = 404
    message = N_("There is nothing at this address. Check it, or begin at the first page.")


class WrongMethod(AppError):
    """The route does not take this method."""

    code = "request.wrong-method"
    status = 405
    message = N_("This address does not take %(method)s requests.")


class NotUnderstood(AppError):
    """A request that cannot be read at all."""

    code = "request.not-understood"
    status = 400
    message = N_("The request could not be read: %(why)s. Send valid JSON in UTF-8.")


class WrongContentType(AppError):
    """A body that is not the JSON that the route takes."""

    code = "request.wrong-content-type"
    status = 415
    message = N_("The body is %(given)s; this address takes application/json.")


class BadField(AppError):
    """A field of the request that is missing or wrong; `fields` has all of them, the message the first."""

    code = "request.bad-field"
    status = 422
    message = N_("%(field)s: %(why)s. Correct it and send it again.")


class FieldMissing(BadField):
    """A field that must be there and is not."""

    message = N_("%(field)s is missing. Fill it in and send it again.")


class FieldTooShort(BadField):
    """A text with too few characters; often it is empty."""

    message = N_("%(field)s is empty or too short: it has %(limit)s characters at least. Fill it in and send it again.")


class FieldTooLong(BadField):
    """A text with too many characters."""

    message = N_("%(field)s is too long: it has %(limit)s characters at most. Shorten it and send it again.")


class FieldNotClean(BadField):
    """A text with line breaks or control characters where none can be."""

    message = N_("%(field)s must be one line without control characters. Type it instead of pasting it.")


class FieldUnknown(BadField):
    """A field that the route does not have: a slip in its name, most often."""

    message = N_("%(field)s is not a field of this request. Check how it is spelt.")


class BadValue(AppError):
    """A value that the database cannot hold, which no check before it caught."""

    code = "request.bad-value"
    status = 422
    message = N_("A value in the request is out of range or has characters that cannot be stored. Correct it.")


class Conflict(AppError):
    """Somebody else changed the same thing at the same moment."""

    code = "request.conflict"
    status = 409
    message = N_("Somebody changed the same thing at the same moment. Look at it again and repeat your change.")


class BodyTooLarge(AppError):
    """A body longer than the route takes; `limit` in bytes."""

    code = "request.too-large"
    status = 413
    message = N_("The request has more than %(limit)s bytes. Large files go to the object store, by an upload.")


class FileTooLarge(BodyTooLarge):
    """A body with an attachment that is far too large to be looked at."""

    message = N_(
        "The file is too large: an attachment may have %(limit)s bytes at most. Save it smaller (pictures first), "
        "or cut it in pieces."
    )


class OurFault(AppError):
    """A fault of the program itself; the log has the traceback under the request's id."""

    code = "api.broke"
    status = 500
    message = N_("The centre met a fault of its own. Try again; if it stays, tell ops the number %(request)s.")


def language_of(request: Request) -> Language:
    """Return the language to answer in."""
    return negotiate_language(
        request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language")
    )


def problem_of(error: AppError, language: Language) -> Problem:
    """Return the error as a problem document."""
    return Problem(
        type=f"urn:songtan:problem:{error.code}",
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=translate_error(error, language),
        code=error.code,
        data=error.data,
    )


def headers_of(error: AppError) -> dict[str, str]:
    """Return the headers that go with an error's status."""
    headers = {"Cache-Control": "no-store"}
    if error.status in (429, 503):
        headers["Retry-After"] = str(error.data.get("retry_after") or RETRY_SECONDS)
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="songtan"'
    return headers


def wants_page(request: Request) -> bool:
    """Say whether a person at a browser asked: outside /api, with HTML among what is accepted."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def answer_error(request: Request, error: AppError, pages: Pages) -> Response:
    """Return the error as a page or as problem+json, whichever the client asked for."""
    language = language_of(request)
    headers = headers_of(error)
    if wants_page(request):
        message = translate_error(error, language)
        page = pages.response(request, "error.html", status=error.status, message=message, code=error.code)
        page.headers.update(headers)
        return page
    body = problem_of(error, language).model_dump()
    return JSONResponse(body, error.status, {**headers, "Content-Language": language}, PROBLEM)


def _from_validation(request: Request, error: RequestValidationError) -> AppError:
    faults = error.errors()
    first = faults[0]
    if first["type"] == "json_invalid":
        return NotUnderstood(why="it is not valid JSON")
    given = request.headers.get("content-type", "")
    if tuple(first["loc"]) == ("body",) and "json" not in given:
        if first["type"] == "missing":
            return NotUnderstood(why="the body is missing")
        return WrongContentType(given=given[:100] or "of no stated type")
    return _bad_field(first)


def _bad_field(fault: dict[str, Any]) -> BadField:
    """Say the commonest faults in the reader's own language; pydantic's words, which are English, say the rest."""
    field, kind, context = _field(fault), fault["type"], fault.get("ctx", {})
    why = fault["msg"].removeprefix("Value error, ")[:300]
    if kind == "missing":
        return FieldMissing(field=field, why=why)
    if kind == "extra_forbidden":
        return FieldUnknown(field=field, why=why)
    if kind == "string_too_short":
        return FieldTooShort(field=field, why=why, limit=context["min_length"])
    if kind == "string_too_long":
        return FieldTooLong(field=field, why=why, limit=context["max_length"])
    if kind == "value_error" and "control characters" in why:
        return FieldNotClean(field=field, why=why)
    return BadField(field=field, why=why)


def _field(fault: dict[str, Any]) -> str:
    where = [str(part) for part in fault["loc"]]
    if len(where) > 1 and where[0] in ("body", "query", "path", "header"):
        where = where[1:]
    return ".".join(where)[:200]


def _from_http(request: Request, error: HTTPException) -> AppError:
    if isinstance(error.__cause__, AppError):
        return error.__cause__
    if error.status_code == HTTPStatus.NOT_FOUND:
        return NoSuchAddress()
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return WrongMethod(method=request.method[:20])
    return NotUnderstood(why=str(error.detail)[:200])


def install(app: FastAPI, pages: Pages) -> None:
    """Have every error of the app answered as above."""

    def handler(turn: Callable[[Request, Any], AppError]) -> Callable[[Request, Exception], Response]:
        def handle(request: Request, error: Exception) -> Response:
            return answer_error(request, turn(request, error), pages)

        return handle

    app.add_exception_handler(AppError, handler(lambda _, error: error))
    app.add_exception_handler(RequestValidationError, handler(_from_validation))
    app.add_exception_handler(HTTPException, handler(_from_http))
    app.add_exception_handler(DataError, handler(lambda *_: BadValue()))
    app.add_exception_handler(IntegrityError, handler(lambda *_: Conflict()))


class LastLine:
    """ASGI middleware: our own faults are logged with their traceback and shown without it."""

    def __init__(self, app: ASGIApp, pages: Pages) -> None:
        self.app = app
        self.pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer in its place where it broke before it answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except AppError as error:
            if started:
                raise
            await answer_error(Request(scope), error, self.pages)(scope, receive, send)
        except (
            Exception
        ):  # a fault of ours: nobody above can give a page, and the number that its trace is logged under
            log.exception("request.broke", path=scope["path"])
            if started:
                raise
            number = structlog.contextvars.get_contextvars().get("request", "")
            await answer_error(Request(scope), OurFault(request=number), self.pages)(scope, receive, send)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI's responses for error statuses."""
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {PROBLEM: {"schema": _SCHEMA}}}
        for status in statuses
    }


_SCHEMA = {"$ref": "#/components/schemas/Problem"}
