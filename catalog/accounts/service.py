"""The rules of accounts: who exists, who is signed in, and who may do what."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine
from sqlmodel import Session

from catalog.accounts import repository
from catalog.accounts.attempts import Guard
from catalog.accounts.errors import (
    LoginTaken,
    NotAllowed,
    PartnerMissing,
    PartnerNameTaken,
    PartnerUnknown,
    TooManyAttempts,
    WrongPassword,
)
from catalog.accounts.models import Account, Partner, Role, SessionKind, SignIn
from catalog.accounts.passwords import form_token, hash_password, is_password, new_token, token_hash
from catalog.accounts.schemas import Credentials, NewAccount, Person, PersonOut, SignedIn
from catalog.db import session_scope, utc_now

log = structlog.get_logger(__name__)

LIFETIMES = {SessionKind.COOKIE: timedelta(hours=12), SessionKind.BEARER: timedelta(days=30)}
PASSWORD_GUARD = Guard("login", failures=10, window=timedelta(minutes=15))


def add_partner(session: Session, name: str) -> Partner:
    """Add a partner. Raises PartnerNameTaken."""
    if repository.partner_named(session, name) is not None:
        raise PartnerNameTaken(name=name)
    partner = Partner(name=name)
    session.add(partner)
    session.flush()
    log.info("partner.added", partner=partner.id)
    return partner


def find_partner(session: Session, partner_id: str) -> Partner:
    """Return the partner. Raises PartnerUnknown."""
    partner = repository.partner(session, partner_id)
    if partner is None:
        raise PartnerUnknown(partner=partner_id)
    return partner


def list_partners(session: Session) -> Sequence[Partner]:
    """Return all partners by name."""
    return repository.partners(session)


def list_accounts(session: Session) -> Sequence[Account]:
    """Return all accounts by login name."""
    return repository.accounts(session)


def add_account(session: Session, new: NewAccount) -> Account:
    """Add an account. Raises LoginTaken, PartnerMissing, PartnerUnknown."""
    if new.role is Role.PARTNER and new.partner_id is None:
        raise PartnerMissing
    if new.partner_id is not None:
        find_partner(session, new.partner_id)
    if repository.account_of_login(session, new.login) is not None:
        raise LoginTaken(login=new.login)
    account = Account(
        login=new.login,
        name=new.name,
        password_hash=hash_password(new.password.get_secret_value()),
        role=new.role,
        partner_id=new.partner_id,
    )
    session.add(account)
    session.flush()
    log.info("account.added", account=account.id, role=new.role)
    return account


def sign_in(engine: Engine, given: Credentials, kind: SessionKind) -> SignedIn:
    """Check a password and begin a session. Raises WrongPassword, TooManyAttempts.

    Takes the engine, not a session: a wrong guess is counted although the request fails, and no
    connection is held while argon2 works.
    """
    now = utc_now()
    wait = PASSWORD_GUARD.wait(engine, given.login, now)
    if wait:
        raise TooManyAttempts(login=given.login, minutes=math.ceil(wait / 60), retry_after=wait)
    with session_scope(engine) as session:
        account = repository.account_of_login(session, given.login)
    if not is_password(account.password_hash if account else None, given.password.get_secret_value()) or not account:
        PASSWORD_GUARD.count(engine, given.login, now)
        log.warning("account.sign-in-refused", login=given.login)
        raise WrongPassword
    PASSWORD_GUARD.forget(engine, given.login)
    token, expires = new_token(), now + LIFETIMES[kind]
    with session_scope(engine) as session:
        session.add(SignIn(token_hash=token_hash(token), account_id=account.id, kind=kind, expires_at=expires))
        partner = repository.partner(session, account.partner_id) if account.partner_id else None
    log.info("account.signed-in", account=account.id, kind=kind)
    person = PersonOut(
        account_id=account.id,
        login=account.login,
        name=account.name,
        role=Role(account.role),
        partner_id=account.partner_id,
        partner_name=partner.name if partner else None,
    )
    return SignedIn(token=token, expires_at=expires, person=person)


def who_is(session: Session, token: str, now: datetime | None = None) -> Person | None:
    """Return whose session the token is, or None if it is nobody's or has ended."""
    found = repository.person_of_token(session, token_hash(token), now or utc_now())
    if found is None:
        return None
    account, kind = found
    return Person(
        account_id=account.id,
        login=account.login,
        name=account.name,
        role=Role(account.role),
        partner_id=account.partner_id,
        kind=SessionKind(kind),
        csrf=form_token(token),
    )


def sign_out(session: Session, token: str) -> None:
    """End the session of a token; one that has ended is no error."""
    repository.end_session(session, token_hash(token))


def tidy(session: Session, now: datetime) -> None:
    """Forget sessions that have ended and wrong guesses of long ago; the watcher does it every hour."""
    repository.forget_what_is_over(session, now, now - timedelta(days=1))


def require(person: Person, *roles: Role) -> None:
    """Make sure that the person has one of the roles. Raises NotAllowed."""
    if person.role not in roles:
        raise NotAllowed(role=person.role, need=" / ".join(roles))
