"""A running `songtan up` or demo, as the tests start, ask and kill it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import psutil

UP_SECONDS = 90
GONE_SECONDS = 30


class Up:
    """A running `songtan up` on a state folder; its ports are free ones."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder = folder
        self.addresses_file = folder / "addresses.json"
        self.addresses_file.unlink(missing_ok=True)
        env = {name: value for name, value in os.environ.items() if not name.startswith("SONGTAN_")}
        env |= {
            "SONGTAN_STATE": str(folder),
            "SONGTAN_API_PORT": "0",
            "SONGTAN_SIGNER_PORT": "0",
            "SONGTAN_EDGE_PORT": "0",
            "LC_ALL": "C.UTF-8",
        }
        command = [sys.executable, "-m", "songtan.cli", *(words or ("up",))]
        self.log = folder.with_name(f"{folder.name}.log")
        with self.log.open("ab") as output:
            self.front = subprocess.Popen(command, env=env, stdout=output, stderr=output)
        self.addresses: dict[str, str] = {}

    def wait(self, seconds: float = UP_SECONDS) -> None:
        """Wait until it says where everything is; a demo says so when its lesson has walked."""
        deadline = time.monotonic() + seconds
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
