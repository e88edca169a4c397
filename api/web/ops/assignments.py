"""The pages of assignments: which course goes where, and what that will do before it is saved."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import Response

from api.web.desk import Desk, Faults, Fields, TheDesk, TheForm, TheOps, Viewer, see_other, show
from catalog.courses import service as courses
from catalog.formats.errors import N_, AppError
from catalog.look.language import translate
from catalog.nodes import directions
from catalog.nodes import service as nodes
from catalog.nodes.schemas import RuleIn
from catalog.overview import nodes as overview
from catalog.paging import Cursor, parse_cursor

CHOOSE = N_("Choose one of the list.")
KIND_WORDS = {"county": N_("county"), "site": N_("school"), "node": N_("node")}
COURSES_OFFERED = 500

router = APIRouter(prefix="/ops/assignments", include_in_schema=False)


@dataclass(frozen=True)
class Target:
    """Where a course is to go: `kind` is county, site or node."""

    kind: str
    id: str
    name: str

    @property
    def value(self) -> str:
        """Return it as a form's choice."""
        return f"{self.kind}:{self.id}"

    def rule(self, course_id: str) -> RuleIn:
        """Return the rule that assigns a course to it."""
        return RuleIn.model_validate({"course_id": course_id, f"{self.kind}_id": self.id})


@router.get("")
def list_page(request: Request, desk: TheDesk, viewer: TheOps, after: str = "") -> Response:
    """Show assignments."""
    return _list(request, desk, viewer, after)


def _list(request: Request, desk: Desk, viewer: Viewer, after: str = "", error: AppError | None = None) -> Response:
    language = desk.pages.language(request)
    with desk.centre.session() as session:
        page = overview.list_rules(session, parse_cursor(after))
    rules = [
        {
            **rule.model_dump(),
            "kind_words": translate(KIND_WORDS[rule.kind], language),
            "nodes_href": f"/ops/nodes/{rule.target_id}" if rule.kind == "node"
            else f"/ops/nodes?{rule.kind}={rule.target_id}",
        }
        for rule in page.rows
    ]  # fmt: skip
    return show(
        request,
        desk,
        viewer,
        "ops/assignments.html",
        section="assignments",
        rules=rules,
        next=f"/ops/assignments?after={page.next}" if page.next else None,
        first="/ops/assignments" if after else None,
        error=error,
    )


@router.get("/new")
def new_page(
    request: Request, desk: TheDesk, viewer: TheOps, course: str = "", county: str = "", site: str = "", node: str = ""
) -> Response:
    """Ask which course goes where."""
    chosen = next((f"{k}:{v}" for k, v in (("county", county), ("site", site), ("node", node)) if v), "")
    return _form(request, desk, viewer, Fields(course=course, target=chosen))


def _form(request: Request, desk: Desk, viewer: Viewer, form: Fields, **wrong: Any) -> Response:
    with desk.centre.session() as session:
        offered = _offered_courses(session, viewer)
        targets = _offered_targets(session, form["target"])
    return show(
        request,
        desk,
        viewer,
        "ops/assign.html",
        section="assignments",
        form=form,
        courses=offered,
        targets=targets,
        **wrong,
    )


def _offered_courses(session: Session, viewer: Viewer) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    after: Cursor | None = None
    while len(found) < COURSES_OFFERED:
        page = courses.list_courses(session, viewer.person, after)
        found += [(course.id, f"{course.title} · {course.partner_name}") for course in page.rows]
        after = parse_cursor(page.next)
        if after is None:
            break
    return found


def _offered_targets(session: Session, chosen: str) -> list[tuple[str, str]]:
    """Return counties and schools; a single node only where one comes from its page, for there may be thousands."""
    counties = nodes.list_counties(session)
    sites = nodes.list_sites(session)
    found: list[tuple[str, str]] = []
    if chosen.startswith("node:"):
        target = _target(session, chosen)
        if target is not None:
            found.append((target.value, target.name))
    for county in counties:
        found.append((f"county:{county.id}", county.name))
        found += [(f"site:{s.id}", f"{county.name} · {s.name}") for s in sites if s.county_id == county.id]
    return found


def _target(session: Session, value: str) -> Target | None:
    kind, _, target_id = value.partition(":")
    try:
        if kind == "county":
            return Target(kind, target_id, nodes.find_county(session, target_id).name)
        if kind == "site":
            return Target(kind, target_id, nodes.find_site(session, target_id).name)
        if kind == "node":
            node = nodes.find_node(session, target_id)
            return Target(kind, target_id, f"{nodes.find_site(session, node.site_id).name} · {node.name}")
    except AppError:
        return None
    return None


@router.get("/preview")
def preview(request: Request, desk: TheDesk, viewer: TheOps, course: str = "", target: str = "") -> Response:
    """Show what an assignment will do."""
    return _preview(request, desk, viewer, Fields(course=course, target=target))


def _preview(request: Request, desk: Desk, viewer: Viewer, form: Fields, error: AppError | None = None) -> Response:
    choose = translate(CHOOSE, desk.pages.language(request))
    with desk.centre.session() as session:
        chosen = _target(session, form["target"])
        try:
            course = courses.get_course(session, viewer.person, form["course"])
        except AppError:
            return _form(request, desk, viewer, form, errors=Faults(course=choose))
        if chosen is None:
            return _form(request, desk, viewer, form, errors=Faults(target=choose))
        effect = overview.effect_of(session, course.id, chosen.kind, chosen.id)
    return show(
        request,
        desk,
        viewer,
        "ops/assign_preview.html",
        section="assignments",
        course=course,
        target=chosen,
        effect=effect,
        error=error,
    )


@router.post("")
def assign(request: Request, desk: TheDesk, viewer: TheOps, sent: TheForm) -> Response:
    """Assign the course; the nodes hear of it by a direction."""
    form = sent.fields
    try:
        with desk.centre.session() as session:
            chosen = _target(session, form["target"])
            course = courses.find_course(session, viewer.person, form["course"])
            if chosen is not None:
                directions.add_rule(session, chosen.rule(course.id))
    except AppError as error:
        return _preview(request, desk, viewer, form, error)
    if chosen is None:
        return _preview(request, desk, viewer, form)
    desk.centre.wake_watcher()
    return see_other("/ops/assignments?said=assigned")


@router.post("/{rule_id}/remove")
def take_back(request: Request, desk: TheDesk, viewer: TheOps, rule_id: str, _sent: TheForm) -> Response:
    """Take an assignment back."""
    try:
        with desk.centre.session() as session:
            directions.remove_rule(session, rule_id)
    except AppError as error:
        return _list(request, desk, viewer, error=error)
    desk.centre.wake_watcher()
    return see_other("/ops/assignments?said=taken-back")
