"""SQL of how things stand: read only, over every feature's tables."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Row,
    ScalarSelect,
    Select,
    and_,
    cast,
    column,
    func,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB, distinct_on
from sqlmodel import Session, col

from catalog.accounts.models import Partner
from catalog.courses.models import Course, Lesson, Source, SourceKind, SourceState
from catalog.formats.forecast import State
from catalog.jobs.models import Job, JobState
from catalog.jobs.repository import has_media
from catalog.nodes.models import County, Holding, Node, Site, TargetingRule
from catalog.overview.schemas import Touch
from catalog.paging import PAGE_SIZE, Cursor
from catalog.publishing.models import Publication, PublicationState
from catalog.timetable.models import NodeForecast

FRESH_WITHIN = timedelta(hours=1)
"""A node reports every few minutes while it has a line."""
SILENT_AFTER = timedelta(days=3)
"""Schools switch everything off in the evening and for the weekend: only longer silence needs a person."""

# A column of JSON holds JSON's null where nothing was ever reported, which is not SQL's.
_REPORTED = func.jsonb_typeof(col(Node.health)) == "object"
_PROBLEMS = func.coalesce(func.jsonb_array_length(col(Node.health)["problems"], type_=Integer), 0)


def touch_is(touch: Touch, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a node was last heard so."""
    seen, enrolled = col(Node.last_seen_at), col(Node.enrolled_at).is_not(None)
    return {
        Touch.NEW: col(Node.enrolled_at).is_(None),
        Touch.ENROLLED: and_(enrolled, ~func.coalesce(_REPORTED, False)),
        Touch.FRESH: and_(enrolled, _REPORTED, seen > now - FRESH_WITHIN),
        Touch.QUIET: and_(enrolled, _REPORTED, seen <= now - FRESH_WITHIN, seen > now - SILENT_AFTER),
        Touch.SILENT: and_(enrolled, _REPORTED, seen <= now - SILENT_AFTER),
    }[touch]


def newest_jobs(session: Session, lesson_ids: Sequence[str]) -> dict[str, Job]:
    """Return the newest job of each lesson that has one."""
    query = (
        select(Job)
        .where(col(Job.lesson_id).in_(lesson_ids))
        .ext(distinct_on(col(Job.lesson_id)))
        .order_by(col(Job.lesson_id), col(Job.created_at).desc(), col(Job.id).desc())
    )
    return {job.lesson_id: job for job in session.scalars(query)}


def newest_made(session: Session, lesson_ids: Sequence[str]) -> dict[str, Job]:
    """Return of each lesson the job whose media a release would hold (`newest_media`); others are missing."""
    query = (
        select(Job)
        .where(col(Job.lesson_id).in_(lesson_ids), has_media())
        .ext(distinct_on(col(Job.lesson_id)))
        .order_by(col(Job.lesson_id), col(Job.created_at).desc(), col(Job.id).desc())
    )
    return {job.lesson_id: job for job in session.scalars(query)}


def lessons_uploading(session: Session, lesson_ids: Sequence[str]) -> set[str]:
    """Return which of the lessons have an upload of a recording that was begun and not ended."""
    query = select(col(Source.lesson_id)).where(
        col(Source.lesson_id).in_(lesson_ids),
        col(Source.kind) == SourceKind.RECORDING,
        col(Source.state) == SourceState.UPLOADING,
    )
    return set(session.scalars(query))


def newest_release(session: Session, course_id: str) -> Publication | None:
    """Return the course's newest published release."""
    query = (
        select(Publication)
        .where(col(Publication.course_id) == course_id, col(Publication.state) == PublicationState.PUBLISHED)
        .order_by(col(Publication.number).desc())
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def lesson_counts(session: Session, course_ids: Sequence[str]) -> dict[str, int]:
    """Return how many lessons each course has; courses without any are missing."""
    query = (
        select(col(Lesson.course_id), func.count())
        .where(col(Lesson.course_id).in_(course_ids))
        .group_by(col(Lesson.course_id))
    )
    return {row[0]: row[1] for row in session.execute(query)}


def newest_numbers(session: Session, course_ids: Sequence[str]) -> dict[tuple[str, str], int]:
    """Return the highest release number of each course by (course, state)."""
    query = (
        select(col(Publication.course_id), col(Publication.state), func.max(col(Publication.number)))
        .where(col(Publication.course_id).in_(course_ids))
        .group_by(col(Publication.course_id), col(Publication.state))
    )
    return {(row[0], row[1]): row[2] for row in session.execute(query)}


def at_risk(now: datetime) -> ScalarSelect[int]:
    """Return the count of a node's timetabled lessons that have not ended and may not play, as it last said.

    A state of a later version counts as at risk, as it is shown.
    """
    lessons = func.jsonb_array_elements(col(NodeForecast.body)["lessons"]).table_valued(column("value", JSONB))
    lesson = lessons.c.value
    return (
        select(func.count())
        .select_from(NodeForecast)
        .join(lessons, true())
        .where(
            col(NodeForecast.node_id) == col(Node.id),
            cast(lesson["ends"].astext, DateTime(timezone=True)) > now,
            lesson["state"].astext.not_in([State.READY, State.WILL_PLAY, State.ARRIVING]),
        )
        .correlate(Node)
        .scalar_subquery()
    )


_NODE_COLUMNS: tuple[Any, ...] = (
    *(col(Node.id), col(Node.name), col(Node.created_at), col(Node.enrolled_at), col(Node.last_seen_at)),
    *(col(Node.health), col(Node.direction_version), col(Node.software)),
    *(col(Site.id).label("site_id"), col(Site.name).label("site")),
    *(col(County.id).label("county_id"), col(County.name).label("county")),
)


def _nodes(now: datetime) -> Select[Any]:
    return (
        select(*_NODE_COLUMNS, at_risk(now).label("at_risk"))
        .join(Site, col(Site.id) == col(Node.site_id))
        .join(County, col(County.id) == col(Site.county_id))
    )


def node(session: Session, node_id: str, now: datetime) -> Row[Any] | None:
    """Return one node with its places, as `nodes_page` does."""
    return session.execute(_nodes(now).where(col(Node.id) == node_id)).one_or_none()


def node_conditions(
    now: datetime,
    county_id: str | None,
    site_id: str | None,
    touch: Touch | None,
    *,
    problems: bool,
    risks: bool,
) -> list[ColumnElement[bool]]:
    """Return what narrows a list of nodes."""
    wanted: list[ColumnElement[bool]] = []
    if county_id:
        wanted.append(col(Site.county_id) == county_id)
    if site_id:
        wanted.append(col(Node.site_id) == site_id)
    if touch is not None:
        wanted.append(touch_is(touch, now))
    if problems:
        wanted.append(_PROBLEMS > 0)
    if risks:
        wanted.append(at_risk(now) > 0)
    return wanted


def nodes_page(
    session: Session, wanted: Sequence[ColumnElement[bool]], after: Cursor | None, now: datetime
) -> Sequence[Row[Any]]:
    """Return up to one row more than a page of nodes, the newest first."""
    query = _nodes(now).where(*wanted)
    if after is not None:
        query = query.where(tuple_(col(Node.created_at), col(Node.id)) < tuple_(after.created_at, after.id))
    return session.execute(query.order_by(col(Node.created_at).desc(), col(Node.id).desc()).limit(PAGE_SIZE + 1)).all()


def count_nodes(session: Session, wanted: Sequence[ColumnElement[bool]]) -> int:
    """Return how many nodes there are."""
    query = select(func.count()).select_from(Node).join(Site, col(Site.id) == col(Node.site_id)).where(*wanted)
    return session.scalars(query).one()


def holdings(session: Session, node_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return (lessons ready, lessons) of each node that reported any."""
    query = (
        select(col(Holding.node_id), func.sum(col(Holding.lessons_ready)), func.sum(col(Holding.lessons)))
        .where(col(Holding.node_id).in_(node_ids))
        .group_by(col(Holding.node_id))
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in session.execute(query)}


def held_by(session: Session, node_id: str) -> Sequence[Any]:
    """Return what the node reported of each course, with the course's title (None for one that is not here)."""
    query = (
        select(Holding, col(Course.title))
        .outerjoin(Course, col(Course.id) == col(Holding.course_id))
        .where(col(Holding.node_id) == node_id)
        .order_by(col(Course.title))
    )
    return session.execute(query).all()


def counts_by_county(session: Session, now: datetime) -> Sequence[Row[Any]]:
    """Return every county by name: id, name, nodes, fresh, silent, new, problems, at risk, lessons ready, lessons."""
    held = (
        select(
            col(Holding.node_id).label("node_id"),
            func.sum(col(Holding.lessons_ready)).label("ready"),
            func.sum(col(Holding.lessons)).label("lessons"),
        )
        .group_by(col(Holding.node_id))
        .subquery()
    )

    risks = select(col(Node.id).label("node_id"), at_risk(now).label("lessons")).subquery()

    def having(touch: Touch) -> ColumnElement[int]:
        return func.count(col(Node.id)).filter(touch_is(touch, now), col(Node.id).is_not(None))

    query = (
        select(
            col(County.id),
            col(County.name),
            func.count(col(Site.id).distinct()).label("sites"),
            func.count(col(Node.id)).label("nodes"),
            having(Touch.FRESH).label("fresh"),
            having(Touch.SILENT).label("silent"),
            having(Touch.NEW).label("new"),
            func.count(col(Node.id)).filter(_PROBLEMS > 0).label("problems"),
            func.coalesce(func.sum(risks.c.lessons), 0).label("at_risk"),
            func.coalesce(func.sum(held.c.ready), 0).label("lessons_ready"),
            func.coalesce(func.sum(held.c.lessons), 0).label("lessons"),
        )
        .select_from(County)
        .outerjoin(Site, col(Site.county_id) == col(County.id))
        .outerjoin(Node, col(Node.site_id) == col(Site.id))
        .outerjoin(held, held.c.node_id == col(Node.id))
        .outerjoin(risks, risks.c.node_id == col(Node.id))
        .group_by(col(County.id), col(County.name))
        .order_by(col(County.name))
    )
    return session.execute(query).all()


def sites_of(session: Session, county_id: str) -> Sequence[Row[Any]]:
    """Return a county's sites by name: id, name, nodes."""
    query = (
        select(col(Site.id), col(Site.name), func.count(col(Node.id)).label("nodes"))
        .outerjoin(Node, col(Node.site_id) == col(Site.id))
        .where(col(Site.county_id) == county_id)
        .group_by(col(Site.id), col(Site.name))
        .order_by(col(Site.name))
    )
    return session.execute(query).all()


def rules_page(session: Session, after: Cursor | None) -> Sequence[Any]:
    """Return up to one row more than a page of (rule, course's title, node's, site's, county's name), newest first."""
    query = (
        select(TargetingRule, col(Course.title), col(Node.name), col(Site.name), col(County.name))
        .join(Course, col(Course.id) == col(TargetingRule.course_id))
        .outerjoin(Node, col(Node.id) == col(TargetingRule.node_id))
        .outerjoin(Site, col(Site.id) == func.coalesce(col(TargetingRule.site_id), col(Node.site_id)))
        .outerjoin(County, col(County.id) == func.coalesce(col(TargetingRule.county_id), col(Site.county_id)))
    )
    if after is not None:
        key = tuple_(col(TargetingRule.created_at), col(TargetingRule.id))
        query = query.where(key < tuple_(after.created_at, after.id))
    ordered = query.order_by(col(TargetingRule.created_at).desc(), col(TargetingRule.id).desc())
    return session.execute(ordered.limit(PAGE_SIZE + 1)).all()


def rules_of_node(session: Session, node_id: str) -> Sequence[Any]:
    """Return (rule, course's title, site's, county's name) of every rule that reaches the node, by title."""
    query = (
        select(TargetingRule, col(Course.title), col(Site.name), col(County.name))
        .join(Course, col(Course.id) == col(TargetingRule.course_id))
        .join(Node, col(Node.id) == node_id)
        .join(Site, col(Site.id) == col(Node.site_id))
        .join(County, col(County.id) == col(Site.county_id))
        .where(_rule_reaches_node())
        .order_by(col(Course.title))
    )
    return session.execute(query).all()


def _rule_reaches_node() -> ColumnElement[bool]:
    return or_(
        col(TargetingRule.node_id) == col(Node.id),
        col(TargetingRule.site_id) == col(Node.site_id),
        col(TargetingRule.county_id) == col(Site.county_id),
    )


def _nodes_of_course(course_id: str) -> Select[Any]:
    return (
        select(col(Node.id))
        .join(Site, col(Site.id) == col(Node.site_id))
        .join(TargetingRule, _rule_reaches_node())
        .where(col(TargetingRule.course_id) == course_id)
        .distinct()
    )


def nodes_reached(session: Session, kind: str, target_id: str) -> int:
    """Return how many nodes a target has; `kind` is node, site or county."""
    return session.scalars(
        select(func.count()).select_from(Node).join(Site, col(Site.id) == col(Node.site_id)).where(_in(kind, target_id))
    ).one()


def nodes_new_to(session: Session, course_id: str, kind: str, target_id: str) -> int:
    """Return how many nodes of a target no rule assigns the course yet."""
    query = select(func.count()).select_from(Node).join(Site, col(Site.id) == col(Node.site_id))
    return session.scalars(query.where(_in(kind, target_id), col(Node.id).not_in(_nodes_of_course(course_id)))).one()


def _in(kind: str, target_id: str) -> ColumnElement[bool]:
    column = {"node": col(Node.id), "site": col(Node.site_id), "county": col(Site.county_id)}[kind]
    return column == target_id


def reach(session: Session, course_id: str, release: int) -> tuple[int, int]:
    """Return (nodes that are assigned the course, those of them that hold every lesson of `release` or later)."""
    assigned = _nodes_of_course(course_id).subquery()
    whole = and_(
        col(Holding.node_id) == assigned.c.id,
        col(Holding.course_id) == course_id,
        col(Holding.release) >= release,
        col(Holding.lessons_ready) >= col(Holding.lessons),
        col(Holding.lessons) > 0,
    )
    query = select(func.count(), func.count(col(Holding.node_id))).select_from(assigned).outerjoin(Holding, whole)
    row = session.execute(query).one()
    return row[0], row[1]


def jobs_page(session: Session, states: Sequence[JobState], after: Cursor | None) -> Sequence[Any]:
    """Return up to one row more than a page of (job, lesson's title, course's id and title, partner), newest first."""
    query = (
        select(Job, col(Lesson.title), col(Course.id), col(Course.title), col(Partner.name))
        .join(Lesson, col(Lesson.id) == col(Job.lesson_id))
        .join(Course, col(Course.id) == col(Lesson.course_id))
        .join(Partner, col(Partner.id) == col(Course.partner_id))
    )
    if states:
        query = query.where(col(Job.state).in_(states))
    if after is not None:
        query = query.where(tuple_(col(Job.created_at), col(Job.id)) < tuple_(after.created_at, after.id))
    return session.execute(query.order_by(col(Job.created_at).desc(), col(Job.id).desc()).limit(PAGE_SIZE + 1)).all()


def count_jobs(session: Session, states: Sequence[JobState]) -> int:
    """Return how many jobs are in one of the states."""
    return session.scalars(select(func.count()).select_from(Job).where(col(Job.state).in_(states))).one()
