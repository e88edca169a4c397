"""Signing in and out with a bearer token. Pages use a cookie instead (`api.web`)."""

from fastapi import APIRouter, Response
from starlette.requests import Request

from api.errors import problems
from api.security import CentreDep, PersonDep
from api.security import token_of as token_of_request
from catalog.accounts.models import SessionKind
from catalog.accounts.schemas import Credentials, PersonOut, SignedIn
from catalog.accounts.service import find_partner, sign_in, sign_out

router = APIRouter(prefix="/api/session", tags=["session"], responses=problems(422, 503))


@router.post("", status_code=201, responses=problems(401, 429))
def create(given: Credentials, centre: CentreDep) -> SignedIn:
    """Sign in. The answer's token goes into `Authorization: Bearer …` for 30 days.

    After ten wrong passwords for a login name, that name waits for a quarter of an hour.
    """
    return sign_in(centre.engine, given, SessionKind.BEARER)


@router.get("", responses=problems(401))
def show(person: PersonDep, centre: CentreDep) -> PersonOut:
    """Say who is signed in."""
    with centre.session() as session:
        partner = find_partner(session, person.partner_id) if person.partner_id else None
    return PersonOut(
        account_id=person.account_id,
        login=person.login,
        name=person.name,
        role=person.role,
        partner_id=person.partner_id,
        partner_name=partner.name if partner else None,
    )


@router.delete("", status_code=204, response_class=Response, responses=problems(401, 403))
def end(request: Request, person: PersonDep, centre: CentreDep) -> None:
    """Sign out: the token of this request is worth nothing from now on."""
    found = token_of_request(request)
    if found is not None:
        with centre.session() as session:
            sign_out(session, found[0])
