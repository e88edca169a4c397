"""The pages of publishing: what a release will hold, the way to the signer, and what became of it."""

from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import Response

from api.web.desk import Desk, TheDesk, TheForm, ThePartner, Viewer, see_other, show
from api.web.views import best_bytes, place_words
from catalog.courses import service as courses
from catalog.db import utc_now
from catalog.formats.errors import AppError
from catalog.overview.lessons import lessons_made, reach_of
from catalog.publishing.errors import NothingToPublish
from catalog.publishing.models import PublicationState
from catalog.publishing.service import draft_release, find_publication, publish

router = APIRouter(prefix="/partner", include_in_schema=False)


@router.get("/courses/{course_id}/publish")
def publish_page(request: Request, desk: TheDesk, viewer: ThePartner, course_id: str) -> Response:
    """Show what the next release would hold."""
    return _publish_page(request, desk, viewer, course_id)


def _publish_page(
    request: Request, desk: Desk, viewer: Viewer, course_id: str, error: AppError | None = None
) -> Response:
    with desk.centre.session() as session:
        course = courses.find_course(session, viewer.person, course_id, change=True)
        context: dict[str, Any] = {"number": 0, "inside": [], "left_out": [], "growing": 0}
        try:
            release, left_out = draft_release(session, course, utc_now())
        except NothingToPublish:
            pass
        except AppError as found:
            error = error or found
        else:
            made = lessons_made(session, [lesson.id for lesson in release.lessons])
            context = {
                "number": release.number,
                "growing": sum(not one.whole for one in made.values()),
                "left_out": [{"id": o.lesson_id, "number": o.number, "title": o.title} for o in left_out],
                "inside": [
                    {"number": lesson.number, "title": lesson.title, "seconds": lesson.media.duration_ms / 1000}
                    | {"captions": len(lesson.captions), "bytes": best_bytes(lesson.media)}
                    | {"growing": not made[lesson.id].whole}
                    for lesson in release.lessons
                ],
            }
    shown = {"id": course.id, "title": course.title, "place": place_words(courses.place_of(course))}
    return show(request, desk, viewer, "partner/publish.html", section="courses", course=shown, error=error, **context)


@router.post("/courses/{course_id}/publish")
def draw_up(request: Request, desk: TheDesk, viewer: ThePartner, course_id: str, _sent: TheForm) -> Response:
    """Hand the release to the signer and show the way there."""
    try:
        with desk.centre.session() as session:
            publication, _ = publish(session, desk.centre.signer, viewer.person, course_id)
    except AppError as error:
        return _publish_page(request, desk, viewer, course_id, error)
    return see_other(f"/partner/releases/{publication.id}")


@router.get("/releases/{publication_id}")
def release_page(request: Request, desk: TheDesk, viewer: ThePartner, publication_id: str) -> Response:
    """Show a release: where to sign it, or what became of it."""
    with desk.centre.session() as session:
        context = _release(session, viewer, publication_id)
    waits = context["release"]["state"] == PublicationState.AWAITING_SIGNATURE
    return show(
        request, desk, viewer, "partner/release.html", section="courses", refresh_s=5 if waits else None, **context
    )


@router.get("/releases/{publication_id}/live")
def release_live(request: Request, desk: TheDesk, viewer: ThePartner, publication_id: str) -> Response:
    """Return just the release's state, for the page that waits for a signature."""
    desk.centre.wake_watcher()
    with desk.centre.session() as session:
        context = _release(session, viewer, publication_id)
    answer = show(request, desk, viewer, "partner/release_live.html", **context)
    if context["release"]["state"] != PublicationState.AWAITING_SIGNATURE:
        answer.headers["Songtan-Live"] = "reload"
    return answer


def _release(session: Session, viewer: Viewer, publication_id: str) -> dict[str, Any]:
    publication = find_publication(session, viewer.person, publication_id)
    course = courses.find_course(session, viewer.person, publication.course_id)
    origin = urlsplit(publication.sign_url or "")
    return {
        "course": {"id": course.id, "title": course.title, "place": place_words(courses.place_of(course))},
        "release": {
            "id": publication.id,
            "number": publication.number,
            "state": publication.state,
            "sign_url": publication.sign_url,
            "sign_origin": f"{origin.scheme}://{origin.netloc}",
            "at": publication.published_at,
            "lessons": publication.lessons,
            "reason": publication.reason,
            "nodes": reach_of(session, course.id, publication.number).nodes,
        },
    }
