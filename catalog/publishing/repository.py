"""SQL of publications, and of what a release is made from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col

from catalog.jobs.models import Job
from catalog.jobs.repository import has_media
from catalog.publishing.models import Publication, PublicationState


def newest_media(session: Session, lesson_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the media of each lesson's newest job that has made some, by lesson; others are missing.

    A job that is still at work, or failed over a better rung, has made what its floors need; one that was cancelled is
    not wanted.
    """
    rows = session.execute(
        select(col(Job.lesson_id), col(Job.media))
        .where(col(Job.lesson_id).in_(lesson_ids), has_media())
        .ext(distinct_on(col(Job.lesson_id)))
        .order_by(col(Job.lesson_id), col(Job.created_at).desc(), col(Job.id).desc())
    )
    return {row[0]: row[1] for row in rows}


def duration_of(session: Session, lesson_id: str) -> int | None:
    """Return how long the lesson's newest media is, in ms; None before there is any."""
    media = newest_media(session, [lesson_id]).get(lesson_id)
    return int(media["duration_ms"]) if media else None


def last_number(session: Session, course_id: str) -> int:
    """Return the number of the course's last release, 0 for none."""
    query = select(func.coalesce(func.max(col(Publication.number)), 0)).where(col(Publication.course_id) == course_id)
    return int(session.scalars(query).one())


def publication(session: Session, publication_id: str, *, lock: bool = False) -> Publication | None:
    """Return the publication."""
    return session.get(Publication, publication_id, with_for_update=lock, populate_existing=lock)


def publications_of(session: Session, course_id: str) -> Sequence[Publication]:
    """Return a course's publications, newest first."""
    return session.scalars(
        select(Publication).where(col(Publication.course_id) == course_id).order_by(col(Publication.number).desc())
    ).all()


def awaiting(session: Session, course_id: str) -> Sequence[Publication]:
    """Return a course's publications that await their signature."""
    return session.scalars(
        select(Publication).where(
            col(Publication.course_id) == course_id, col(Publication.state) == PublicationState.AWAITING_SIGNATURE
        )
    ).all()


def unsettled(session: Session, since: datetime, limit: int = 200) -> Sequence[str]:
    """Return the ids of publications whose draft may still be signed: awaited, or given up here since `since`."""
    given_up = and_(
        col(Publication.state) == PublicationState.WITHDRAWN,
        col(Publication.draft_id).is_not(None),
        col(Publication.created_at) > since,
    )
    return session.scalars(
        select(col(Publication.id))
        .where(or_(col(Publication.state) == PublicationState.AWAITING_SIGNATURE, given_up))
        .order_by(col(Publication.created_at).desc())
        .limit(limit)
    ).all()


def newest_published(session: Session, course_ids: Sequence[str]) -> dict[str, int]:
    """Return the number of the newest published release of each course; unpublished ones are missing."""
    rows = session.execute(
        select(col(Publication.course_id), func.max(col(Publication.number)))
        .where(col(Publication.course_id).in_(course_ids), col(Publication.state) == PublicationState.PUBLISHED)
        .group_by(col(Publication.course_id))
    )
    return {row[0]: row[1] for row in rows}
