"""The tables' history leads to what the code declares, forwards and back, and two programs may start it at once."""

import os
import subprocess
import sys

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from catalog.db import DatabaseAway
from catalog.migrations import _config, current_revision, migrate, newest_revision
from catalog.migrations.tables import metadata
from songtan.stack.ports import free_ports


def test_the_history_makes_what_the_code_declares(empty_database_url: str) -> None:
    assert current_revision(empty_database_url) is None
    migrate(empty_database_url)
    assert current_revision(empty_database_url) == newest_revision()
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    migrate(empty_database_url)  # again is harmless
    command.downgrade(_config(empty_database_url), "base")
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    engine.dispose()


def test_two_programs_may_migrate_at_once(empty_database_url: str) -> None:
    env = {**os.environ, "SONGTAN_DATABASE_URL": empty_database_url, "SONGTAN_DEMO": "1"}
    command_line = [sys.executable, "-m", "catalog.migrations", "upgrade"]
    running = [subprocess.Popen(command_line, env=env, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert current_revision(empty_database_url) == newest_revision()


def test_a_database_that_is_away_is_said_to_be() -> None:
    with pytest.raises(DatabaseAway):
        migrate(f"postgresql+psycopg://u:p@127.0.0.1:{free_ports(1)[0]}/d")
