"""Partners and accounts, for ops."""

from fastapi import APIRouter
from pydantic import BaseModel

from api.errors import problems
from api.security import CentreDep, OpsDep, PersonDep
from catalog.accounts import service
from catalog.accounts.models import Role
from catalog.accounts.schemas import AccountOut, NewAccount, NewPartner, PartnerOut

router = APIRouter(prefix="/api", tags=["accounts"], responses=problems(401, 403, 422, 503))


class Partners(BaseModel):
    """All partners that the account may see."""

    partners: list[PartnerOut]


class Accounts(BaseModel):
    """All accounts."""

    accounts: list[AccountOut]


@router.get("/partners")
def list_partners(person: PersonDep, centre: CentreDep) -> Partners:
    """List the partners by name; a partner's account sees its own."""
    with centre.session() as session:
        rows = service.list_partners(session)
    own = person.partner_id if person.role is Role.PARTNER else None
    return Partners(
        partners=[PartnerOut.model_validate(row.model_dump()) for row in rows if own is None or row.id == own]
    )


@router.post("/partners", status_code=201, responses=problems(409))
def add_partner(new: NewPartner, _: OpsDep, centre: CentreDep) -> PartnerOut:
    """Add a partner. Its publisher's keys are made at the signer: `songtan signer add-partner`."""
    with centre.session() as session:
        return PartnerOut.model_validate(service.add_partner(session, new.name).model_dump())


@router.get("/accounts")
def list_accounts(_: OpsDep, centre: CentreDep) -> Accounts:
    """List all accounts by login name."""
    with centre.session() as session:
        rows = service.list_accounts(session)
    return Accounts(accounts=[AccountOut.model_validate(row.model_dump()) for row in rows])


@router.post("/accounts", status_code=201, responses=problems(404, 409))
def add_account(new: NewAccount, _: OpsDep, centre: CentreDep) -> AccountOut:
    """Add an account with a role: partner, reviewer or ops."""
    with centre.session() as session:
        return AccountOut.model_validate(service.add_account(session, new).model_dump())
