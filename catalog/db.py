"""The database: one engine a process, one transaction a request or task."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Field, Session, SQLModel

from catalog.formats.errors import N_, AppError
from catalog.settings import DatabaseSettings

# Names that Alembic can find again; set before any table is declared (every models.py imports this module).
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = SQLModel.metadata

CONNECT_SECONDS = 4
STATEMENT_MILLISECONDS = 30_000


class DatabaseAway(AppError):
    """PostgreSQL cannot be reached, or does not answer in time. Nothing was changed."""

    code = "database.away"
    status = 503
    message = N_("The database does not answer, so nothing was changed. Try again in a minute; tell ops if it stays.")


def utc_now() -> datetime:
    """Return this moment as an aware UTC time."""
    return datetime.now(UTC)


def moment(default_now: bool = False, **options: Any) -> Any:
    """Return the field of a column that holds an aware UTC time; `default_now` makes now its default."""
    if default_now:
        options["default_factory"] = utc_now
    return Field(sa_type=DateTime(timezone=True), **options)


def make_engine(settings: DatabaseSettings, pool_size: int = 10) -> Engine:
    """Return an engine; nothing connects until it is used, so a database that starts later is no error here."""
    return create_engine(
        settings.database_url.get_secret_value(),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,  # a restarted server costs nobody an error
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_MILLISECONDS}",
        },
    )


@contextmanager
def session_scope(engine: Engine) -> Iterator[Session]:
    """Give a session whose transaction commits at the end, or rolls back on any error.

    Raises DatabaseAway where the server cannot be reached or breaks off.
    """
    with translated_errors(), Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the driver's errors about an unreachable server into DatabaseAway; others pass."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise DatabaseAway from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseAway from error
        raise


def warm(engine: Engine, connections: int) -> None:
    """Open so many connections for the pool, so that the first requests need not. Raises DatabaseAway."""
    with translated_errors(), ExitStack() as stack:
        for _ in range(connections):
            stack.enter_context(engine.connect())


def ping(engine: Engine) -> None:
    """Ask the server for one row. Raises DatabaseAway."""
    with translated_errors(), engine.connect() as connection:
        connection.execute(text("select 1"))
