"""SQL of partners, accounts, sessions and counted attempts."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from catalog.accounts.models import Account, Attempts, Partner, SignIn


def partner(session: Session, partner_id: str) -> Partner | None:
    """Return the partner."""
    return session.get(Partner, partner_id)


def partner_named(session: Session, name: str) -> Partner | None:
    """Return the partner of that name."""
    return session.scalars(select(Partner).where(col(Partner.name) == name)).one_or_none()


def partners(session: Session) -> Sequence[Partner]:
    """Return all partners by name; they are tens, not thousands."""
    return session.scalars(select(Partner).order_by(col(Partner.name))).all()


def account_of_login(session: Session, login: str) -> Account | None:
    """Return the account with that login name (lower case)."""
    return session.scalars(select(Account).where(col(Account.login) == login)).one_or_none()


def accounts(session: Session) -> Sequence[Account]:
    """Return all accounts by login name."""
    return session.scalars(select(Account).order_by(col(Account.login))).all()


def person_of_token(session: Session, token_hash: str, now: datetime) -> tuple[Account, str] | None:
    """Return (account, kind) of a session that has not ended."""
    row = session.execute(
        select(Account, col(SignIn.kind))
        .join(SignIn, col(SignIn.account_id) == col(Account.id))
        .where(col(SignIn.token_hash) == token_hash, col(SignIn.expires_at) > now)
    ).one_or_none()
    return (row[0], row[1]) if row else None


def end_session(session: Session, token_hash: str) -> None:
    """Delete one session."""
    session.execute(delete(SignIn).where(col(SignIn.token_hash) == token_hash))


def attempts(session: Session, key: str) -> Attempts | None:
    """Return the failures counted for `key`."""
    return session.get(Attempts, key)


def count_failure(session: Session, key: str, now: datetime, window_start: datetime) -> None:
    """Add one failure; a count that began before `window_start` begins anew. Atomic: two at once count as two."""
    fresh = col(Attempts.first_at) < window_start
    session.execute(
        insert(Attempts)
        .values(key=key, failures=1, first_at=now)
        .on_conflict_do_update(
            index_elements=["key"],
            set_={
                "failures": case((fresh, 1), else_=col(Attempts.failures) + 1),
                "first_at": case((fresh, now), else_=col(Attempts.first_at)),
            },
        )
    )


def forget_what_is_over(session: Session, now: datetime, counted_before: datetime) -> None:
    """Delete expired sessions, and failures counted since before `counted_before`."""
    session.execute(delete(SignIn).where(col(SignIn.expires_at) <= now))
    session.execute(delete(Attempts).where(col(Attempts.first_at) < counted_before))


def forget_failures(session: Session, key: str) -> None:
    """Begin anew for `key`."""
    session.execute(delete(Attempts).where(col(Attempts.key) == key))
