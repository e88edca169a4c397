"""The school's box: a real node, told by its commands, behind relays that count what it says and hears."""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.programs import SONGTAN, Broken, clean_env, running, wait_for, wait_ready
from benchmarks.update.counted import Crossed, crossed, looks
from songtan.stack.ports import free_ports
from tests.fakes.relay import Exchange, Relay

SYNC_S = 900.0
POLL_S = 1.0


@dataclass
class Box:
    """A node in `folder`; `centre` and `store` are the relays before those."""

    folder: Path
    centre: Relay
    store: Relay

    @property
    def env(self) -> dict[str, str]:
        """Its settings: production's, but for its place and how often it looks."""
        return clean_env(
            SONGTAN_EDGE_STATE=str(self.folder / "edge"),
            SONGTAN_EDGE_LISTEN=f"127.0.0.1:{free_ports(1)[0]}",
            SONGTAN_EDGE_POLL_SECONDS=str(POLL_S),
            SONGTAN_EDGE_DISCOVERY="false",
        )

    def enrol(self, code: str) -> None:
        """Make it a node of the centre. Raises Broken."""
        self._run("enrol", "--centre", self.centre.address, "--code", code)

    def update(self, release: int) -> Crossed:
        """Let it look once, fetch what is new and report; return what crossed. Raises Broken if it does not hold all
        of `release` then."""
        self._forget()
        (course,) = json.loads(self._run("sync", "--json"))["courses"]
        if course["release"] != release or course["bytes_held"] != course["bytes_wanted"]:
            raise Broken(f"the node holds {course}, and not all of release {release}")
        return crossed([*self.centre.exchanges, *self.store.exchanges])

    def quiet(self, count: int) -> list[list[Exchange]]:
        """Let the node run as it does at a school, and return what it asked in `count` looks that found nothing new.

        Its first look and the report of its start are not among them.
        """
        self._forget()
        env, log = self.env, self.folder / "edge.log"
        with running(["edge", "serve"], env, log) as process:
            wait_ready(f"http://{env['SONGTAN_EDGE_LISTEN']}/readyz", process, log)
            wait_for(lambda: len(self._looks()) > 2, "the node's first looks", 120, pause=0.1)
            self._forget()
            wait_for(lambda: len(self._looks()) > count, f"{count} looks", 120 + 5 * count * POLL_S, pause=0.1)
        time.sleep(0.2)  # the relays see the end of what was under way
        return self._looks()[:count]

    def _looks(self) -> list[list[Exchange]]:
        """Return what the centre was asked, look by look; what the store was asked stands with the first."""
        found = looks(self.centre.exchanges)
        return [[*found[0], *self.store.exchanges], *found[1:]] if found else []

    def _forget(self) -> None:
        self.centre.exchanges.clear()
        self.store.exchanges.clear()

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [SONGTAN, "edge", *words], env=self.env, capture_output=True, text=True, timeout=SYNC_S, check=False
        )
        if done.returncode != 0:
            raise Broken(
                f"songtan edge {words[0]} ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-1000:]}"
            )
        return done.stdout
