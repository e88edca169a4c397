"""The tables' history, by Alembic. `python -m catalog.migrations upgrade` brings a database to the newest."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from catalog.db import CONNECT_SECONDS, translated_errors

FOLDER = Path(__file__).parent


def _config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["database_url"] = database_url
    return config


def migrate(database_url: str, revision: str = "head") -> None:
    """Bring the database to `revision`; one that is there already is left alone. Raises DatabaseAway."""
    with translated_errors():
        command.upgrade(_config(database_url), revision)


def newest_revision() -> str:
    """Return the revision that this code expects."""
    return str(ScriptDirectory.from_config(_config("")).get_current_head())


def current_revision(database_url: str) -> str | None:
    """Return the revision that the database is at, None for an empty one. Raises DatabaseAway."""
    engine = create_engine(database_url, connect_args={"connect_timeout": CONNECT_SECONDS})
    try:
        with translated_errors(), engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
