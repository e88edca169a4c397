"""SQL of counties, sites, nodes, codes and reports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, delete, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from catalog.courses.models import Course
from catalog.formats.protocol import CourseHeld
from catalog.nodes.models import County, DirectionRow, EnrolmentCode, Holding, Node, ReportRow, Site, TargetingRule
from catalog.paging import PAGE_SIZE, Cursor


def counties(session: Session) -> Sequence[County]:
    """Return all counties by name; there are hundreds."""
    return session.scalars(select(County).order_by(col(County.name))).all()


def county(session: Session, county_id: str) -> County | None:
    """Return the county."""
    return session.get(County, county_id)


def county_named(session: Session, name: str) -> County | None:
    """Return the county of that name."""
    return session.scalars(select(County).where(col(County.name) == name)).one_or_none()


def site(session: Session, site_id: str) -> Site | None:
    """Return the site."""
    return session.get(Site, site_id)


def site_named(session: Session, county_id: str, name: str) -> Site | None:
    """Return the county's site of that name."""
    return session.scalars(select(Site).where(col(Site.county_id) == county_id, col(Site.name) == name)).one_or_none()


def sites(session: Session, county_id: str | None, limit: int) -> Sequence[Site]:
    """Return up to `limit` sites by name, of one county or of all."""
    query = select(Site).order_by(col(Site.name), col(Site.id)).limit(limit)
    return session.scalars(query.where(col(Site.county_id) == county_id) if county_id else query).all()


def node(session: Session, node_id: str, *, lock: bool = False) -> Node | None:
    """Return the node."""
    return session.get(Node, node_id, with_for_update=lock, populate_existing=lock)


def node_named(session: Session, site_id: str, name: str) -> Node | None:
    """Return the site's node of that name."""
    return session.scalars(select(Node).where(col(Node.site_id) == site_id, col(Node.name) == name)).one_or_none()


def node_of_token(session: Session, token_hash: str) -> Node | None:
    """Return the node whose bearer token it is."""
    return session.scalars(select(Node).where(col(Node.token_hash) == token_hash)).one_or_none()


def nodes_page(session: Session, wanted: dict[str, str], after: Cursor | None) -> list[tuple[Node, Site, County, Any]]:
    """Return up to one row more than a page of (node, site, county, its holdings' sums), newest first.

    `wanted` may name `id`, `site_id` and `county_id`.
    """
    sums = (
        select(
            func.coalesce(func.sum(col(Holding.lessons_ready)), 0).label("lessons_ready"),
            func.coalesce(func.sum(col(Holding.lessons)), 0).label("lessons"),
            func.coalesce(func.sum(col(Holding.bytes_held)), 0).label("bytes_held"),
            func.coalesce(func.sum(col(Holding.bytes_wanted)), 0).label("bytes_wanted"),
        )
        .where(col(Holding.node_id) == col(Node.id))
        .lateral()
    )
    query = (
        select(Node, Site, County, *sums.c)
        .join(Site, col(Site.id) == col(Node.site_id))
        .join(County, col(County.id) == col(Site.county_id))
        .join(sums, onclause=col(Node.id).is_not(None))
        .order_by(col(Node.created_at).desc(), col(Node.id).desc())
        .limit(PAGE_SIZE + 1)
    )
    columns = {"id": col(Node.id), "site_id": col(Node.site_id), "county_id": col(Site.county_id)}
    for name, value in wanted.items():
        query = query.where(columns[name] == value)
    if after is not None:
        query = query.where(tuple_(col(Node.created_at), col(Node.id)) < tuple_(after.created_at, after.id))
    return [(row[0], row[1], row[2], row) for row in session.execute(query)]


def holdings_of(session: Session, node_id: str) -> list[tuple[Holding, str | None]]:
    """Return (holding, course's title) of a node, by title."""
    rows = session.execute(
        select(Holding, col(Course.title))
        .join(Course, col(Course.id) == col(Holding.course_id), isouter=True)
        .where(col(Holding.node_id) == node_id)
        .order_by(col(Course.title), col(Holding.course_id))
    )
    return [(row[0], row[1]) for row in rows]


def code(session: Session, secret_hash: str) -> EnrolmentCode | None:
    """Return the code, locked: of two nodes with the same code one waits, and then finds it used."""
    return session.get(EnrolmentCode, secret_hash, with_for_update=True, populate_existing=True)


def forget_unused_codes(session: Session, node_id: str) -> None:
    """Delete a node's codes that nobody used: a new one replaces them."""
    session.execute(
        delete(EnrolmentCode).where(col(EnrolmentCode.node_id) == node_id, col(EnrolmentCode.used_at).is_(None))
    )


def add_report(session: Session, row: ReportRow) -> bool:
    """Store a report; say whether it is new."""
    added = session.execute(
        insert(ReportRow)
        .values(**row.model_dump())
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(col(ReportRow.id))
    )
    return added.first() is not None


def reporter(session: Session, report_id: str) -> str | None:
    """Return whose report it is."""
    return session.scalars(select(col(ReportRow.node_id)).where(col(ReportRow.id) == report_id)).one_or_none()


def forget_old_reports(session: Session, node_id: str, keep: int) -> None:
    """Delete all but the newest `keep` reports of a node."""
    oldest_kept = (
        select(col(ReportRow.made))
        .where(col(ReportRow.node_id) == node_id)
        .order_by(col(ReportRow.made).desc())
        .offset(keep - 1)
        .limit(1)
        .scalar_subquery()
    )
    session.execute(delete(ReportRow).where(col(ReportRow.node_id) == node_id, col(ReportRow.made) < oldest_kept))


def replace_holdings(session: Session, node_id: str, courses: Sequence[CourseHeld]) -> None:
    """Make `courses` all that the node holds."""
    session.execute(delete(Holding).where(col(Holding.node_id) == node_id))
    rows = {held.course: held for held in courses}
    if rows:
        values = [
            {"node_id": node_id, "course_id": c, **held.model_dump(exclude={"course"})} for c, held in rows.items()
        ]
        session.execute(insert(Holding), values)


def rules(session: Session, course_id: str | None, limit: int) -> list[tuple[TargetingRule, str, str]]:
    """Return (rule, course's title, target's name), newest first, of one course or of all."""
    name = func.coalesce(col(Node.name), col(Site.name), col(County.name))
    query = (
        select(TargetingRule, col(Course.title), name)
        .join(Course, col(Course.id) == col(TargetingRule.course_id))
        .join(Node, col(Node.id) == col(TargetingRule.node_id), isouter=True)
        .join(Site, col(Site.id) == col(TargetingRule.site_id), isouter=True)
        .join(County, col(County.id) == col(TargetingRule.county_id), isouter=True)
        .order_by(col(TargetingRule.created_at).desc())
        .limit(limit)
    )
    if course_id:
        query = query.where(col(TargetingRule.course_id) == course_id)
    return [(row[0], row[1], row[2]) for row in session.execute(query)]


def rule(session: Session, rule_id: str) -> TargetingRule | None:
    """Return the rule."""
    return session.get(TargetingRule, rule_id)


def same_rule(session: Session, new: TargetingRule) -> TargetingRule | None:
    """Return a rule that says what `new` does."""
    return session.scalars(
        select(TargetingRule).where(
            col(TargetingRule.course_id) == new.course_id,
            col(TargetingRule.node_id).is_not_distinct_from(new.node_id),
            col(TargetingRule.site_id).is_not_distinct_from(new.site_id),
            col(TargetingRule.county_id).is_not_distinct_from(new.county_id),
        )
    ).one_or_none()


def courses_for_node(session: Session, node_id: str) -> list[tuple[str, str]]:
    """Return (course, partner) of every course that a rule gives to the node, each once, by course."""
    rows = session.execute(
        select(col(Course.id), col(Course.partner_id))
        .distinct()
        .join(TargetingRule, col(TargetingRule.course_id) == col(Course.id))
        .join(Node, col(Node.id) == node_id)
        .join(Site, col(Site.id) == col(Node.site_id))
        .where(_reaches())
        .order_by(col(Course.id))
    )
    return [(row[0], row[1]) for row in rows]


def owe_directions(session: Session, now: datetime, *, course_id: str | None = None, rule_id: str | None = None) -> int:
    """Note for every enrolled node that the course's rules, or the one rule, reach that it is owed a direction."""
    reached = select(col(Node.id)).join(Site, col(Site.id) == col(Node.site_id)).join(TargetingRule, _reaches())
    if course_id is not None:
        reached = reached.where(col(TargetingRule.course_id) == course_id)
    if rule_id is not None:
        reached = reached.where(col(TargetingRule.id) == rule_id)
    owed = session.execute(
        update(Node)
        .where(col(Node.id).in_(reached), col(Node.enrolled_at).is_not(None))
        .values(direction_due=now)
        .returning(col(Node.id))
        .execution_options(synchronize_session=False)
    )
    return len(owed.all())


def _reaches() -> Any:
    return or_(
        col(TargetingRule.node_id) == col(Node.id),
        col(TargetingRule.site_id) == col(Site.id),
        col(TargetingRule.county_id) == col(Site.county_id),
    )


def owe_renewals(session: Session, now: datetime, older_than: datetime) -> int:
    """Note that nodes whose newest direction was signed before `older_than` are owed a fresh one."""
    newest = (
        select(func.max(col(DirectionRow.created_at)))
        .where(col(DirectionRow.node_id) == col(Node.id))
        .correlate(Node)
        .scalar_subquery()
    )
    owed = session.execute(
        update(Node)
        .where(col(Node.enrolled_at).is_not(None), col(Node.direction_due).is_(None), newest < older_than)
        .values(direction_due=now)
        .returning(col(Node.id))
        .execution_options(synchronize_session=False)
    )
    return len(owed.all())


def nodes_owed(session: Session, limit: int) -> Sequence[str]:
    """Return the ids of nodes that are owed a direction, the longest waiting first."""
    return session.scalars(
        select(col(Node.id)).where(col(Node.direction_due).is_not(None)).order_by(col(Node.direction_due)).limit(limit)
    ).all()


def newest_direction(session: Session, node_id: str) -> DirectionRow | None:
    """Return the node's newest direction."""
    return session.scalars(
        select(DirectionRow)
        .where(col(DirectionRow.node_id) == node_id)
        .order_by(col(DirectionRow.version).desc())
        .limit(1)
    ).one_or_none()


def forget_old_directions(session: Session, node_id: str, below: int) -> None:
    """Delete the node's directions of versions below `below`."""
    session.execute(delete(DirectionRow).where(col(DirectionRow.node_id) == node_id, col(DirectionRow.version) < below))


def fleet_counts(session: Session, seen_since: datetime) -> dict[str, int]:
    """Return how many nodes there are, have enrolled, and have been seen since `seen_since`."""
    enrolled = case((col(Node.enrolled_at).is_not(None), 1))
    seen = case((col(Node.last_seen_at) >= seen_since, 1))
    row = session.execute(select(func.count(), func.count(enrolled), func.count(seen)).select_from(Node)).one()
    return {"nodes": row[0], "enrolled": row[1], "seen": row[2]}
