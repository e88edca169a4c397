"""SQL of courses, lessons, sources, captions and attachments."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, func, select, tuple_
from sqlmodel import Session, col

from catalog.accounts.models import Partner
from catalog.courses.models import PLACE_FIELDS, Attachment, Caption, Course, Lesson, Source, SourceKind, SourceState
from catalog.paging import PAGE_SIZE, Cursor


def course(session: Session, course_id: str, *, lock: bool = False) -> Course | None:
    """Return the course; with `lock`, nobody else numbers its lessons or releases until the transaction ends."""
    return session.get(Course, course_id, with_for_update=lock, populate_existing=lock)


def courses_page(session: Session, partner_id: str | None, after: Cursor | None) -> list[tuple[Course, str]]:
    """Return up to one row more than a page of (course, partner's name), newest first."""
    query = select(Course, col(Partner.name)).join(Partner, col(Partner.id) == col(Course.partner_id))
    if partner_id:
        query = query.where(col(Course.partner_id) == partner_id)
    return [(row[0], row[1]) for row in session.execute(_paged(query, Course, after))]


def lesson(session: Session, lesson_id: str, *, lock: bool = False) -> Lesson | None:
    """Return the lesson; with `lock`, nobody else adds attachments to it until the transaction ends."""
    return session.get(Lesson, lesson_id, with_for_update={"key_share": True} if lock else None)


def lessons_of(session: Session, course_id: str) -> Sequence[Lesson]:
    """Return a course's lessons by number."""
    return session.scalars(select(Lesson).where(col(Lesson.course_id) == course_id).order_by(col(Lesson.number))).all()


def last_number(session: Session, course_id: str) -> tuple[int, int]:
    """Return (highest lesson number, count of lessons) of a course."""
    row = session.execute(
        select(func.coalesce(func.max(col(Lesson.number)), 0), func.count()).where(col(Lesson.course_id) == course_id)
    ).one()
    return row[0], row[1]


def number_taken(session: Session, course_id: str, number: int, other_than: str | None) -> bool:
    """Say whether another lesson of the course has this number."""
    query = select(col(Lesson.id)).where(col(Lesson.course_id) == course_id, col(Lesson.number) == number)
    found = session.scalars(query).one_or_none()
    return found is not None and found != other_than


_LISTED = (
    select(
        *(getattr(Lesson, name) for name in ("id", "course_id", "partner_id", "number", "title", "created_at")),
        col(Course.title),
        col(Partner.name),
        *(getattr(Lesson, name) for name in PLACE_FIELDS),
    )
    .join(Course, col(Course.id) == col(Lesson.course_id))
    .join(Partner, col(Partner.id) == col(Lesson.partner_id))
)


def lessons_page(session: Session, wanted: dict[str, str], after: Cursor | None) -> Sequence[Row[Any]]:
    """Return up to one row more than a page of lessons as plain rows, newest first.

    The columns are id, course_id, partner_id, number, title, created_at, course's title, partner's name, and those
    of the place in the order of `PLACE_FIELDS`. `wanted` maps columns of lessons to values.
    """
    query = _LISTED
    for column, value in wanted.items():
        query = query.where(getattr(Lesson, column) == value)
    return session.execute(_paged(query, Lesson, after)).all()


def _paged(query: Any, table: type[Course] | type[Lesson], after: Cursor | None) -> Any:
    key = (col(table.created_at), col(table.id))
    if after is not None:
        query = query.where(tuple_(*key) < tuple_(after.created_at, after.id))
    return query.order_by(*(part.desc() for part in key)).limit(PAGE_SIZE + 1)


def source(session: Session, source_id: str, *, lock: bool = False) -> Source | None:
    """Return the source; with `lock`, nobody else changes it until the transaction ends."""
    return session.get(Source, source_id, with_for_update=lock, populate_existing=lock)


def sources_of(session: Session, lesson_id: str) -> Sequence[Source]:
    """Return a lesson's sources, newest first."""
    return session.scalars(
        select(Source)
        .where(col(Source.lesson_id) == lesson_id)
        .order_by(col(Source.created_at).desc(), col(Source.id).desc())
    ).all()


def newest_whole(session: Session, lesson_id: str, kind: SourceKind) -> Source | None:
    """Return the lesson's source of this kind that was completed last."""
    return session.scalars(
        select(Source)
        .where(col(Source.lesson_id) == lesson_id, col(Source.kind) == kind, col(Source.state) == SourceState.UPLOADED)
        .order_by(col(Source.uploaded_at).desc(), col(Source.id).desc())
        .limit(1)
    ).one_or_none()


def unfinished_source(session: Session, lesson_id: str, kind: SourceKind, name: str, size: int) -> Source | None:
    """Return the newest upload of such a file that was begun and not ended."""
    return session.scalars(
        select(Source)
        .where(
            col(Source.lesson_id) == lesson_id,
            col(Source.kind) == kind,
            col(Source.name) == name,
            col(Source.size) == size,
            col(Source.state) == SourceState.UPLOADING,
        )
        .order_by(col(Source.created_at).desc())
        .limit(1)
    ).one_or_none()


def captions_of(session: Session, lesson_ids: Sequence[str]) -> Sequence[Caption]:
    """Return the captions of some lessons, by language."""
    return session.scalars(
        select(Caption).where(col(Caption.lesson_id).in_(lesson_ids)).order_by(col(Caption.language))
    ).all()


def caption(session: Session, lesson_id: str, language: str) -> Caption | None:
    """Return a lesson's captions in one language."""
    return session.scalars(
        select(Caption).where(col(Caption.lesson_id) == lesson_id, col(Caption.language) == language)
    ).one_or_none()


def delete_caption(session: Session, lesson_id: str, language: str) -> bool:
    """Forget a lesson's captions in one language; say whether there were any."""
    found = session.execute(
        delete(Caption)
        .where(col(Caption.lesson_id) == lesson_id, col(Caption.language) == language)
        .returning(col(Caption.id))
    )
    return found.first() is not None


def attachments_of(session: Session, lesson_ids: Sequence[str]) -> Sequence[Attachment]:
    """Return the attachments of some lessons, by name."""
    return session.scalars(
        select(Attachment).where(col(Attachment.lesson_id).in_(lesson_ids)).order_by(col(Attachment.name))
    ).all()


def attachment(session: Session, lesson_id: str, name: str) -> Attachment | None:
    """Return a lesson's attachment of this name."""
    return session.scalars(
        select(Attachment).where(col(Attachment.lesson_id) == lesson_id, col(Attachment.name) == name)
    ).one_or_none()


def attached_bytes(session: Session, course_id: str) -> int:
    """Return what the attachments of a course's lessons take; what two lessons share is there once."""
    files = (
        select(col(Attachment.sha256), func.max(col(Attachment.length)).label("length"))
        .join(Lesson, col(Lesson.id) == col(Attachment.lesson_id))
        .where(col(Lesson.course_id) == course_id)
        .group_by(col(Attachment.sha256))
        .subquery()
    )
    return int(session.scalars(select(func.coalesce(func.sum(files.c.length), 0))).one())
