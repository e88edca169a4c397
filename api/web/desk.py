"""What the pages work with: how a request gets a person, a form and an answer."""

import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.centre import Centre
from api.errors import headers_of
from api.security import CentreDep, find_person, guard_cookie
from catalog.accounts.models import Role, SessionKind
from catalog.accounts.schemas import Person
from catalog.accounts.service import find_partner, require
from catalog.formats.errors import N_, AppError
from catalog.look.language import Language, translate, translate_error
from catalog.look.pages import Pages

HOMES = {Role.PARTNER: "/partner/", Role.REVIEWER: "/partner/", Role.OPS: "/ops/"}
MAX_FORM_FIELDS = 50


class GoTo(Exception):
    """Answers a request by sending the browser elsewhere, from wherever it is raised."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


@dataclass(frozen=True)
class Viewer:
    """Who looks at a page; what the head of the page shows, and the token that its forms carry."""

    person: Person
    name: str
    partner_name: str
    csrf_token: str


class Faults(dict[str, str]):
    """Sentences by the name of the form's field; "" where there is none."""

    def __missing__(self, name: str) -> str:
        return ""


class Fields(dict[str, str]):
    """What somebody typed, by field; "" where there is nothing."""

    def __missing__(self, name: str) -> str:
        return ""


def see_other(url: str) -> RedirectResponse:
    """Send the browser to a page after a form, so that a reload repeats nothing."""
    return RedirectResponse(url, status_code=303)


def safe_next(url: str | None) -> str | None:
    """Return an address to go on to if it is one of our own pages."""
    if not url or not url.startswith("/") or url.startswith("//") or "\\" in url or not url.isprintable():
        return None
    return url


@dataclass(frozen=True)
class Desk:
    """The parts behind the app, and its pages."""

    centre: Centre
    pages: Pages


def desk_of(request: Request, centre: CentreDep) -> Desk:
    """Return what a page's endpoint works with."""
    return Desk(centre=centre, pages=request.app.state.pages)


TheDesk = Annotated[Desk, Depends(desk_of)]


def _viewer(request: Request, centre: Centre, *roles: Role) -> Viewer:
    person = find_person(request, centre)
    if person is None or person.kind is not SessionKind.COOKIE:
        here = request.url.path if request.method == "GET" and not request.url.path.endswith("/live") else ""
        raise GoTo(f"/sign-in?next={quote(here)}" if here else "/sign-in")
    require(person, *roles)
    partner = ""
    if person.partner_id:
        with centre.session() as session:
            partner = find_partner(session, person.partner_id).name
    return Viewer(person=person, name=person.name, partner_name=partner, csrf_token=person.csrf)


def partner_viewer(request: Request, centre: CentreDep) -> Viewer:
    """Return who is signed in at the partner pages. Raises GoTo the sign-in page, NotAllowed."""
    return _viewer(request, centre, Role.PARTNER, Role.REVIEWER)


def ops_viewer(request: Request, centre: CentreDep) -> Viewer:
    """Return who is signed in at the ops pages. Raises GoTo the sign-in page, NotAllowed."""
    return _viewer(request, centre, Role.OPS)


ThePartner = Annotated[Viewer, Depends(partner_viewer)]
TheOps = Annotated[Viewer, Depends(ops_viewer)]


@dataclass(frozen=True)
class Sent:
    """A form that came from our own page: its text fields, and its file if one was chosen, with the file's name."""

    fields: Fields
    file: bytes | None = None
    file_name: str = ""


async def read_form(request: Request) -> Sent:
    """Return a form after checking that it came from our own page. Raises ForeignOrigin.

    A file is in memory: the body's limit (api/limits.py) is what bounds it.
    """
    async with request.form(max_files=1, max_fields=MAX_FORM_FIELDS) as form:
        fields = Fields({name: value for name, value in form.items() if isinstance(value, str)})
        files = [value for value in form.values() if isinstance(value, UploadFile) and value.filename]
        data = await files[0].read() if files else None
    guard_cookie(request, fields["csrf_token"])
    # Old browsers send the path on their own computer.
    name = re.split(r"[/\\]", files[0].filename or "")[-1] if files else ""
    return Sent(fields=fields, file=data, file_name=name)


TheForm = Annotated[Sent, Depends(read_form)]

NOTICES = {
    "course-made": ("good", N_("The course is there. Now add its lessons.")),
    "lesson-added": ("good", N_("The lesson is there. Now its video.")),
    "captions-added": ("good", N_("The captions are there. They reach classrooms with the next release.")),
    "deck-uploaded": ("good", N_("The deck is there. Its pages are shown where the video shows them.")),
    "deck-removed": ("info", N_("The deck was removed. The next encoding is without it.")),
    "attached": ("good", N_("The file is attached. It reaches classrooms with the next release.")),
    "attachment-removed": ("info", N_("The file was removed. Classrooms lose it with the next release.")),
    "captions-removed": ("info", N_("The captions were removed. Classrooms lose them with the next release.")),
    "uploaded": ("good", N_("The video is here. It is being made ready for thin lines now.")),
    "stopped": ("info", N_("It was stopped: no release takes anything of it. Trying again goes on where it was.")),
    "budget-set": (
        "good",
        N_("Saved. Lessons that are encoded from now on keep to it; those that are made stay as they are."),
    ),
    "retried": ("info", N_("It is being tried again. What was done before is not done twice.")),
    "county-added": ("good", N_("The county is there. Now add its schools.")),
    "site-added": ("good", N_("The school is there. Now add its node.")),
    "policy-set": ("good", N_("Saved. The node hears of it with its next direction.")),
    "tiers-set": ("good", N_("Saved. The node hears of it with its next direction.")),
    "node-added": ("good", N_("The node is there. Now make an enrolment code for its box.")),
    "code-once": (
        "info",
        N_("A code is shown only once. If it got lost, make a new one: the lost one then no longer works."),
    ),
    "assigned": ("good", N_("Assigned. The nodes hear of it when they next ask.")),
    "taken-back": ("info", N_("The assignment was taken back.")),
}
"""What a page says after the redirect of a form, by `?said=`."""


def show(
    request: Request,
    desk: Desk,
    viewer: Viewer,
    template: str,
    *,
    error: AppError | None = None,
    errors: Faults | None = None,
    **context: Any,
) -> Response:
    """Answer with a page. `error` is said above its form with the error's status, `errors` next to the fields."""
    language = desk.pages.language(request)
    said = NOTICES.get(request.query_params.get("said", ""))
    answer = desk.pages.response(
        request,
        template,
        status=error.status if error else 422 if errors else 200,
        viewer=viewer,
        page_notice=(said[0], translate(said[1], language)) if said and not error and not errors else None,
        error=translate_error(error, language) if error else None,
        errors=errors if errors is not None else Faults(),
        **context,
    )
    if error is not None:
        answer.headers.update(headers_of(error))
    return answer


_WRONG = {
    "string_too_short": N_("Please fill this in."),
    "missing": N_("Please fill this in."),
    "string_too_long": N_("This is too long: %(max_length)s characters at most."),
    "int_parsing": N_("This must be a whole number."),
    "greater_than_equal": N_("This must be %(ge)s or more."),
    "less_than_equal": N_("This must be %(le)s or less."),
}
_OTHERWISE = N_("This cannot be used as it is. Check it for unusual characters.")


def faults_of(error: ValidationError, language: Language) -> Faults:
    """Return what is wrong with each field, in words; the field is the last part of where pydantic found it."""
    found = Faults()
    for fault in error.errors(include_url=False, include_input=False):
        field = str(fault["loc"][-1]) if fault["loc"] else ""
        found.setdefault(field, translate(_WRONG.get(fault["type"], _OTHERWISE), language, **fault.get("ctx", {})))
    return found
