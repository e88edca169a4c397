"""The rules of courses and lessons: who may see and change them, and how they are numbered."""

from collections.abc import Sequence
from typing import Any

import structlog
from sqlmodel import Session

from catalog.accounts.errors import NotAllowed, PartnerMissing
from catalog.accounts.models import Role
from catalog.accounts.schemas import Person
from catalog.accounts.service import find_partner
from catalog.courses import repository
from catalog.courses.errors import CourseFull, CourseUnknown, LessonNumberTaken, LessonUnknown
from catalog.courses.models import PLACE_FIELDS, Course, Lesson
from catalog.courses.schemas import CourseIn, CourseOut, LessonFilter, LessonIn, LessonOut, PlaceIn
from catalog.paging import PAGE_SIZE, Cursor, Page

log = structlog.get_logger(__name__)

MAX_LESSONS = 1000


def place_of(row: Course | Lesson) -> PlaceIn:
    """Return the place in a row's columns."""
    return PlaceIn.model_construct(**{name: getattr(row, name) for name in PLACE_FIELDS})


def may_change(person: Person, partner_id: str) -> bool:
    """Say whether the person may change what belongs to the partner: its own people, and ops."""
    return person.role is Role.OPS or (person.role is Role.PARTNER and person.partner_id == partner_id)


def may_see(person: Person, partner_id: str) -> bool:
    """Say whether the person may see what belongs to the partner: reviewers and ops see everything."""
    return person.role is not Role.PARTNER or person.partner_id == partner_id


def create_course(session: Session, person: Person, new: CourseIn) -> CourseOut:
    """Create a course. Raises NotAllowed, PartnerMissing, PartnerUnknown."""
    partner_id = new.partner_id or person.partner_id
    if partner_id is None:
        raise PartnerMissing
    if not may_change(person, partner_id):
        raise NotAllowed(role=person.role, need="partner / ops")
    partner = find_partner(session, partner_id)
    course = Course(
        partner_id=partner_id, title=new.title, description=new.description, budget_bytes=new.budget_bytes,
        **new.place.model_dump(),
    )  # fmt: skip
    session.add(course)
    session.flush()
    log.info("course.created", course=course.id, partner=partner_id)
    return course_out(course, partner.name)


def course_out(course: Course, partner_name: str) -> CourseOut:
    """Return what the outside says of a course."""
    return CourseOut.model_construct(
        id=course.id,
        partner_id=course.partner_id,
        partner_name=partner_name,
        title=course.title,
        description=course.description,
        place=place_of(course),
        budget_bytes=course.budget_bytes,
        created_at=course.created_at,
    )


def find_course(
    session: Session, person: Person, course_id: str, *, change: bool = False, lock: bool = False
) -> Course:
    """Return a course that the person may see, or `change`. Raises CourseUnknown, NotAllowed."""
    course = repository.course(session, course_id, lock=lock)
    if course is None or not may_see(person, course.partner_id):
        raise CourseUnknown(course=course_id)
    if change and not may_change(person, course.partner_id):
        raise NotAllowed(role=person.role, need="partner / ops")
    return course


def get_course(session: Session, person: Person, course_id: str) -> CourseOut:
    """Return a course. Raises CourseUnknown."""
    course = find_course(session, person, course_id)
    return course_out(course, find_partner(session, course.partner_id).name)


def change_course(session: Session, person: Person, course_id: str, new: CourseIn) -> CourseOut:
    """Change a course's words, and its budget if one is given; its partner stays. Raises CourseUnknown, NotAllowed."""
    course = find_course(session, person, course_id, change=True)
    course.title, course.description = new.title, new.description
    for name, value in new.place.model_dump().items():
        setattr(course, name, value)
    if "budget_bytes" in new.model_fields_set:
        course.budget_bytes = new.budget_bytes
    session.add(course)
    return course_out(course, find_partner(session, course.partner_id).name)


def set_budget(session: Session, person: Person, course_id: str, budget_bytes: int | None) -> CourseOut:
    """Set what the course may cost who holds it all in one tier, in bytes; None for no budget.

    Lessons that are looked at from now on keep to it; those that are made stay as they are. Raises CourseUnknown,
    NotAllowed.
    """
    course = find_course(session, person, course_id, change=True)
    course.budget_bytes = budget_bytes
    session.add(course)
    log.info("course.budget-set", course=course_id, bytes=budget_bytes)
    return course_out(course, find_partner(session, course.partner_id).name)


def list_courses(
    session: Session, person: Person, after: Cursor | None = None, partner_id: str | None = None
) -> Page[CourseOut]:
    """Return a page of the courses that the person may see, newest first."""
    wanted = person.partner_id if person.role is Role.PARTNER else partner_id
    rows = repository.courses_page(session, wanted, after)
    courses = [course_out(course, name) for course, name in rows[:PAGE_SIZE]]
    return Page(courses, _next(rows, [course for course, _ in rows]))


def create_lesson(session: Session, person: Person, course_id: str, new: LessonIn) -> Lesson:
    """Add a lesson to a course. Raises CourseUnknown, NotAllowed, LessonNumberTaken, CourseFull."""
    course = find_course(session, person, course_id, change=True, lock=True)
    highest, count = repository.last_number(session, course_id)
    number = new.number or highest + 1
    if count >= MAX_LESSONS or number > 10_000:
        raise CourseFull(limit=MAX_LESSONS)
    if repository.number_taken(session, course_id, number, None):
        raise LessonNumberTaken(number=number)
    place = new.place or place_of(course)
    lesson = Lesson(
        course_id=course_id, partner_id=course.partner_id, number=number, title=new.title, **place.model_dump()
    )
    session.add(lesson)
    session.flush()
    log.info("lesson.created", lesson=lesson.id, course=course_id)
    return lesson


def find_lesson(session: Session, person: Person, lesson_id: str, *, change: bool = False) -> Lesson:
    """Return a lesson that the person may see, or `change`. Raises LessonUnknown, NotAllowed."""
    lesson = repository.lesson(session, lesson_id)
    if lesson is None or not may_see(person, lesson.partner_id):
        raise LessonUnknown(lesson=lesson_id)
    if change and not may_change(person, lesson.partner_id):
        raise NotAllowed(role=person.role, need="partner / ops")
    return lesson


def lesson_out(lesson: Lesson) -> LessonOut:
    """Return what the outside says of a lesson."""
    return LessonOut.model_construct(
        id=lesson.id,
        course_id=lesson.course_id,
        partner_id=lesson.partner_id,
        number=lesson.number,
        title=lesson.title,
        place=place_of(lesson),
        created_at=lesson.created_at,
    )


def change_lesson(session: Session, person: Person, lesson_id: str, new: LessonIn) -> Lesson:
    """Change a lesson's words; what is left out stays. Raises LessonUnknown, NotAllowed, LessonNumberTaken."""
    lesson = find_lesson(session, person, lesson_id, change=True)
    repository.course(session, lesson.course_id, lock=True)
    if new.number is not None:
        if repository.number_taken(session, lesson.course_id, new.number, lesson.id):
            raise LessonNumberTaken(number=new.number)
        lesson.number = new.number
    lesson.title = new.title
    for name, value in (new.place.model_dump() if new.place else {}).items():
        setattr(lesson, name, value)
    session.add(lesson)
    return lesson


def lessons_of_course(session: Session, person: Person, course_id: str) -> Sequence[Lesson]:
    """Return a course's lessons by number. Raises CourseUnknown."""
    find_course(session, person, course_id)
    return repository.lessons_of(session, course_id)


def list_lessons(session: Session, person: Person, wanted: LessonFilter, after: Cursor | None) -> Page[dict[str, Any]]:
    """Return a page of the lessons that the person may see, newest first, as plain JSON objects.

    Each has the fields of `LessonOut` and `course_title`, `partner_name`. Plain objects, because this page is
    asked for more often than any other and a model for each row would cost more than the query.
    """
    filters = wanted.model_dump(exclude_none=True)
    if person.role is Role.PARTNER:
        filters["partner_id"] = person.partner_id
    rows = repository.lessons_page(session, filters, after)
    return Page([_listed(row) for row in rows[:PAGE_SIZE]], _next(rows, rows))


def _listed(row: Any) -> dict[str, Any]:
    lesson, course, partner, number, title, created, course_title, partner_name, *place = row
    return {
        "id": lesson,
        "course_id": course,
        "partner_id": partner,
        "number": number,
        "title": title,
        "place": dict(zip(PLACE_FIELDS, place, strict=True)),
        "created_at": created.isoformat().replace("+00:00", "Z"),
        "course_title": course_title,
        "partner_name": partner_name,
    }


def _next(rows: Sequence[Any], keyed: Sequence[Any]) -> str | None:
    if len(rows) <= PAGE_SIZE:
        return None
    last = keyed[PAGE_SIZE - 1]
    return Cursor(last.created_at, last.id).encoded()
