"""The pages of nodes: lists, one node, a new one, and its enrolment code."""

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import Response

from api.web.desk import Desk, Faults, Fields, TheDesk, TheForm, TheOps, Viewer, faults_of, see_other, show
from api.web.ops.policy_form import form_of, read_form, thrift_choices
from catalog.db import utc_now
from catalog.formats.errors import N_, AppError
from catalog.formats.rungs import Tier
from catalog.look.filters import human_bytes, human_duration
from catalog.look.language import Language, translate
from catalog.nodes import directions
from catalog.nodes import service as nodes
from catalog.nodes.errors import ChoiceUnknown, NodeUnknown, SiteUnknown
from catalog.nodes.schemas import CodeIn, NodeIn
from catalog.overview import nodes as overview
from catalog.overview.schemas import NodeRow, Touch
from catalog.paging import parse_cursor
from catalog.timetable import service as timetable

CLOCK_MATTERS_S = 120
TIER_CHOICES = {
    "compatible": N_("For every screen: plays on whatever the school has"),
    "modern": N_(
        "For newer screens: about half the bytes; needs Chrome 70 or Firefox 67 or newer, and few Apple devices play it"
    ),
    "both": N_("Both, for old and new screens: half as many bytes again"),
}
TIERS_BY_CHOICE = {"compatible": (Tier.COMPATIBLE,), "modern": (Tier.MODERN,), "both": (Tier.COMPATIBLE, Tier.MODERN)}
CHOOSE = N_("Choose one of the list.")
TABS = {
    "": N_("All"),
    Touch.FRESH.value: N_("In touch"),
    Touch.QUIET.value: N_("Quiet"),
    Touch.SILENT.value: N_("Silent"),
    Touch.NEW.value: N_("Not enrolled"),
    "problems": N_("With problems"),
    "at-risk": N_("With lessons at risk"),
}

router = APIRouter(prefix="/ops/nodes", include_in_schema=False)


@router.get("")
def nodes_page(
    request: Request, desk: TheDesk, viewer: TheOps, county: str = "", site: str = "", touch: str = "", after: str = ""
) -> Response:
    """Show nodes, of all places or one, in one state or any."""
    context = _nodes(request, desk, county, site, touch if touch in TABS else "", after)
    return show(request, desk, viewer, "ops/nodes.html", section="nodes", **context)


@router.get("/live")
def nodes_live(
    request: Request, desk: TheDesk, viewer: TheOps, county: str = "", site: str = "", touch: str = ""
) -> Response:
    """Return just the first page of the list, for the page that watches it."""
    context = _nodes(request, desk, county, site, touch if touch in TABS else "", "")
    return show(request, desk, viewer, "ops/nodes_live.html", **context)


def _nodes(request: Request, desk: Desk, county: str, site: str, touch: str, after: str) -> dict[str, Any]:
    language = desk.pages.language(request)
    where = {name: value for name, value in (("county", county), ("site", site)) if value}
    with desk.centre.session() as session:
        page, count = overview.list_nodes(
            session,
            utc_now(),
            parse_cursor(after),
            county_id=county or None,
            site_id=site or None,
            touch=Touch(touch) if touch in set(Touch) else None,
            problems=touch == "problems",
            risks=touch == "at-risk",
        )
        name = _place_name(session, county, site)

    def href(**more: str) -> str:
        query = urlencode({**where, **{name: value for name, value in more.items() if value}})
        return f"/ops/nodes?{query}" if query else "/ops/nodes"

    return {
        "nodes": page.rows,
        "count": count,
        "where": name,
        "chosen": {"site": site, "touch": touch, "after": after},
        "tabs": [(value, translate(label, language), href(touch=value)) for value, label in TABS.items()],
        "live": href(touch=touch).replace("/ops/nodes", "/ops/nodes/live", 1),
        "next": href(touch=touch, after=page.next) if page.next else None,
        "first": href(touch=touch) if after else None,
    }


def _place_name(session: Session, county: str, site: str) -> str | None:
    if site:
        return nodes.find_site(session, site).name
    return nodes.find_county(session, county).name if county else None


@router.get("/new")
def new_node_page(request: Request, desk: TheDesk, viewer: TheOps, site: str = "") -> Response:
    """Ask for a node's name and school."""
    return _node_form(request, desk, viewer, Fields(parent=site))


@router.post("/new")
def new_node(request: Request, desk: TheDesk, viewer: TheOps, sent: TheForm) -> Response:
    """Add a node."""
    language = desk.pages.language(request)
    try:
        new = NodeIn(site_id=sent.fields["parent"], name=sent.fields["name"])
        with desk.centre.session() as session:
            node = nodes.add_node(session, new)
    except ValidationError as error:
        faults = faults_of(error, language)
        if "site_id" in faults:
            faults["parent"] = translate(CHOOSE, language)
        return _node_form(request, desk, viewer, sent.fields, errors=faults)
    except SiteUnknown:
        return _node_form(request, desk, viewer, sent.fields, errors=Faults(parent=translate(CHOOSE, language)))
    except AppError as error:
        return _node_form(request, desk, viewer, sent.fields, error=error)
    return see_other(f"/ops/nodes/{node.id}?said=node-added")


def _node_form(request: Request, desk: Desk, viewer: Viewer, form: Fields, **wrong: Any) -> Response:
    with desk.centre.session() as session:
        counties = {county.id: county.name for county in nodes.list_counties(session)}
        sites = [(site.id, f"{counties[site.county_id]} · {site.name}") for site in nodes.list_sites(session)]
    return show(request, desk, viewer, "ops/node_form.html", section="nodes", form=form, sites=sites, **wrong)


@router.get("/{node_id}")
def node_page(request: Request, desk: TheDesk, viewer: TheOps, node_id: str) -> Response:
    """Show a node."""
    return node_answer(request, desk, viewer, node_id)


@router.get("/{node_id}/live")
def node_live(request: Request, desk: TheDesk, viewer: TheOps, node_id: str) -> Response:
    """Return just how the node is, for the page that watches it."""
    with desk.centre.session() as session:
        context = _node(session, desk, request, node_id)
    return show(request, desk, viewer, "ops/node_live.html", **context)


def node_answer(
    request: Request,
    desk: Desk,
    viewer: Viewer,
    node_id: str,
    error: AppError | None = None,
    form: Fields | None = None,
    errors: Faults | None = None,
) -> Response:
    """Answer with a node's page; `form` is a policy that somebody typed, and `errors` what is wrong with it."""
    language = desk.pages.language(request)
    with desk.centre.session() as session:
        context = _node(session, desk, request, node_id)
        rules = overview.rules_of_node(session, node_id)
        lessons = timetable.of_node(session, node_id, context["node"].site_id, utc_now())
        policy = directions.policy_of(session, node_id)
    assigned = [{"course": title, "why": name or translate(N_("this node"), language)} for title, _, name in rules]
    context |= {"assigned": assigned, "timetable": lessons, "now": utc_now(), "form": form or form_of(policy)}
    context["thrift_choices"] = thrift_choices(policy, language)
    return show(request, desk, viewer, "ops/node.html", section="nodes", error=error, errors=errors, **context)


def _node(session: Session, desk: Desk, request: Request, node_id: str) -> dict[str, Any]:
    row = overview.node_row(session, node_id, utc_now())
    if row is None:
        raise NodeUnknown(node=node_id)
    facts = _facts(row, desk.pages.language(request))
    tiers = directions.policy_of(session, node_id).tiers
    return {
        "node": row,
        "facts_of_node": facts,
        "holdings": overview.held_by(session, node_id),
        "tiers": next(choice for choice, chosen in TIERS_BY_CHOICE.items() if chosen == tiers),
        "tier_choices": [(c, translate(words, desk.pages.language(request))) for c, words in TIER_CHOICES.items()],
    }


def _facts(node: NodeRow, language: Language) -> list[tuple[str, str]]:
    def say(message: str, **fields: object) -> str:
        return translate(message, language, **fields)

    facts = []
    if node.disk_free is not None and node.disk_total is not None:
        free, total = human_bytes(node.disk_free), human_bytes(node.disk_total)
        facts.append((say(N_("Disk free")), say(N_("%(done)s of %(all)s"), done=free, all=total)))
    held, issued = node.direction_held, node.direction_issued
    direction = say(N_("version %(number)s, the newest"), number=held)
    if held != issued:
        direction = say(N_("version %(held)s; %(issued)s is issued"), held=held, issued=issued)
    facts.append((say(N_("Direction")), direction if issued else say(N_("none yet"))))
    if node.clock_offset_s is not None:
        facts.append((say(N_("Clock")), _clock(node.clock_offset_s, language)))
    facts.append((say(N_("Software")), node.software or "–"))
    return facts


def _clock(offset_s: float, language: Language) -> str:
    if abs(offset_s) < CLOCK_MATTERS_S:
        return translate(N_("right"), language)
    words = N_("%(time)s ahead") if offset_s > 0 else N_("%(time)s behind")
    return translate(words, language, time=human_duration(abs(offset_s), language))


@router.post("/{node_id}/codes")
def new_code(request: Request, desk: TheDesk, viewer: TheOps, node_id: str, _sent: TheForm) -> Response:
    """Make an enrolment code and show it, this once: only its digest is kept, so no redirect could show it."""
    try:
        root = desk.centre.signer.root()
        with desk.centre.session() as session:
            made = nodes.new_code(session, node_id, root, CodeIn().hours)
            row = overview.node_row(session, node_id, utc_now())
    except AppError as error:
        return node_answer(request, desk, viewer, node_id, error)
    centre = str(request.base_url).rstrip("/")
    return show(
        request,
        desk,
        viewer,
        "ops/code.html",
        section="nodes",
        node=row,
        code=made.code,
        expires_at=made.expires_at,
        centre=centre,
        command=f"songtan edge enrol --centre {centre} --code {made.code}",
    )


@router.post("/{node_id}/tiers")
def set_tiers(request: Request, desk: TheDesk, viewer: TheOps, node_id: str, sent: TheForm) -> Response:
    """Say which tiers the node fetches; it hears of it with its next direction."""
    wanted = TIERS_BY_CHOICE.get(sent.fields["tiers"])
    try:
        if wanted is None:
            raise ChoiceUnknown
        with desk.centre.session() as session:
            directions.set_tiers(session, node_id, wanted)
    except AppError as error:
        return node_answer(request, desk, viewer, node_id, error)
    desk.centre.wake_watcher()
    return see_other(f"/ops/nodes/{node_id}?said=tiers-set")


@router.post("/{node_id}/policy")
def set_policy(request: Request, desk: TheDesk, viewer: TheOps, node_id: str, sent: TheForm) -> Response:
    """Say how the node may use line and disk; it hears of it with its next direction."""
    with desk.centre.session() as session:
        policy, faults = read_form(sent.fields, directions.policy_of(session, node_id), desk.pages.language(request))
        if not faults:
            directions.set_policy(session, node_id, policy)
    if faults:
        return node_answer(request, desk, viewer, node_id, form=sent.fields, errors=faults)
    desk.centre.wake_watcher()
    return see_other(f"/ops/nodes/{node_id}?said=policy-set")


@router.get("/{node_id}/codes")
def no_code(desk: TheDesk, viewer: TheOps, node_id: str) -> Response:
    """Lead whoever reloads a code's address back to the node: a code is shown once."""
    return see_other(f"/ops/nodes/{node_id}?said=code-once")
