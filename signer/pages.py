"""Answers: the page on which a person signs, problem+json for programs, and errors as either."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from catalog.formats.errors import AppError
from catalog.look.language import Language, known_language, translate, translate_error, translations
from catalog.look.pages import Pages
from catalog.look.words import RUNG_WORDS
from signer.drafts import Draft, DraftState
from signer.proposal import Proposal


def make_pages() -> Pages:
    """Return the signer's pages."""
    return Pages([Path(__file__).parent / "templates"])


def sign_page(
    pages: Pages, request: Request, draft: Draft, proposal: Proposal, *, name: str = "", error: AppError | None = None
) -> Response:
    """The page of a draft: what will be signed and, while it waits, the form; `error` says why it was not signed."""
    language = pages.language(request)
    reason = translations(language).gettext(draft.reason_message) % draft.reason_data if draft.reason_message else ""
    answer = pages.response(
        request,
        "sign.html",
        status=error.status if error else 200,
        release=proposal.release,
        proposal=proposal,
        rung_words={rung: translate(words, language) for rung, words in RUNG_WORDS.items()},
        state=draft.state.value,
        reason=reason,
        here=f"/sign/{draft.id}",
        name=name,
        error=translate_error(error, language) if error else "",
    )
    _retry_after(answer, error)
    return answer


def wants_page(request: Request) -> bool:
    """Say whether a person with a browser asks, and not a program."""
    return request.url.path.startswith("/sign/") and "text/html" in request.headers.get("accept", "")


def error_answer(pages: Pages, request: Request, error: AppError) -> Response:
    """An error as a page for people, as problem+json (RFC 9457) for programs."""
    answer: Response
    if wants_page(request):
        language = pages.language(request)
        answer = pages.response(
            request,
            "error.html",
            status=error.status,
            message=translate_error(error, language),
            code=error.code,
            back=request.url.path,
        )
    else:
        answer = problem(error, spoken(request))
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    _retry_after(answer, error)
    return answer


def spoken(request: Request) -> Language:
    """The language of a program's messages: what it asks for, else English."""
    return known_language(request.headers.get("accept-language", "").partition(",")[0]) or "en"


def problem(error: AppError, language: Language) -> JSONResponse:
    """An error as problem+json."""
    return JSONResponse(
        {
            "type": f"urn:songtan:error:{error.code}",
            "title": error.message.partition(":")[0].partition(".")[0] % error.data,
            "status": error.status,
            "detail": translate_error(error, language),
            "code": error.code,
            "data": error.data,
        },
        status_code=error.status,
        media_type="application/problem+json",
    )


def draft_document(draft: Draft, url: str) -> dict[str, object]:
    """A draft as the API sees it. One that is signed but not yet in the store still waits, for its readers."""
    state = DraftState.WAITING if draft.state is DraftState.SIGNED else draft.state
    reason = translate(draft.reason_message or "", "en", **draft.reason_data) if draft.reason_message else None
    return {
        "draft_id": draft.id,
        "sign_url": f"{url}/sign/{draft.id}",
        "state": state.value,
        "signed_by": list(draft.signed_by),
        "target_path": draft.parsed().target_path if state is DraftState.PUBLISHED else None,
        "reason": reason,
        "reason_code": draft.reason,
    }


def _retry_after(answer: Response, error: AppError | None) -> None:
    if error is not None and error.status == 429:
        answer.headers["Retry-After"] = str(error.data.get("seconds", 60))
