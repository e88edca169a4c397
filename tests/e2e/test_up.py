"""`songtan up` as real processes: it comes up, stops in order, keeps what was stored, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from songtan.stack.postgres import discard

UP_SECONDS = 90
GONE_SECONDS = 30


class Up:
    """A running `songtan up` on a state folder; its ports are free ones."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder = folder
        self.addresses_file = folder / "addresses.json"
        self.addresses_file.unlink(missing_ok=True)
        env = {name: value for name, value in os.environ.items() if not name.startswith("SONGTAN_")}
        env |= {"SONGTAN_STATE": str(folder), "SONGTAN_API_PORT": "0", "SONGTAN_SIGNER_PORT": "0", "LC_ALL": "C.UTF-8"}
        command = [sys.executable, "-m", "songtan.cli", *(words or ("up",))]
        self.log = folder.with_name(f"{folder.name}.log")
        with self.log.open("ab") as output:
            self.front = subprocess.Popen(command, env=env, stdout=output, stderr=output)
        self.addresses: dict[str, str] = {}

    def wait(self) -> None:
        deadline = time.monotonic() + UP_SECONDS
        while not self.addresses_file.exists():
            assert self.front.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        self.addresses = json.loads(self.addresses_file.read_text())

    def everyone(self) -> list[psutil.Process]:
        return psutil.Process(self.front.pid).children(recursive=True)

    def sign_in(self) -> Any:
        secrets = json.loads((self.folder / "secrets.json").read_text())
        given = {"login": "ops", "password": secrets["ops_password"]}
        return httpx2.post(f"{self.addresses['api']}/api/session", json=given).json()["token"]

    def get(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.sign_in()}"}
        return httpx2.get(f"{self.addresses['api']}{path}", headers=headers).json()

    def post(self, path: str, body: dict[str, str]) -> Any:
        headers = {"Authorization": f"Bearer {self.sign_in()}"}
        return httpx2.post(f"{self.addresses['api']}{path}", json=body, headers=headers).json()


def still_there(processes: list[psutil.Process]) -> list[str]:
    """Who is alive after a fair time; a zombie is not."""
    deadline = time.monotonic() + GONE_SECONDS
    while alive := [name for process in processes if (name := living(process))]:
        if time.monotonic() > deadline:
            return alive
        time.sleep(0.05)
    return []


def living(process: psutil.Process) -> str | None:
    try:
        return None if process.status() == psutil.STATUS_ZOMBIE else " ".join(process.cmdline()) or "?"
    except psutil.NoSuchProcess:
        return None


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "有 空格"
    folder.mkdir()
    yield folder
    discard(folder / "postgres")


def test_it_keeps_what_was_stored_and_ends_in_order(state: Path) -> None:
    first = Up(state)
    first.wait()
    county = first.post("/api/counties", {"name": "青山县"})
    everyone = first.everyone()
    assert {"postgres", "valkey-server", "weed"} <= {process.name() for process in everyone}
    first.front.send_signal(signal.SIGINT)
    assert first.front.wait(GONE_SECONDS) == 0, first.log.read_text()
    assert still_there(everyone) == []

    second = Up(state)
    second.wait()
    assert second.get("/api/counties")["counties"] == [county]
    everyone = second.everyone()
    second.front.kill()
    second.front.wait()
    assert still_there(everyone) == []

    third = Up(state)  # after kill -9 it starts again, with everything
    third.wait()
    assert third.get("/api/counties")["counties"] == [county]
    fourth = Up(state)
    assert fourth.front.wait(UP_SECONDS) == 1
    assert "in use by another `songtan up`" in fourth.log.read_text()
    next(p for p in third.everyone() if p.name() == "valkey-server").kill()
    assert third.front.wait(UP_SECONDS) == 3
    assert "valkey ended by itself (signal SIGKILL)" in third.log.read_text()
