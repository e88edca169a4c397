"""A whole centre on this machine: the embedded servers and our own programs, one state folder, one supervisor."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from catalog.lifeline import ASKED_BY
from catalog.settings import load
from songtan.preparation import PlaceSettings, prepare
from songtan.readiness import answers
from songtan.settings import StackSettings
from songtan.stack.embedded import Embedded
from songtan.stack.errors import ToolFailed
from songtan.stack.ports import LOOPBACK, chosen_port, free_ports
from songtan.stack.process import Child
from songtan.stack.state import State, write_private
from songtan.stack.supervisor import Program, Supervisor

log = structlog.get_logger(__name__)

READY_SECONDS = 60.0
TOOL_SECONDS = 120.0
OPS_LOGIN = "ops"


@dataclass
class LocalCentre:
    """Everything that `songtan up` starts. `say` tells the person what is being done."""

    settings: StackSettings
    state: State
    say: Callable[[str], None]
    supervisor: Supervisor = field(default_factory=Supervisor)
    secrets: dict[str, str] = field(init=False)
    embedded: Embedded = field(init=False)
    ports: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        host = self.settings.up_host
        self.secrets = self.state.secrets()
        self.embedded = Embedded(self.state)
        self.ports = {
            "api": chosen_port(self.settings.api_port, 8000, host, "SONGTAN_API_PORT"),
            "signer": chosen_port(self.settings.signer_port, 8001, host, "SONGTAN_SIGNER_PORT"),
        }

    def url(self, name: str) -> str:
        """Where people and nodes reach a program."""
        return f"http://{self.settings.up_host}:{self.ports[name]}"

    @property
    def store_url(self) -> str:
        """Where public objects are read without credentials, without a slash at the end."""
        return self._places().store_url

    @property
    def env(self) -> dict[str, str]:
        """The settings of all our programs together."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("SONGTAN_")},
            **self.embedded.env,
            ASKED_BY: "1",
            "SONGTAN_SIGNER_KEYS": str(self.state.folder / "signer"),
            "SONGTAN_SIGNER_TOKEN": self.secrets["signer_token"],
            "SONGTAN_SIGNER_URL": self.url("signer"),
            "SONGTAN_SIGNER_HOST": self.settings.up_host,
            "SONGTAN_SIGNER_PORT": str(self.ports["signer"]),
            "SONGTAN_API_HOST": self.settings.up_host,
            "SONGTAN_API_PORT": str(self.ports["api"]),
        }

    def start(self) -> None:
        """Start everything in order; raises `NotReady` and leaves what runs to `stop`."""
        began = time.monotonic()
        self.say("the database, the broker and the object store")
        self.embedded.start(self.supervisor)
        self.say("the tables and the buckets")
        prepare(self._places())
        self.say("the signer, the API and a worker")
        if not (self.state.folder / "signer" / "root.key").exists():
            self.tool("signer", "init", "--passphrase-file", "-", told=self.secrets["ops_passphrase"])
        self._add_ops_account()
        worker = self._worker()
        self.supervisor.start_together(self._web("signer"), worker, self._web("api"))
        log.info("centre.became-ready", seconds=round(time.monotonic() - began, 1))

    def note_addresses(self, others: Mapping[str, str] | None = None) -> None:
        """Write addresses.json in the state folder, for programs: where everything is, now that it is up."""
        addresses = {name: self.url(name) for name in self.ports} | dict(others or {})
        write_private(self.state.folder / "addresses.json", json.dumps(addresses))

    def stop(self) -> None:
        """End everything, the last started first."""
        (self.state.folder / "addresses.json").unlink(missing_ok=True)
        self.supervisor.stop()

    def _places(self) -> PlaceSettings:
        names = ("database_url", "s3_endpoint", "s3_access_key", "s3_secret_key")
        return load(PlaceSettings, **{name: self.embedded.env[f"SONGTAN_{name.upper()}"] for name in names})

    def child(self, name: str, words: Sequence[str], env: Mapping[str, str]) -> Child:
        """One of our programs, not yet started."""
        return Child(name, [sys.executable, "-m", *words], self.state.log(name), cwd=self.state.folder, env=env)

    def _web(self, name: str) -> Program:
        """A program that answers /readyz on its port when it is ready."""
        url = f"{self.url(name)}/readyz"
        return Program(self.child(name, [name, "serve"], self.env), lambda: answers(url), READY_SECONDS)

    def _worker(self) -> Program:
        port = free_ports(1)[0]
        env = {
            **self.env,
            "SONGTAN_WORKER_FOLDER": str(self.state.folder / "work"),
            "SONGTAN_WORKER_METRICS_PORT": str(port),
        }
        url = f"http://{LOOPBACK}:{port}/healthz"
        return Program(self.child("worker", ["workers", "run"], env), lambda: answers(url), READY_SECONDS)

    def _add_ops_account(self) -> None:
        """Make the first account, once."""
        made = self.state.folder / "ops-account"
        if not made.exists():
            password = self.secrets["ops_password"]
            self.tool("api", "add-account", OPS_LOGIN, "--role", "ops", "--password-stdin", told=f"{password}\n")
            write_private(made, OPS_LOGIN)

    def tool(self, *words: str, told: str = "", env: Mapping[str, str] | None = None) -> str:
        """Run a command of one of our programs to its end, with `told` on its standard input and `env` as settings.

        Raises `ToolFailed`.
        """
        done = subprocess.run(
            [sys.executable, "-m", *words],
            input=told,
            capture_output=True,
            text=True,
            env=env or self.env,
            cwd=self.state.folder,
            timeout=TOOL_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise ToolFailed(command=" ".join(words[:2]), code=done.returncode, output=done.stderr.strip())
        return done.stdout
