"""Courses and lessons."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import JSONResponse

from api.errors import problems
from api.security import CentreDep, PersonDep
from catalog.courses import service
from catalog.courses.schemas import BudgetIn, CourseIn, CourseOut, LessonFilter, LessonIn, LessonOut
from catalog.formats.ids import Id
from catalog.paging import parse_cursor

router = APIRouter(prefix="/api", tags=["courses"], responses=problems(401, 422, 503))

CursorQuery = Annotated[str | None, Query(max_length=200, description="`next` of the page before")]


class CoursePage(BaseModel):
    """Up to 50 courses, newest first; `next` is the cursor of the next page, null after the last."""

    courses: list[CourseOut]
    next: str | None


class Lessons(BaseModel):
    """A course's lessons by number."""

    lessons: list[LessonOut]


class ListedLesson(LessonOut):
    """A lesson with the names around it."""

    course_title: str
    partner_name: str


class LessonPage(BaseModel):
    """Up to 50 lessons, newest first; `next` is the cursor of the next page, null after the last."""

    lessons: list[ListedLesson]
    next: str | None


class LessonQuery(LessonFilter):
    """What narrows the list of lessons."""

    model_config = {"extra": "forbid"}

    cursor: str | None = None
    lang: str | None = None


@router.get("/courses")
def list_courses(
    person: PersonDep, centre: CentreDep, cursor: CursorQuery = None, partner_id: Id | None = None
) -> CoursePage:
    """List courses, newest first. A partner's account sees its own."""
    after = parse_cursor(cursor)
    with centre.session() as session:
        page = service.list_courses(session, person, after, partner_id)
    return CoursePage(courses=page.rows, next=page.next)


@router.post("/courses", status_code=201, responses=problems(403, 404))
def create_course(new: CourseIn, person: PersonDep, centre: CentreDep) -> CourseOut:
    """Create a course."""
    with centre.session() as session:
        return service.create_course(session, person, new)


@router.get("/courses/{course_id}", responses=problems(404))
def get_course(course_id: Id, person: PersonDep, centre: CentreDep) -> CourseOut:
    """Return a course."""
    with centre.session() as session:
        return service.get_course(session, person, course_id)


@router.put("/courses/{course_id}", responses=problems(403, 404))
def change_course(course_id: Id, new: CourseIn, person: PersonDep, centre: CentreDep) -> CourseOut:
    """Change a course's title, description and place. Schools see it with the next release."""
    with centre.session() as session:
        return service.change_course(session, person, course_id, new)


@router.put("/courses/{course_id}/budget", responses=problems(403, 404))
def set_budget(course_id: Id, new: BudgetIn, person: PersonDep, centre: CentreDep) -> CourseOut:
    """Set what a school may fetch for the whole course in one tier, or null for no budget.

    The lessons share it by their length, pictures before sound: the best rung goes first, and what was given up is
    said of each job. Lessons that are encoded from now on keep to it; those that are made stay as they are.
    """
    with centre.session() as session:
        return service.set_budget(session, person, course_id, new.budget_bytes)


@router.get("/courses/{course_id}/lessons", responses=problems(404))
def list_course_lessons(course_id: Id, person: PersonDep, centre: CentreDep) -> Lessons:
    """List a course's lessons by number."""
    with centre.session() as session:
        rows = service.lessons_of_course(session, person, course_id)
    return Lessons(lessons=[service.lesson_out(row) for row in rows])


@router.post("/courses/{course_id}/lessons", status_code=201, responses=problems(403, 404, 409))
def create_lesson(course_id: Id, new: LessonIn, person: PersonDep, centre: CentreDep) -> LessonOut:
    """Add a lesson to a course; without a number it comes last."""
    with centre.session() as session:
        return service.lesson_out(service.create_lesson(session, person, course_id, new))


@router.get("/lessons", response_model=LessonPage)
def list_lessons(query: Annotated[LessonQuery, Query()], person: PersonDep, centre: CentreDep) -> JSONResponse:
    """List lessons, newest first, narrowed by curriculum place, course or partner. A partner's account sees its own."""
    after = parse_cursor(query.cursor)
    wanted = LessonFilter.model_construct(**query.model_dump(exclude={"cursor", "lang"}))
    with centre.session() as session:
        page = service.list_lessons(session, person, wanted, after)
    return JSONResponse({"lessons": page.rows, "next": page.next})


@router.get("/lessons/{lesson_id}", responses=problems(404))
def get_lesson(lesson_id: Id, person: PersonDep, centre: CentreDep) -> LessonOut:
    """Return a lesson."""
    with centre.session() as session:
        return service.lesson_out(service.find_lesson(session, person, lesson_id))


@router.put("/lessons/{lesson_id}", responses=problems(403, 404, 409))
def change_lesson(lesson_id: Id, new: LessonIn, person: PersonDep, centre: CentreDep) -> LessonOut:
    """Change a lesson's title, number and place; what is left out stays. Its id is for ever."""
    with centre.session() as session:
        return service.lesson_out(service.change_lesson(session, person, lesson_id, new))
