"""The page of a lesson: how it stands, and another try; `captions.py` and `attachments.py` have the forms of those."""

from typing import Any

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import Response

from api.web.caption_views import RATES, CaptionsForm, captions_look
from api.web.desk import Desk, TheDesk, TheForm, ThePartner, Viewer, see_other, show
from api.web.made import made_view
from api.web.views import any_moving, place_words, state_view
from catalog.courses import service as courses
from catalog.courses.attachments.service import attachments_of_lesson
from catalog.courses.captions.service import captions_of_lesson
from catalog.courses.languages import CAPTION_LANGUAGES
from catalog.courses.models import SourceKind, SourceState
from catalog.courses.uploads import (
    MAX_DECK_BYTES,
    MAX_SOURCE_BYTES,
    deck_of_lesson,
    parts_held,
    remove_decks,
    sources_of_lesson,
)
from catalog.formats.attachments import KINDS
from catalog.formats.errors import AppError
from catalog.jobs.service import cancel_job, find_job, retry_job, ring_job
from catalog.overview.lessons import lesson_states, lessons_made
from catalog.storage.base import NoSuchUpload

ATTACHMENT_ENDINGS = ",".join(f".{ending}" for endings in KINDS.values() for ending in endings)

router = APIRouter(prefix="/partner/lessons/{lesson_id}", include_in_schema=False)


@router.get("")
def lesson_page(request: Request, desk: TheDesk, viewer: ThePartner, lesson_id: str) -> Response:
    """Show a lesson."""
    return show_lesson(request, desk, viewer, lesson_id)


@router.get("/live")
def lesson_live(request: Request, desk: TheDesk, viewer: ThePartner, lesson_id: str) -> Response:
    """Return just how the video stands, for the page that watches it; it is to reload when nothing moves any more."""
    with desk.centre.session() as session:
        context = _video(session, desk, request, viewer, lesson_id)
    answer = show(request, desk, viewer, "partner/lesson_live.html", **context)
    if not context["moving"]:
        answer.headers["Songtan-Live"] = "reload"
    return answer


def show_lesson(
    request: Request, desk: Desk, viewer: Viewer, lesson_id: str, form: CaptionsForm | None = None, **wrong: Any
) -> Response:
    """Answer with the lesson's page; `form` is what stands in the form for captions, `wrong` what is said of it."""
    with desk.centre.session() as session:
        context = _video(session, desk, request, viewer, lesson_id)
        captions = captions_of_lesson(session, viewer.person, lesson_id)
        attachments = attachments_of_lesson(session, viewer.person, lesson_id)
        look = captions_look(session, desk, request, viewer, lesson_id)
        upload = _upload(session, desk, viewer, lesson_id, context, SourceKind.RECORDING)
        deck = deck_of_lesson(session, viewer.person, lesson_id)
    return show(
        request,
        desk,
        viewer,
        "partner/lesson.html",
        section="courses",
        captions=captions,
        caption_languages=list(CAPTION_LANGUAGES.items()),
        caption_rates=RATES,
        caption_form=form or CaptionsForm(),
        caption_look=look,
        attachments=attachments,
        attachment_endings=ATTACHMENT_ENDINGS,
        attachment_limit=desk.centre.settings.attachment_max_bytes,
        upload=upload,
        deck=deck,
        refresh_s=5 if context["moving"] else None,
        **context,
        **wrong,
    )


def _video(session: Session, desk: Desk, request: Request, viewer: Viewer, lesson_id: str) -> dict[str, Any]:
    language = desk.pages.language(request)
    lesson = courses.find_lesson(session, viewer.person, lesson_id)
    course = courses.find_course(session, viewer.person, lesson.course_id)
    state = lesson_states(session, course.id, [lesson])[lesson.id]
    listed = sources_of_lesson(session, viewer.person, lesson.id)
    sources = [s for s in listed if s.kind is SourceKind.RECORDING]
    wanted = state.job.source_id if state.job else None
    source = next((s for s in sources if s.id == wanted), sources[0] if sources else None)
    made = lessons_made(session, [lesson.id]).get(lesson.id)
    poster = made.media.poster if made else None
    place = place_words(courses.place_of(lesson), lesson.unit)
    return {
        "lesson": {"id": lesson.id, "number": lesson.number, "title": lesson.title, "over": place}
        | {"state": state_view(state, language)},
        "course": course,
        "source": source,
        "moving": any_moving([state]),
        "can_change": courses.may_change(viewer.person, course.partner_id),
        "poster": f"{desk.centre.settings.store_url}/blobs/{poster.sha256}" if poster else None,
        "made": made_view(made, language) if made else None,
        "made_before": bool(made and state.job and made.job_id != state.job.job_id),
    }


def _upload(
    session: Session, desk: Desk, viewer: Viewer, lesson_id: str, context: dict[str, Any], kind: SourceKind
) -> dict[str, Any]:
    """Say whether a video (or a deck) may be uploaded now, and which upload was begun and not ended."""
    unfinished = None
    for source in sources_of_lesson(session, viewer.person, lesson_id):
        if source.kind is kind and source.state == SourceState.UPLOADING and context["can_change"]:
            try:
                held = parts_held(session, desk.centre.store, viewer.person, source.id)
            except NoSuchUpload:
                continue
            sent = sum(part.length for part in held)
            unfinished = {"id": source.id, "name": source.name, "size": source.size, "sent": sent}
            break
    return {
        "kind": kind,
        "open": context["can_change"] and (kind is SourceKind.DECK or not context["moving"]),
        "first": context["lesson"]["state"].kind in ("empty", "uploading"),
        "unfinished": unfinished,
        "limit": MAX_DECK_BYTES if kind is SourceKind.DECK else MAX_SOURCE_BYTES,
    }


@router.get("/deck")
def deck_page(request: Request, desk: TheDesk, viewer: ThePartner, lesson_id: str) -> Response:
    """Show where a deck is uploaded."""
    with desk.centre.session() as session:
        context = _video(session, desk, request, viewer, lesson_id)
        upload = _upload(session, desk, viewer, lesson_id, context, SourceKind.DECK)
        deck = deck_of_lesson(session, viewer.person, lesson_id)
    return show(request, desk, viewer, "partner/deck.html", section="courses", upload=upload, deck=deck, **context)


@router.post("/deck/remove")
def remove_deck(desk: TheDesk, viewer: ThePartner, lesson_id: str, _sent: TheForm) -> Response:
    """Leave the deck out of the lesson's next job."""
    with desk.centre.session() as session:
        remove_decks(session, viewer.person, lesson_id)
    return see_other(f"/partner/lessons/{lesson_id}?said=deck-removed")


@router.post("/retry")
def retry(request: Request, desk: TheDesk, viewer: ThePartner, lesson_id: str, _sent: TheForm) -> Response:
    """Try the newest job again."""
    try:
        with desk.centre.session() as session:
            lesson = courses.find_lesson(session, viewer.person, lesson_id, change=True)
            state = lesson_states(session, lesson.course_id, [lesson])[lesson.id]
            job = find_job(session, state.job.job_id if state.job else "")
            at_work = retry_job(session, job.id).id
    except AppError as error:
        return show_lesson(request, desk, viewer, lesson_id, error=error)
    with desk.centre.session() as session:
        ring_job(session, desk.centre.doorbell, at_work)
    return see_other(f"/partner/lessons/{lesson_id}?said=retried")


@router.post("/cancel")
def cancel(request: Request, desk: TheDesk, viewer: ThePartner, lesson_id: str, _sent: TheForm) -> Response:
    """Stop the newest job."""
    try:
        with desk.centre.session() as session:
            lesson = courses.find_lesson(session, viewer.person, lesson_id, change=True)
            state = lesson_states(session, lesson.course_id, [lesson])[lesson.id]
            cancel_job(session, state.job.job_id if state.job else "")
    except AppError as error:
        return show_lesson(request, desk, viewer, lesson_id, error=error)
    return see_other(f"/partner/lessons/{lesson_id}?said=stopped")
