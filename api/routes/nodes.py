"""Counties, schools, nodes, enrolment codes and assignments, for ops."""

from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel

from api.errors import problems
from api.routes.courses import CursorQuery
from api.security import CentreDep, OpsDep
from catalog.db import utc_now
from catalog.formats.ids import Id
from catalog.formats.protocol import Policy
from catalog.nodes import directions, service
from catalog.nodes.schemas import (
    CodeIn,
    CodeOut,
    CountyIn,
    CountyOut,
    NodeDetail,
    NodeIn,
    NodeOut,
    RuleIn,
    RuleOut,
    SiteIn,
    SiteOut,
)
from catalog.paging import parse_cursor
from catalog.timetable import service as timetable
from catalog.timetable.schemas import TimetableOut

router = APIRouter(prefix="/api", tags=["nodes"], responses=problems(401, 403, 422, 503))


class Counties(BaseModel):
    """All counties by name."""

    counties: list[CountyOut]


class Sites(BaseModel):
    """Schools by name."""

    sites: list[SiteOut]


class NodePage(BaseModel):
    """Up to 50 nodes, newest first; `next` is the cursor of the next page, null after the last."""

    nodes: list[NodeOut]
    next: str | None


class Rules(BaseModel):
    """Targeting rules, newest first."""

    assignments: list[RuleOut]


@router.get("/counties")
def list_counties(_: OpsDep, centre: CentreDep) -> Counties:
    """List all counties by name."""
    with centre.session() as session:
        rows = service.list_counties(session)
    return Counties(counties=[CountyOut.model_validate(row.model_dump()) for row in rows])


@router.post("/counties", status_code=201, responses=problems(409))
def add_county(new: CountyIn, _: OpsDep, centre: CentreDep) -> CountyOut:
    """Add a county."""
    with centre.session() as session:
        return CountyOut.model_validate(service.add_county(session, new.name).model_dump())


@router.get("/sites")
def list_sites(_: OpsDep, centre: CentreDep, county_id: Id | None = None) -> Sites:
    """List schools by name, of one county or of all (2,000 at most)."""
    with centre.session() as session:
        rows = service.list_sites(session, county_id)
    return Sites(sites=[SiteOut.model_validate(row.model_dump()) for row in rows])


@router.post("/sites", status_code=201, responses=problems(404, 409))
def add_site(new: SiteIn, _: OpsDep, centre: CentreDep) -> SiteOut:
    """Add a school to a county."""
    with centre.session() as session:
        return SiteOut.model_validate(service.add_site(session, new).model_dump())


@router.get("/nodes")
def list_nodes(
    _: OpsDep, centre: CentreDep, cursor: CursorQuery = None, site_id: Id | None = None, county_id: Id | None = None
) -> NodePage:
    """List nodes with their health and what they hold, newest first."""
    after = parse_cursor(cursor)
    with centre.session() as session:
        page = service.list_nodes(session, after, site_id=site_id, county_id=county_id)
    return NodePage(nodes=page.rows, next=page.next)


@router.post("/nodes", status_code=201, responses=problems(404, 409))
def add_node(new: NodeIn, _: OpsDep, centre: CentreDep) -> NodeDetail:
    """Add a node to a school. It enrols itself with a code."""
    with centre.session() as session:
        return service.get_node(session, service.add_node(session, new).id)


@router.get("/nodes/{node_id}", responses=problems(404))
def get_node(node_id: Id, _: OpsDep, centre: CentreDep) -> NodeDetail:
    """Return a node: health, and what it holds, course by course."""
    with centre.session() as session:
        return service.get_node(session, node_id)


@router.get("/nodes/{node_id}/timetable", responses=problems(404))
def get_timetable(node_id: Id, _: OpsDep, centre: CentreDep) -> TimetableOut:
    """Return how the lessons of today and tomorrow stand, as the node last said."""
    with centre.session() as session:
        node = service.find_node(session, node_id)
        return timetable.of_node(session, node.id, node.site_id, utc_now())


@router.post("/nodes/{node_id}/enrolment-codes", status_code=201, responses=problems(404))
def new_code(node_id: Id, _: OpsDep, centre: CentreDep, wanted: Annotated[CodeIn | None, Body()] = None) -> CodeOut:
    """Make a code that enrols the node once; it replaces one that was not used. It is shown only here."""
    root = centre.signer.root()
    with centre.session() as session:
        return service.new_code(session, node_id, root, (wanted or CodeIn()).hours)


@router.put("/nodes/{node_id}/policy", responses=problems(404))
def set_policy(node_id: Id, policy: Policy, _: OpsDep, centre: CentreDep) -> NodeDetail:
    """Say how a node may use the school's line and box; it hears of it with its next direction."""
    with centre.session() as session:
        directions.set_policy(session, node_id, policy)
        shown = service.get_node(session, node_id)
    centre.wake_watcher()
    return shown


@router.get("/assignments")
def list_rules(_: OpsDep, centre: CentreDep, course_id: Id | None = None) -> Rules:
    """List assignments, newest first (1,000 at most)."""
    with centre.session() as session:
        return Rules(assignments=directions.list_rules(session, course_id))


@router.post("/assignments", status_code=201, responses=problems(404))
def add_rule(new: RuleIn, _: OpsDep, centre: CentreDep) -> RuleOut:
    """Assign a course to one node, to a school or to a county. The same assignment again is the same one."""
    with centre.session() as session:
        rule = directions.add_rule(session, new)
        shown = next(out for out in directions.list_rules(session, rule.course_id) if out.id == rule.id)
    centre.wake_watcher()
    return shown


@router.delete("/assignments/{assignment_id}", status_code=204, response_class=Response, responses=problems(404))
def remove_rule(assignment_id: Id, _: OpsDep, centre: CentreDep) -> None:
    """Take an assignment back. Nodes keep what they hold until they need the room."""
    with centre.session() as session:
        directions.remove_rule(session, assignment_id)
    centre.wake_watcher()
