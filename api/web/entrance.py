"""The door: sign in, sign out, and the way to one's own pages."""

import secrets
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.errors import headers_of
from api.security import SESSION_COOKIE, clear_session_cookie, find_person, is_from_here, set_session_cookie
from api.web.desk import HOMES, Desk, TheDesk, TheForm, safe_next, see_other
from catalog.accounts.errors import ForeignOrigin, WrongPassword
from catalog.accounts.models import SessionKind
from catalog.accounts.passwords import form_token, is_form_token
from catalog.accounts.schemas import Credentials
from catalog.accounts.service import sign_in, sign_out
from catalog.formats.errors import N_, AppError
from catalog.look.language import translate, translate_error

GATE_COOKIE = "songtan_gate"
GATE_SECONDS = 24 * 3600
FORGOT = N_("No account, or the password is lost? Ask the centre's staff.")

router = APIRouter(include_in_schema=False)


@router.get("/")
def front(request: Request, desk: TheDesk) -> Response:
    """Send everybody to their own pages."""
    person = find_person(request, desk.centre)
    return see_other(HOMES[person.role] if person else "/sign-in")


@router.get("/sign-in")
def sign_in_page(request: Request, desk: TheDesk) -> Response:
    """Ask who it is."""
    return _gate(request, desk)


@router.post("/sign-in")
async def sign_in_form(request: Request, desk: TheDesk) -> Response:
    """Check name and password, and begin a session in a cookie."""
    async with request.form(max_files=0, max_fields=10) as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
    secret = request.cookies.get(GATE_COOKIE, "")
    name = fields.get("name", "")
    try:
        if not (is_from_here(request) or (secret and is_form_token(secret, fields.get("csrf_token", "")))):
            raise ForeignOrigin
        given = Credentials.model_validate({"login": name, "password": fields.get("password", "")})
        done = await run_in_threadpool(sign_in, desk.centre.engine, given, SessionKind.COOKIE)
    except ValidationError:
        return await run_in_threadpool(_gate, request, desk, name, WrongPassword())
    except AppError as error:
        return await run_in_threadpool(_gate, request, desk, name, error)
    answer = see_other(safe_next(request.query_params.get("next")) or HOMES[done.person.role])
    set_session_cookie(request, answer, done.token, done.expires_at)
    answer.delete_cookie(GATE_COOKIE)
    return answer


@router.post("/sign-out")
def sign_out_form(request: Request, desk: TheDesk, _form: TheForm) -> Response:
    """End the session."""
    with desk.centre.session() as session:
        sign_out(session, request.cookies.get(SESSION_COOKIE, ""))
    answer = see_other("/sign-in")
    clear_session_cookie(answer)
    return answer


def _gate(request: Request, desk: Desk, name: str = "", error: AppError | None = None) -> Response:
    language = desk.pages.language(request)
    secret = request.cookies.get(GATE_COOKIE) or secrets.token_urlsafe(24)
    next_page = safe_next(request.query_params.get("next"))
    answer = desk.pages.response(
        request,
        "sign_in.html",
        status=error.status if error else 200,
        action=f"/sign-in?{urlencode({'next': next_page})}" if next_page else "/sign-in",
        csrf_token=form_token(secret),
        name=name,
        error=translate_error(error, language) if error else None,
        forgot=translate(FORGOT, language),
    )
    answer.set_cookie(GATE_COOKIE, secret, max_age=GATE_SECONDS, httponly=True, samesite="lax", path="/")
    if error is not None:
        answer.headers.update(headers_of(error))
    return answer
