"""What the outside says about accounts; never table rows."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field, SecretStr

from catalog.accounts.models import Role, SessionKind
from catalog.formats.ids import Id
from catalog.names import LoginName, Name

SHORTEST_PASSWORD = 10


@dataclass(frozen=True)
class Person:
    """Who makes a request: the account, and how it proved itself. `csrf` goes into forms (cookies only)."""

    account_id: str
    login: str
    name: str
    role: Role
    partner_id: str | None
    kind: SessionKind
    csrf: str


class NewPartner(BaseModel):
    """A partner to add."""

    name: Name


class PartnerOut(BaseModel):
    """A partner."""

    id: Id
    name: str
    created_at: datetime


class NewAccount(BaseModel):
    """An account to add. Passwords have 10 to 200 characters; any characters do."""

    login: LoginName
    name: Name
    password: SecretStr = Field(min_length=SHORTEST_PASSWORD, max_length=200)
    role: Role
    partner_id: Id | None = None


class AccountOut(BaseModel):
    """An account, without its secrets."""

    id: Id
    login: str
    name: str
    role: Role
    partner_id: Id | None
    created_at: datetime


class Credentials(BaseModel):
    """What somebody signs in with."""

    login: LoginName
    password: SecretStr = Field(min_length=1, max_length=200)


class PersonOut(BaseModel):
    """Who is signed in."""

    account_id: Id
    login: str
    name: str
    role: Role
    partner_id: Id | None
    partner_name: str | None = None


class SignedIn(BaseModel):
    """A new session: `token` is the bearer token of later requests (`Authorization: Bearer …`)."""

    token: str
    expires_at: datetime
    person: PersonOut
