"""The worker as operators see it: health, metrics, settings that are missing."""

import os
import subprocess
import sys
from dataclasses import astuple

import httpx2

from songtan.stack.ports import free_ports
from tests.workshop import ROOT, WORK, Workshop, wait_for, workshop
from workers.pipeline.confinement import try_out

__all__ = ["workshop"]


def command(*words: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workers", *words],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_health_and_metrics(workshop: Workshop) -> None:
    (port,) = free_ports(1)
    env = {**os.environ, **workshop.env}
    assert command("health", env=env).returncode == 3
    worker = workshop.start_worker(concurrency=1, SONGTAN_WORKER_METRICS_PORT=str(port))
    url = f"http://127.0.0.1:{port}"
    wait_for(lambda: httpx2.get(f"{url}/healthz").status_code == 200, "the relay's first tick")
    wait_for(
        lambda: 'songtan_tasks{floors="yes",kind="encode",state="waiting"} 0.0' in httpx2.get(f"{url}/metrics").text,
        "gauges",
    )
    assert httpx2.get(f"{url}/metrics").headers["content-type"].startswith("application/openmetrics-text")
    assert httpx2.get(f"{url}/other").status_code == 404
    said = command("health", env=env)
    assert (said.returncode, said.stdout.splitlines()) == (0, ["The worker is at work.", try_out().sentence])
    in_force = try_out()
    (confined,) = worker.said("worker.confined")
    assert (confined["landlock"], confined["seccomp"], confined["user"]) == tuple(astuple(in_force))
    assert len(worker.said("worker.confinement-lacks")) == (1 if in_force.missing else 0)
    assert worker.stop() == 0
    os.utime(workshop.folder / WORK / "worker.alive", (0, 0))
    said = command("health", env=env)
    assert said.returncode == 3
    assert said.stdout.startswith("The worker has not been heard of for 30 seconds.\nTools run as user ")


def test_missing_settings_are_named() -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("SONGTAN_")}
    said = command("run", env=bare)
    assert said.returncode == 1
    for name in ("SONGTAN_DATABASE_URL", "SONGTAN_BROKER_URL", "SONGTAN_S3_ENDPOINT", "SONGTAN_S3_SECRET_KEY"):
        assert f"{name} is not set" in said.stderr
    assert "Traceback" not in said.stderr


def test_the_commands_say_what_they_do() -> None:
    said = command("--help", env=dict(os.environ))
    assert said.returncode == 0
    assert "turns uploads into packs" in said.stdout
