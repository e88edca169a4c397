"""The ops overview, and the pages of counties and their schools."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from api.web.desk import Desk, Faults, Fields, TheDesk, TheForm, TheOps, Viewer, faults_of, see_other, show
from catalog.db import utc_now
from catalog.formats.errors import N_, AppError
from catalog.jobs.models import JobState
from catalog.look.language import translate
from catalog.nodes import service as nodes
from catalog.nodes.errors import CountyUnknown
from catalog.nodes.schemas import CountyIn, SiteIn
from catalog.overview import nodes as overview
from catalog.overview import repository as overview_repository

PROBLEMS_SHOWN = 8
CHOOSE = N_("Choose one of the list.")

router = APIRouter(prefix="/ops", include_in_schema=False)


@router.get("/")
def overview_page(request: Request, desk: TheDesk, viewer: TheOps) -> Response:
    """Show how everything stands, county by county, and what needs a person."""
    now = utc_now()
    with desk.centre.session() as session:
        totals, counties = overview.counties(session, now)
        troubled, count = overview.list_nodes(session, now, problems=True)
        failed = overview_repository.count_jobs(session, [JobState.FAILED])
    problems = [
        {"node_id": node.id, "node": node.name, "site": node.site, "text": text}
        for node in troubled.rows
        for text in node.problems
    ]
    return show(
        request,
        desk,
        viewer,
        "ops/overview.html",
        section="overview",
        totals={**totals.model_dump(), "counties": len(counties), "failed_jobs": failed},
        counties=counties,
        problems=problems[:PROBLEMS_SHOWN],
        more_problems=len(problems) > PROBLEMS_SHOWN or count > len(troubled.rows),
    )


@router.get("/counties/new")
def new_county_page(request: Request, desk: TheDesk, viewer: TheOps) -> Response:
    """Ask for a county's name."""
    return _county_form(request, desk, viewer, Fields())


@router.post("/counties/new")
def new_county(request: Request, desk: TheDesk, viewer: TheOps, sent: TheForm) -> Response:
    """Add a county."""
    try:
        new = CountyIn(name=sent.fields["name"])
        with desk.centre.session() as session:
            county = nodes.add_county(session, new.name)
    except ValidationError as error:
        faults = faults_of(error, desk.pages.language(request))
        return _county_form(request, desk, viewer, sent.fields, errors=faults)
    except AppError as error:
        return _county_form(request, desk, viewer, sent.fields, error=error)
    return see_other(f"/ops/counties/{county.id}?said=county-added")


def _county_form(request: Request, desk: Desk, viewer: Viewer, form: Fields, **wrong: Any) -> Response:
    return show(request, desk, viewer, "ops/county_form.html", section="overview", form=form, **wrong)


@router.get("/counties/{county_id}")
def county_page(request: Request, desk: TheDesk, viewer: TheOps, county_id: str) -> Response:
    """Show a county's schools."""
    with desk.centre.session() as session:
        county = nodes.find_county(session, county_id)
        sites = overview_repository.sites_of(session, county.id)
    return show(request, desk, viewer, "ops/county.html", section="overview", county=county, sites=sites)


@router.get("/sites/new")
def new_site_page(request: Request, desk: TheDesk, viewer: TheOps, county: str = "") -> Response:
    """Ask for a school's name and county."""
    return _site_form(request, desk, viewer, Fields(parent=county))


@router.post("/sites/new")
def new_site(request: Request, desk: TheDesk, viewer: TheOps, sent: TheForm) -> Response:
    """Add a school."""
    language = desk.pages.language(request)
    try:
        new = SiteIn(county_id=sent.fields["parent"], name=sent.fields["name"])
        with desk.centre.session() as session:
            site = nodes.add_site(session, new)
    except ValidationError as error:
        faults = faults_of(error, language)
        if "county_id" in faults:
            faults["parent"] = translate(CHOOSE, language)
        return _site_form(request, desk, viewer, sent.fields, errors=faults)
    except CountyUnknown:
        return _site_form(request, desk, viewer, sent.fields, errors=Faults(parent=translate(CHOOSE, language)))
    except AppError as error:
        return _site_form(request, desk, viewer, sent.fields, error=error)
    return see_other(f"/ops/counties/{site.county_id}?said=site-added")


def _site_form(request: Request, desk: Desk, viewer: Viewer, form: Fields, **wrong: Any) -> Response:
    with desk.centre.session() as session:
        counties = [(county.id, county.name) for county in nodes.list_counties(session)]
    return show(request, desk, viewer, "ops/site_form.html", section="overview", form=form, counties=counties, **wrong)
