"""A real box's command at a real centre: codes that are unknown, used, expired or guessed."""

import re
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlmodel import select

from catalog.accounts.models import Role
from catalog.db import utc_now
from catalog.nodes.models import EnrolmentCode
from tests.fakes.edge_process import EdgeProcess
from tests.live_centre import PASSWORD, LiveCentre

CHINESE = {"LC_ALL": "zh_CN.UTF-8", "PYTHONIOENCODING": "utf-8"}


@pytest.fixture
def code(live_centre: LiveCentre) -> str:
    """A code that ops have just made."""
    live_centre.account("li", Role.OPS)
    with httpx2.Client(base_url=live_centre.url) as client:
        token = client.post("/api/session", json={"login": "li", "password": PASSWORD}).json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"

        def post(path: str, **body: Any) -> dict[str, Any]:
            answer = client.post(path, json=body)
            assert answer.status_code == 201, answer.text
            made: dict[str, Any] = answer.json()
            return made

        county = post("/api/counties", name="马边县")["id"]
        site = post("/api/sites", county_id=county, name="村小学")["id"]
        node = post("/api/nodes", site_id=site, name="盒子")["id"]
        return str(post(f"/api/nodes/{node}/enrolment-codes")["code"])


def enrol(live_centre: LiveCentre, folder: Path, code: str, **env: str) -> subprocess.CompletedProcess[str]:
    edge = EdgeProcess(folder)
    edge.env |= env
    done = edge.command("enrol", "--centre", live_centre.url, "--code", code)
    assert "Traceback" not in done.stderr
    assert not (folder / "node.json").exists()
    return done


def test_a_used_code(live_centre: LiveCentre, code: str, tmp_path: Path) -> None:
    used = httpx2.post(f"{live_centre.url}/api/node/enrol", json={"code": code, "software": "x"})
    assert used.status_code == 201
    again = enrol(live_centre, tmp_path / "box", code)
    assert again.returncode == 1
    assert "already been used" in again.stderr
    assert re.search("[\u4e00-\u9fff]{4}", enrol(live_centre, tmp_path / "box", code, **CHINESE).stderr)


def test_an_expired_code(live_centre: LiveCentre, code: str, tmp_path: Path) -> None:
    with live_centre.centre.session() as session:
        row = session.exec(select(EnrolmentCode)).one()
        row.expires_at = utc_now() - timedelta(seconds=1)
        session.add(row)
    late = enrol(live_centre, tmp_path / "box", code)
    assert (late.returncode, "has expired" in late.stderr) == (1, True), late.stderr


def test_an_unknown_code_and_guessing(live_centre: LiveCentre, code: str, tmp_path: Path) -> None:
    unknown = enrol(live_centre, tmp_path / "box", f"AAAA-AAAA-AAAA{code[14:]}")
    assert (unknown.returncode, "does not know this code" in unknown.stderr) == (1, True), unknown.stderr
    with httpx2.Client(base_url=live_centre.url) as client:
        answer = 404
        for _ in range(100):
            if answer != 404:
                break
            guess = {"code": f"AAAB-AAAA-AAAA{code[14:]}", "software": "x"}
            answer = client.post("/api/node/enrol", json=guess).status_code
    assert answer == 429
    guessed = enrol(live_centre, tmp_path / "box", code)
    assert (guessed.returncode, "Wait a few minutes" in guessed.stderr) == (1, True), guessed.stderr
