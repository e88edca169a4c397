"""The classroom box of the demo: the edge node as its own program, with its own folder."""

import hashlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from songtan.readiness import answers
from songtan.stack.centre import LocalCentre
from songtan.stack.ports import chosen_port
from songtan.stack.supervisor import Program

READY_SECONDS = 30.0


@dataclass
class LocalNode:
    """A node beside a local centre, which supervises it."""

    centre: LocalCentre
    port: int = field(init=False)
    program: Program = field(init=False)

    def __post_init__(self) -> None:
        settings = self.centre.settings
        self.port = chosen_port(settings.edge_port, 8090, settings.up_host, "SONGTAN_EDGE_PORT")
        child = self.centre.child("edge", ["edge_cache", "serve"], self.env)
        self.program = Program(child, lambda: answers(f"{self.url}/readyz"), READY_SECONDS)

    @property
    def url(self) -> str:
        """Where the classroom opens it."""
        return f"http://{self.centre.settings.up_host}:{self.port}"

    @property
    def folder(self) -> Path:
        """What the node keeps."""
        return self.centre.state.folder / "edge"

    @property
    def env(self) -> dict[str, str]:
        """A node's own settings and nothing of the centre's."""
        own = {name: value for name, value in self.centre.env.items() if not name.startswith("SONGTAN_")}
        return own | {
            "SONGTAN_EDGE_STATE": str(self.folder),
            "SONGTAN_EDGE_LISTEN": f"{self.centre.settings.up_host}:{self.port}",
            "SONGTAN_EDGE_POLL_SECONDS": "3",
            "SONGTAN_EDGE_REPORT_SECONDS": "5",
        }

    @property
    def id(self) -> str | None:
        """The id of the node that this folder is at this centre, None for a new box (or one of another centre)."""
        try:
            found = json.loads((self.folder / "node.json").read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return str(found["node"]) if found.get("centre") == self.centre.url("api") else None

    def enrol(self, code: str) -> None:
        """Make it a node of the centre. Raises `ToolFailed`."""
        words = ["edge_cache", "enrol", "--centre", self.centre.url("api"), "--code", code]
        self.centre.tool(*words, env=self.env)

    def forget(self) -> None:
        """Make it a new box again."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it; raises `NotReady`."""
        self.centre.supervisor.start(self.program)

    def segments(self) -> dict[str, int]:
        """Every segment in its store whose bytes have the digest that it is called: digest and length in bytes."""
        sound: dict[str, int] = {}
        for file in sorted((self.folder / "store" / "segments").glob("*/*")):
            data = file.read_bytes()
            if hashlib.sha256(data).hexdigest() == file.name:
                sound[file.name] = len(data)
        return sound
