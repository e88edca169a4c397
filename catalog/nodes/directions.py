"""Targeting rules and the directions that follow from them.

Whatever changes what a node should do notes on its row that a direction is owed; a pass over those rows has them
signed. So a signer that is away delays a direction, and never loses one.
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine
from sqlmodel import Session

from catalog.courses import repository as courses_repository
from catalog.courses.errors import CourseUnknown
from catalog.db import session_scope, utc_now
from catalog.formats.errors import AppError
from catalog.formats.protocol import Assignment, Policy
from catalog.formats.rungs import Tier
from catalog.nodes import repository
from catalog.nodes.errors import NoDirection, OneTarget, RuleUnknown
from catalog.nodes.models import DirectionRow, Node, TargetingRule
from catalog.nodes.schemas import RuleIn, RuleOut
from catalog.nodes.service import find_county, find_node, find_site
from catalog.publishing import repository as publishing_repository
from catalog.publishing.errors import SignerAway
from catalog.publishing.signer_client import Signer

log = structlog.get_logger(__name__)

MOST_RULES = 1000
A_PASS = 500
RENEW_AFTER = timedelta(days=7)
VERSIONS_KEPT = 5


def add_rule(session: Session, new: RuleIn) -> TargetingRule:
    """Assign a course; the nodes that it reaches are owed a direction. The same rule twice is one.

    Raises OneTarget, CourseUnknown, NodeUnknown, SiteUnknown, CountyUnknown.
    """
    if sum(target is not None for target in (new.node_id, new.site_id, new.county_id)) != 1:
        raise OneTarget
    if courses_repository.course(session, new.course_id) is None:
        raise CourseUnknown(course=new.course_id)
    if new.node_id:
        find_node(session, new.node_id)
    if new.site_id:
        find_site(session, new.site_id)
    if new.county_id:
        find_county(session, new.county_id)
    rule = TargetingRule(**new.model_dump())
    same = repository.same_rule(session, rule)
    if same is not None:
        return same
    session.add(rule)
    session.flush()
    reached = repository.owe_directions(session, utc_now(), rule_id=rule.id)
    log.info("assignment.added", assignment=rule.id, course=rule.course_id, nodes=reached)
    return rule


def remove_rule(session: Session, rule_id: str) -> None:
    """Take an assignment back; the nodes that it reached are owed a direction. Raises RuleUnknown."""
    rule = repository.rule(session, rule_id)
    if rule is None:
        raise RuleUnknown(assignment=rule_id)
    repository.owe_directions(session, utc_now(), rule_id=rule.id)
    session.delete(rule)
    log.info("assignment.removed", assignment=rule_id)


def list_rules(session: Session, course_id: str | None = None) -> list[RuleOut]:
    """Return up to 1,000 targeting rules, newest first, of one course or of all."""
    return [
        RuleOut.model_validate({**rule.model_dump(), "course_title": title, "target_name": name})
        for rule, title, name in repository.rules(session, course_id, MOST_RULES)
    ]


def set_policy(session: Session, node_id: str, policy: Policy) -> Node:
    """Say how a node may use the school's line; a direction is owed. Raises NodeUnknown."""
    node = find_node(session, node_id, lock=True)
    node.policy = policy.model_dump(mode="json")
    node.direction_due = utc_now() if node.enrolled_at else None
    session.add(node)
    return node


def policy_of(session: Session, node_id: str) -> Policy:
    """Return how the node may use line and disk. Raises NodeUnknown."""
    return Policy.model_validate(find_node(session, node_id).policy)


def set_tiers(session: Session, node_id: str, tiers: tuple[Tier, ...]) -> Node:
    """Say which tiers of lessons the node fetches, at least one; a direction is owed. Raises NodeUnknown."""
    node = find_node(session, node_id, lock=True)
    policy = Policy.model_validate(node.policy)
    return set_policy(session, node_id, Policy.model_validate(policy.model_dump() | {"tiers": tiers}))


def owe_for_course(session: Session, course_id: str) -> int:
    """Note that every node that should hold the course is owed a direction; return how many they are."""
    return repository.owe_directions(session, utc_now(), course_id=course_id)


def owe_renewals(session: Session, now: datetime) -> int:
    """Note that nodes whose direction is a week old are owed a fresh one, long before it expires."""
    return repository.owe_renewals(session, now, now - RENEW_AFTER)


def assignments_for(session: Session, node_id: str) -> tuple[Assignment, ...]:
    """Return what the node should hold: courses that rules give it and that have been published."""
    courses = repository.courses_for_node(session, node_id)
    released = publishing_repository.newest_published(session, [course for course, _ in courses])
    return tuple(
        Assignment(course=course, partner=partner, release=released[course])
        for course, partner in courses
        if course in released
    )


def issue_owed(engine: Engine, signer: Signer, store_url: str) -> int:
    """Have every owed direction signed, each in its own transaction; return how many were.

    Stops at the first SignerAway, which it raises; a node that the signer refuses is logged and stays owed.
    """
    with session_scope(engine) as session:
        owed = repository.nodes_owed(session, A_PASS)
    issued = 0
    for node_id in owed:
        try:
            with session_scope(engine) as session:
                issued += issue(session, signer, node_id, store_url)
        except SignerAway:
            raise
        except AppError as error:
            log.warning("direction.refused", node=node_id, code=error.code, why=str(error))
    return issued


def issue(session: Session, signer: Signer, node_id: str, store_url: str) -> bool:
    """Have the node's direction signed if one is owed; say whether it was. Raises SignerAway, SignerRefused."""
    node = repository.node(session, node_id, lock=True)
    if node is None or node.direction_due is None:
        return False
    assignments = assignments_for(session, node_id)
    draft = {
        "v": 1,
        "node": node.id,
        "store_url": store_url,
        "assignments": [assignment.model_dump(mode="json") for assignment in assignments],
        "policy": Policy.model_validate(node.policy).model_dump(mode="json"),
    }
    envelope, version = signer.sign_direction(draft, node.direction_version + 1)
    session.add(DirectionRow(node_id=node.id, version=version, envelope=envelope))
    node.direction_version, node.direction_due = version, None
    session.add(node)
    session.flush()
    repository.forget_old_directions(session, node.id, version - VERSIONS_KEPT)
    log.info("direction.issued", node=node.id, version=version, assignments=len(assignments))
    return True


def newest_direction(session: Session, node: Node) -> DirectionRow:
    """Return the newest direction for the node. Raises NoDirection."""
    row = repository.newest_direction(session, node.id)
    if row is None:
        raise NoDirection
    return row
