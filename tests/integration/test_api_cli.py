"""The server's own commands, as a process: what they print, and how they end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REVISIONS = Path(__file__).parents[2] / "catalog" / "migrations" / "versions"
BASE = {"PATH": os.environ["PATH"], "SONGTAN_DEMO": "1", "HOME": os.environ.get("HOME", "/")}


def api(*words: str, env: dict[str, str], given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api", *words],
        env={**BASE, **env}, input=given, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def env(empty_database_url: str) -> dict[str, str]:
    return {"SONGTAN_DATABASE_URL": empty_database_url}


def test_from_an_empty_database_to_an_account(env: dict[str, str]) -> None:
    newest = max(path.name[:4] for path in REVISIONS.glob("[0-9]*.py"))
    assert api("migrate", env=env).stdout.strip() == newest
    added = api("add-partner", "成都七中", "--json", env=env)
    partner = json.loads(added.stdout)
    assert partner["name"] == "成都七中"
    again = api("add-partner", "成都七中", env=env)
    assert (again.returncode, again.stdout) == (1, "")
    assert "exists already" in again.stderr
    words = ("add-account", "Wang", "--role", "partner", "--partner", partner["id"], "--password-stdin")
    account = api(*words, "--json", env=env, given="a long password\n")
    assert json.loads(account.stdout)["login"] == "wang"
    short = api("add-account", "li", "--role", "ops", "--password-stdin", env=env, given="short\n")
    assert short.returncode == 1
    assert "password" in short.stderr
    assert "Traceback" not in short.stderr


def test_serving_without_settings_or_tables_says_what_to_do(env: dict[str, str]) -> None:
    bare = api("serve", env={})
    assert bare.returncode == 1
    assert "SONGTAN_DATABASE_URL is not set" in bare.stderr
    rest = {
        "SONGTAN_S3_ENDPOINT": "http://127.0.0.1:1", "SONGTAN_S3_ACCESS_KEY": "x", "SONGTAN_S3_SECRET_KEY": "x",
        "SONGTAN_BROKER_URL": "redis://127.0.0.1:1", "SONGTAN_SIGNER_URL": "http://x", "SONGTAN_SIGNER_TOKEN": "x",
    }  # fmt: skip
    behind = api("serve", env={**env, **rest})
    assert behind.returncode == 3
    assert "songtan api migrate" in behind.stderr
    weak = api("serve", env={**env, **rest, "SONGTAN_DEMO": "0"})
    assert weak.returncode == 1
    assert "SONGTAN_S3_SECRET_KEY is empty, well known or shorter" in weak.stderr
    for run in (bare, behind, weak):
        assert "Traceback" not in run.stderr
