"""The pages of courses: the list, a new one, one with its lessons, and adding a lesson."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import Response

from api.web.course_use import course_use, no_budget_words, parse_budget
from api.web.desk import Desk, Faults, Fields, TheDesk, TheForm, ThePartner, Viewer, faults_of, see_other, show
from api.web.partner.curriculum import CHOICES
from api.web.views import any_moving, place_words, state_view
from catalog.courses import service as courses
from catalog.courses.repository import attached_bytes
from catalog.courses.schemas import CourseIn, CourseOut, LessonIn, PlaceIn
from catalog.formats.errors import N_, AppError
from catalog.look.language import translate
from catalog.overview.lessons import course_states, lesson_states, lessons_made, reach_of
from catalog.paging import parse_cursor
from catalog.publishing.models import PublicationState
from catalog.publishing.service import publications_of_course

LESSONS_SHOWN = 100
NO_PLACE = N_("Say the subject, or for a skills course the trade: teachers look for it by that.")

router = APIRouter(prefix="/partner", include_in_schema=False)


@router.get("/")
def list_page(request: Request, desk: TheDesk, viewer: ThePartner, after: str = "") -> Response:
    """Show one's courses."""
    with desk.centre.session() as session:
        page = courses.list_courses(session, viewer.person, parse_cursor(after))
        states = course_states(session, [course.id for course in page.rows])
    rows = [
        {"id": c.id, "title": c.title, "place": place_words(c.place), **states[c.id].model_dump()} for c in page.rows
    ]
    return show(
        request,
        desk,
        viewer,
        "partner/courses.html",
        section="courses",
        courses=rows,
        can_change=viewer.person.partner_id is not None,
        next=f"/partner/?after={page.next}" if page.next else None,
        first="/partner/" if after else None,
    )


@router.get("/courses/new")
def new_course_page(request: Request, desk: TheDesk, viewer: ThePartner) -> Response:
    """Ask for a course's words."""
    return _course_form(request, desk, viewer, Fields())


@router.post("/courses/new")
def new_course(request: Request, desk: TheDesk, viewer: ThePartner, sent: TheForm) -> Response:
    """Make a course."""
    form = sent.fields
    language = desk.pages.language(request)
    is_skill = form["kind"] == "skills"
    place = {n: form[n] for n in PlaceIn.model_fields if (n == "trade") == is_skill or form["kind"] == ""}
    try:
        new = CourseIn(title=form["title"], description=form["description"], place=PlaceIn(**place))
        new.budget_bytes = parse_budget(form["budget_mb"])
    except ValidationError as error:
        return _course_form(request, desk, viewer, form, errors=faults_of(error, language))
    except ValueError:
        faults = Faults({"budget_mb": no_budget_words(language)})
        return _course_form(request, desk, viewer, form, errors=faults)
    if not (new.place.subject or new.place.trade):
        faults = Faults({"trade" if is_skill else "subject": translate(NO_PLACE, language)})
        return _course_form(request, desk, viewer, form, errors=faults)
    try:
        with desk.centre.session() as session:
            made = courses.create_course(session, viewer.person, new)
    except AppError as error:
        return _course_form(request, desk, viewer, form, error=error)
    return see_other(f"/partner/courses/{made.id}?said=course-made")


def _course_form(request: Request, desk: Desk, viewer: Viewer, form: Fields, **wrong: Any) -> Response:
    return show(
        request, desk, viewer, "partner/course_form.html", section="new-course", form=form, choices=CHOICES, **wrong
    )


@router.get("/courses/{course_id}")
def course_page(request: Request, desk: TheDesk, viewer: ThePartner, course_id: str, after: int = 0) -> Response:
    """Show a course, how each lesson stands, what is published, and what it takes."""
    return _course_page(request, desk, viewer, course_id, after)


def _course_page(
    request: Request,
    desk: Desk,
    viewer: Viewer,
    course_id: str,
    after: int = 0,
    typed: str | None = None,
    **wrong: Any,
) -> Response:
    """Answer with a course's page; `typed` is what stands in the form for its budget, if that was wrong."""
    with desk.centre.session() as session:
        course = courses.get_course(session, viewer.person, course_id)
        context = {**_lessons(session, desk, request, viewer, course, after), **_releases(session, viewer, course)}
        ids = [row.id for row in courses.lessons_of_course(session, viewer.person, course.id)]
        made = lessons_made(session, ids)
        attached = attached_bytes(session, course.id)
    use = course_use(course.budget_bytes, len(ids), made, desk.pages.language(request), attached)
    budget_mb = use.megabytes if typed is None else typed
    return show(
        request, desk, viewer, "partner/course.html", section="courses", use=use, budget_mb=budget_mb,
        can_publish=bool(made), **context, **wrong,
    )  # fmt: skip


@router.post("/courses/{course_id}/budget")
def set_budget(request: Request, desk: TheDesk, viewer: ThePartner, course_id: str, sent: TheForm) -> Response:
    """Set what a school may fetch for the whole course."""
    typed = sent.fields["budget_mb"]
    try:
        budget_bytes = parse_budget(typed)
    except ValueError:
        faults = Faults({"budget_mb": no_budget_words(desk.pages.language(request))})
        return _course_page(request, desk, viewer, course_id, typed=typed, errors=faults)
    with desk.centre.session() as session:
        courses.set_budget(session, viewer.person, course_id, budget_bytes)
    return see_other(f"/partner/courses/{course_id}?said=budget-set")


@router.get("/courses/{course_id}/live")
def course_live(request: Request, desk: TheDesk, viewer: ThePartner, course_id: str, after: int = 0) -> Response:
    """Return just the lessons, for the page that watches them; it is to reload when nothing moves any more."""
    with desk.centre.session() as session:
        course = courses.get_course(session, viewer.person, course_id)
        context = _lessons(session, desk, request, viewer, course, after)
    answer = show(request, desk, viewer, "partner/course_live.html", **context)
    if not context["moving"]:
        answer.headers["Songtan-Live"] = "reload"
    return answer


def _lessons(
    session: Session, desk: Desk, request: Request, viewer: Viewer, course: CourseOut, after: int
) -> dict[str, Any]:
    language = desk.pages.language(request)
    lessons = [row for row in courses.lessons_of_course(session, viewer.person, course.id) if row.number > after]
    shown = lessons[:LESSONS_SHOWN]
    states = lesson_states(session, course.id, shown)
    here = f"/partner/courses/{course.id}"
    return {
        "course": {"id": course.id, "title": course.title, "description": course.description}
        | {"place": place_words(course.place)},
        "lessons": [
            {"id": row.id, "number": row.number, "title": row.title, "unit": row.unit}
            | {"state": state_view(states[row.id], language)}
            for row in shown
        ],
        "moving": any_moving(states.values()),
        "can_change": courses.may_change(viewer.person, course.partner_id),
        "after": after,
        "next": f"{here}?after={shown[-1].number}" if len(lessons) > LESSONS_SHOWN else None,
        "first": here if after else None,
    }


def _releases(session: Session, viewer: Viewer, course: CourseOut) -> dict[str, Any]:
    found = publications_of_course(session, viewer.person, course.id)
    pending = next((p for p in found if p.state == PublicationState.AWAITING_SIGNATURE), None)
    newest = next((p for p in found if p.state == PublicationState.PUBLISHED), None)
    published = None
    if newest is not None:
        reach = reach_of(session, course.id, newest.number)
        published = {"number": newest.number, "at": newest.published_at, **reach.model_dump()}
    return {
        "pending": {"id": pending.id, "number": pending.number} if pending else None,
        "published": published,
    }


@router.get("/courses/{course_id}/lessons/new")
def new_lesson_page(request: Request, desk: TheDesk, viewer: ThePartner, course_id: str) -> Response:
    """Ask for a lesson's words; its number is proposed."""
    with desk.centre.session() as session:
        rows = courses.lessons_of_course(session, viewer.person, course_id)
    form = Fields(number=str(rows[-1].number + 1 if rows else 1), unit=rows[-1].unit if rows else "")
    return _lesson_form(request, desk, viewer, course_id, form)


@router.post("/courses/{course_id}/lessons/new")
def new_lesson(request: Request, desk: TheDesk, viewer: ThePartner, course_id: str, sent: TheForm) -> Response:
    """Add a lesson; it stands where its course does."""
    form = sent.fields
    try:
        with desk.centre.session() as session:
            course = courses.get_course(session, viewer.person, course_id)
            place = course.place.model_dump() | {"unit": form["unit"]}
            new = LessonIn.model_validate({"title": form["title"], "number": form["number"] or None, "place": place})
            lesson = courses.create_lesson(session, viewer.person, course_id, new)
    except ValidationError as error:
        faults = faults_of(error, desk.pages.language(request))
        return _lesson_form(request, desk, viewer, course_id, form, errors=faults)
    except AppError as error:
        return _lesson_form(request, desk, viewer, course_id, form, error=error)
    return see_other(f"/partner/lessons/{lesson.id}?said=lesson-added")


def _lesson_form(request: Request, desk: Desk, viewer: Viewer, course_id: str, form: Fields, **wrong: Any) -> Response:
    with desk.centre.session() as session:
        course = courses.get_course(session, viewer.person, course_id)
    return show(request, desk, viewer, "partner/lesson_form.html", section="courses", course=course, form=form, **wrong)
