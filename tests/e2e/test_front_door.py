"""The front door as a person meets it: help, version, what is missing, exit codes."""

import os
import subprocess
import sys

import pytest

WITHOUT_THE_CENTRE = """
import sys
for name in {modules!r}:
    sys.modules[name] = None
sys.argv = ["songtan", *{words!r}]
from songtan.cli import main
main()
"""
CENTRE = ["fastapi", "sqlmodel", "sqlalchemy", "celery", "minio", "psycopg", "redis", "ffmpeg", "imageio_ffmpeg"]


def songtan(*words: str, language: str = "C.UTF-8") -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "LC_ALL": language}
    command = [sys.executable, "-m", "songtan.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=60, check=False)


def edge_only(*words: str) -> subprocess.CompletedProcess[str]:
    """The front door where nothing of the centre is installed."""
    script = WITHOUT_THE_CENTRE.format(modules=CENTRE, words=list(words))
    env = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=env, timeout=60, check=False
    )


def test_help_teaches() -> None:
    done = songtan("--help")
    assert done.returncode == 0
    for word in ("songtan demo", "songtan up", "edge", "signer", "Exit codes"):
        assert word in done.stdout


def test_no_command_is_wrong_usage_and_shows_help() -> None:
    done = songtan()
    assert done.returncode == 2
    assert "songtan demo" in done.stdout + done.stderr


def test_version() -> None:
    done = songtan("--version")
    assert (done.returncode, done.stdout) == (0, "songtan 0.1.0\n")


@pytest.mark.parametrize("words", [("no-such-command",), ("up", "--no-such-option"), ("demo", "--lesson")])
def test_wrong_usage_is_exit_code_2(words: tuple[str, ...]) -> None:
    done = songtan(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("api", "--help"), ("worker", "--help"), ("signer", "--help"), ("up",)])
def test_a_box_without_the_centre_says_what_is_missing(words: tuple[str, ...]) -> None:
    done = edge_only(*words)
    assert done.returncode == 3
    assert f"`songtan {words[0]}` needs the Python module" in done.stderr
    assert "pip install 'songtan[server" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_box_without_the_centre_runs_the_edge() -> None:
    done = edge_only("edge", "--help")
    assert done.returncode == 0, done.stderr
    assert "serve" in done.stdout


@pytest.mark.parametrize("program", ["api", "worker", "signer", "edge", "partner", "ops"])
def test_each_program_explains_itself(program: str) -> None:
    done = songtan(program, "--help")
    assert done.returncode == 0, done.stderr
    assert f"Usage: songtan {program}" in done.stdout


def test_errors_are_in_the_language_of_the_terminal(tmp_path: object) -> None:
    env = {**os.environ, "LC_ALL": "zh_CN.UTF-8", "SONGTAN_STATE": "/proc/no-such-place"}
    command = [sys.executable, "-m", "songtan.cli", "up"]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=60, check=False)
    assert done.returncode == 3
    assert "/proc/no-such-place" in done.stderr
    assert "SONGTAN_STATE" in done.stderr
    assert "cannot be used" not in done.stderr


def test_not_ready_is_exit_code_3() -> None:
    done = songtan("ready", "http://127.0.0.1:9/readyz")
    assert done.returncode == 3
    assert "127.0.0.1:9" in done.stderr
