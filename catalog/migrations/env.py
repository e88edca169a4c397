"""How Alembic reaches the database: the address is handed over, or is SONGTAN_DATABASE_URL."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import create_engine, pool, text
from sqlmodel.sql.sqltypes import AutoString

from catalog.migrations.tables import metadata
from catalog.settings import DatabaseSettings, load

# Two programs that start at once must not both migrate: the second waits here.
MIGRATION_LOCK = 0x50_4E_47_54


def render(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """Write SQLModel's text columns as SQLAlchemy's, so that a revision needs no import of ours."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


def run() -> None:
    url = context.config.attributes.get("database_url")
    if not url:
        url = load(DatabaseSettings).database_url.get_secret_value()
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, compare_type=True, render_item=render)
        with context.begin_transaction():
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            context.run_migrations()


run()
