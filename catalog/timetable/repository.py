"""SQL of timetables."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from catalog.courses.models import Course, Lesson
from catalog.timetable.models import NodeForecast, SiteTimetable, TimetableEntry


def digest(session: Session, site_id: str) -> str:
    """Return the digest of a school's timetable; "" while it has none."""
    return session.scalars(select(col(SiteTimetable.digest)).where(col(SiteTimetable.site_id) == site_id)).first() or ""


def locked(session: Session, site_id: str) -> SiteTimetable:
    """Return the school's timetable, made if there is none, locked: its nodes are heard one after the other."""
    session.execute(insert(SiteTimetable).values(site_id=site_id, revision=0, digest="").on_conflict_do_nothing())
    return session.get_one(SiteTimetable, site_id, with_for_update=True, populate_existing=True)


def entries(session: Session, site_id: str, ids: Iterable[str] | None = None) -> Sequence[TimetableEntry]:
    """Return a school's entries by id: those of `ids`, or all."""
    query = select(TimetableEntry).where(col(TimetableEntry.site_id) == site_id).order_by(col(TimetableEntry.id))
    return session.scalars(query if ids is None else query.where(col(TimetableEntry.id).in_(list(ids)))).all()


def digests(session: Session, site_id: str) -> dict[str, str]:
    """Return the digest of each of a school's entries, by id."""
    query = select(col(TimetableEntry.id), col(TimetableEntry.digest)).where(col(TimetableEntry.site_id) == site_id)
    return {row[0]: row[1] for row in session.execute(query)}


def changed_since(session: Session, site_id: str, revision: int, limit: int) -> Sequence[TimetableEntry]:
    """Return up to `limit` entries that changed after a revision, in the order in which they did."""
    return session.scalars(
        select(TimetableEntry)
        .where(col(TimetableEntry.site_id) == site_id, col(TimetableEntry.revision) > revision)
        .order_by(col(TimetableEntry.revision))
        .limit(limit)
    ).all()


def keep_forecast(session: Session, node_id: str, made: datetime, body: dict[str, Any]) -> None:
    """Keep what a node foresees, unless something newer is here."""
    new = insert(NodeForecast).values(node_id=node_id, made=made, body=body)
    session.execute(
        new.on_conflict_do_update(
            index_elements=["node_id"],
            set_={"made": new.excluded.made, "body": new.excluded.body},
            where=col(NodeForecast.made) <= new.excluded.made,
        )
    )


def forecast(session: Session, node_id: str) -> NodeForecast | None:
    """Return what a node last foresaw."""
    return session.get(NodeForecast, node_id)


def titles(session: Session, course_ids: Iterable[str], lesson_ids: Iterable[str]) -> dict[str, tuple[int | None, str]]:
    """Return (number, title) of lessons and (None, title) of courses, by id; those that are not here are missing."""
    courses = select(col(Course.id), col(Course.title)).where(col(Course.id).in_(list(course_ids)))
    lessons = select(col(Lesson.id), col(Lesson.number), col(Lesson.title)).where(col(Lesson.id).in_(list(lesson_ids)))
    found: dict[str, tuple[int | None, str]] = {row[0]: (None, row[1]) for row in session.execute(courses)}
    return found | {row[0]: (row[1], row[2]) for row in session.execute(lessons)}
