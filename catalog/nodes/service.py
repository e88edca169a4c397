"""The rules of counties, sites and nodes: who exists where, and what a node reports."""

import base64
import hashlib
import math
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Engine
from sqlmodel import Session

from catalog.accounts.attempts import Guard
from catalog.accounts.passwords import new_token, token_hash
from catalog.db import session_scope, utc_now
from catalog.formats.protocol import EnrolAnswer, EnrolRequest, Policy, Report, ReportAnswer
from catalog.nodes import repository
from catalog.nodes.errors import (
    CodeExpired,
    CodeUnknown,
    CodeUsed,
    CountyUnknown,
    NameTaken,
    NodeNotKnown,
    NodeUnknown,
    ReportNotYours,
    SiteUnknown,
    TooManyCodes,
)
from catalog.nodes.models import County, EnrolmentCode, Node, ReportRow, Site
from catalog.nodes.schemas import CodeOut, HoldingOut, NodeDetail, NodeIn, NodeOut, SiteIn
from catalog.paging import PAGE_SIZE, Cursor, Page

log = structlog.get_logger(__name__)

CODE_GUARD = Guard("enrol", failures=20, window=timedelta(hours=1))
HALF = 12
"""Characters of an enrolment code that are secret; as many again are the root's fingerprint."""
REPORTS_KEPT = 200
MOST_SITES = 2000
NODE_IS_SEEN = timedelta(hours=24)


def add_county(session: Session, name: str) -> County:
    """Add a county. Raises NameTaken."""
    if repository.county_named(session, name) is not None:
        raise NameTaken(name=name)
    county = County(name=name)
    session.add(county)
    session.flush()
    return county


def list_counties(session: Session) -> Sequence[County]:
    """Return all counties by name."""
    return repository.counties(session)


def find_county(session: Session, county_id: str) -> County:
    """Return the county. Raises CountyUnknown."""
    county = repository.county(session, county_id)
    if county is None:
        raise CountyUnknown(county=county_id)
    return county


def add_site(session: Session, new: SiteIn) -> Site:
    """Add a school. Raises CountyUnknown, NameTaken."""
    find_county(session, new.county_id)
    if repository.site_named(session, new.county_id, new.name) is not None:
        raise NameTaken(name=new.name)
    site = Site(county_id=new.county_id, name=new.name)
    session.add(site)
    session.flush()
    return site


def list_sites(session: Session, county_id: str | None = None) -> Sequence[Site]:
    """Return up to 2,000 schools by name, of one county or of all."""
    return repository.sites(session, county_id, MOST_SITES)


def find_site(session: Session, site_id: str) -> Site:
    """Return the site. Raises SiteUnknown."""
    site = repository.site(session, site_id)
    if site is None:
        raise SiteUnknown(site=site_id)
    return site


def add_node(session: Session, new: NodeIn) -> Node:
    """Add a node that has not enrolled yet. Raises SiteUnknown, NameTaken."""
    find_site(session, new.site_id)
    if repository.node_named(session, new.site_id, new.name) is not None:
        raise NameTaken(name=new.name)
    node = Node(site_id=new.site_id, name=new.name, policy=Policy().model_dump(mode="json"))
    session.add(node)
    session.flush()
    log.info("node.added", node=node.id, site=new.site_id)
    return node


def find_node(session: Session, node_id: str, *, lock: bool = False) -> Node:
    """Return the node. Raises NodeUnknown."""
    node = repository.node(session, node_id, lock=lock)
    if node is None:
        raise NodeUnknown(node=node_id)
    return node


def list_nodes(
    session: Session, after: Cursor | None = None, *, site_id: str | None = None, county_id: str | None = None
) -> Page[NodeOut]:
    """Return a page of nodes, newest first."""
    wanted = {name: value for name, value in (("site_id", site_id), ("county_id", county_id)) if value}
    rows = repository.nodes_page(session, wanted, after)
    last = rows[PAGE_SIZE - 1][0] if len(rows) > PAGE_SIZE else None
    nodes = [NodeOut.model_validate(_node_fields(*row)) for row in rows[:PAGE_SIZE]]
    return Page(nodes, Cursor(last.created_at, last.id).encoded() if last else None)


def get_node(session: Session, node_id: str) -> NodeDetail:
    """Return a node and what it holds. Raises NodeUnknown."""
    rows = repository.nodes_page(session, {"id": node_id}, None)
    if not rows:
        raise NodeUnknown(node=node_id)
    holdings = [
        HoldingOut.model_validate({**holding.model_dump(), "course_title": title})
        for holding, title in repository.holdings_of(session, node_id)
    ]
    return NodeDetail.model_validate({**_node_fields(*rows[0]), "holdings": holdings})


def _node_fields(node: Node, site: Site, county: County, sums: Any) -> dict[str, Any]:
    return {
        **node.model_dump(exclude={"token_hash", "direction_due"}),
        "direction_due": node.direction_due is not None,
        "site_name": site.name,
        "county_id": county.id,
        "county_name": county.name,
        **{name: int(getattr(sums, name)) for name in ("lessons_ready", "lessons", "bytes_held", "bytes_wanted")},
    }


def fleet_counts(session: Session) -> dict[str, int]:
    """Return how many nodes there are, have enrolled, and were seen within a day."""
    return repository.fleet_counts(session, utc_now() - NODE_IS_SEEN)


def fingerprint(root: bytes) -> str:
    """Return the half of an enrolment code that stands for root.json: 60 bits of its sha256 in base 32."""
    return base64.b32encode(hashlib.sha256(root).digest()).decode()[:HALF]


def new_code(session: Session, node_id: str, root: bytes, hours: int) -> CodeOut:
    """Make an enrolment code for a node, in place of any that nobody used. Raises NodeUnknown.

    A node that is enrolled goes on until the new code is used; then its old token is worth nothing.
    """
    node = find_node(session, node_id, lock=True)
    repository.forget_unused_codes(session, node.id)
    secret = base64.b32encode(secrets.token_bytes(8)).decode()[:HALF]
    expires = utc_now() + timedelta(hours=hours)
    session.add(EnrolmentCode(secret_hash=token_hash(secret), node_id=node.id, expires_at=expires))
    session.flush()
    whole = secret + fingerprint(root)
    log.info("enrolment.code-made", node=node.id, hours=hours)
    groups = "-".join(whole[i : i + 4] for i in range(0, len(whole), 4))
    return CodeOut(code=groups, node_id=node.id, expires_at=expires)


def enrol(engine: Engine, address: str, request: EnrolRequest, root: bytes, store_url: str) -> EnrolAnswer:
    """Enrol a node by its code, once. `address` is the client's, by which wrong guesses are counted.

    Raises CodeUnknown, CodeUsed, CodeExpired, TooManyCodes. Takes the engine, because a wrong guess is counted
    although the request fails.
    """
    now = utc_now()
    wait = CODE_GUARD.wait(engine, address, now)
    if wait:
        raise TooManyCodes(minutes=math.ceil(wait / 60), retry_after=wait)
    try:
        with session_scope(engine) as session:
            return _use_code(session, request, root, store_url, now)
    except (CodeUnknown, CodeUsed, CodeExpired) as error:
        CODE_GUARD.count(engine, address, now)
        log.warning("enrolment.refused", address=address, code=error.code)
        raise


def _use_code(session: Session, request: EnrolRequest, root: bytes, store_url: str, now: datetime) -> EnrolAnswer:
    plain = request.code.replace("-", "")
    code = repository.code(session, token_hash(plain[:HALF]))
    if code is None or not secrets.compare_digest(plain[HALF:], fingerprint(root)):
        raise CodeUnknown
    if code.used_at is not None:
        raise CodeUsed
    if code.expires_at <= now:
        raise CodeExpired(expired=code.expires_at.isoformat(timespec="minutes"))
    node = find_node(session, code.node_id, lock=True)
    token = new_token()
    code.used_at = now
    node.token_hash, node.software = token_hash(token), request.software
    node.enrolled_at = node.last_seen_at = node.direction_due = now
    session.add_all([code, node])
    log.info("node.enrolled", node=node.id, software=request.software)
    return EnrolAnswer(
        node=node.id,
        name=node.name,
        site_name=find_site(session, node.site_id).name,
        token=token,
        root=root.decode(),
        store_url=store_url,
        now=now,
    )


def node_of_token(session: Session, token: str | None) -> Node:
    """Return the node whose token it is. Raises NodeNotKnown."""
    node = repository.node_of_token(session, token_hash(token)) if token else None
    if node is None:
        raise NodeNotKnown
    return node


def take_report(session: Session, node: Node, report: Report) -> ReportAnswer:
    """Take a node's report; one that came before changes nothing. Raises ReportNotYours.

    A report that is older than the last one (a spool that empties) is kept, and does not turn back what is shown.
    """
    now = utc_now()
    locked = find_node(session, node.id, lock=True)
    row = ReportRow(id=report.id, node_id=node.id, made=report.made, body=report.model_dump(mode="json"))
    is_new = repository.add_report(session, row)
    if not is_new and repository.reporter(session, report.id) != node.id:
        raise ReportNotYours(report=report.id)
    locked.last_seen_at = now
    if is_new and (locked.health_made is None or report.made >= locked.health_made):
        locked.health, locked.health_made = report.health.model_dump(mode="json"), report.made
        locked.software = report.health.software
        repository.replace_holdings(session, node.id, report.courses)
        repository.forget_old_reports(session, node.id, REPORTS_KEPT)
    session.add(locked)
    return ReportAnswer(id=report.id, now=now, direction_version=locked.direction_version)
