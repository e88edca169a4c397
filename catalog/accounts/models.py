"""Tables of partners, accounts and what proves who somebody is."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from catalog.db import moment
from catalog.formats.ids import new_id


class Role(StrEnum):
    """What an account may do: a partner's own courses; look at all before they are signed; run the centre."""

    PARTNER = "partner"
    REVIEWER = "reviewer"
    OPS = "ops"


class SessionKind(StrEnum):
    """How a session's token travels: in a browser's cookie, or as a bearer token of a command or program."""

    COOKIE = "cookie"
    BEARER = "bearer"


class Partner(SQLModel, table=True):
    """A school or organisation that uploads courses."""

    __tablename__ = "partner"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=26)
    name: str = Field(unique=True, max_length=200)
    created_at: datetime = moment(default_now=True)


class Account(SQLModel, table=True):
    """Somebody who signs in. `login` is lower case; `password_hash` is argon2id in its own text form."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("role in ('partner', 'reviewer', 'ops')", name="role_known"),
        CheckConstraint("role <> 'partner' or partner_id is not null", name="partner_named"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=26)
    login: str = Field(unique=True, max_length=100)
    name: str = Field(max_length=200)
    password_hash: str = Field(max_length=200)
    role: str = Field(max_length=16)
    partner_id: str | None = Field(default=None, foreign_key="partner.id", max_length=26, index=True)
    created_at: datetime = moment(default_now=True)


class SignIn(SQLModel, table=True):
    """A session. `token_hash` is the sha256 of a token that only its holder has."""

    __tablename__ = "session"

    token_hash: str = Field(primary_key=True, max_length=64)
    account_id: str = Field(foreign_key="account.id", ondelete="CASCADE", max_length=26, index=True)
    kind: str = Field(max_length=16)
    expires_at: datetime = moment()
    created_at: datetime = moment(default_now=True)


class Attempts(SQLModel, table=True):
    """Wrong guesses at a secret: of a login name, or of enrolment codes from an address. `key` names which."""

    __tablename__ = "attempts"

    key: str = Field(primary_key=True, max_length=200)
    failures: int
    first_at: datetime = moment()
