"""A node as a process of its own that does what it is told, and says what it calls held as soon as it does.

Each line on standard input is a command as JSON: `["fill"]`, `["import", folder]`, `["evict", [[course, release,
lesson, tier, rung], …]]` or `["collect"]`. On standard output `+digest` and `-digest` say that a segment has become
held or is held no longer (read from the database like anyone would: what can be seen is promised), `done` that a
command has ended.
"""

import asyncio
import json
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

from edge_cache.bundle.source import DriveSource
from edge_cache.logs import start_logs
from edge_cache.node import Node
from edge_cache.settings import EdgeSettings
from edge_cache.store.needs import RenditionKey

LOOK_S = 0.005


class Looker(threading.Thread):
    """Looks at the rows with a connection of its own, and tells what has changed."""

    def __init__(self, database: Path) -> None:
        super().__init__(daemon=True)
        self._database, self._told = database, set[str]()
        self.ended = threading.Event()
        self._lock = threading.Lock()
        self._rows = sqlite3.connect(self._database, timeout=10, check_same_thread=False)

    def run(self) -> None:
        """Look until the end."""
        while not self.ended.wait(LOOK_S):
            self.look()

    def look(self) -> None:
        """Look once."""
        with self._lock:
            held = {row[0].hex() for row in self._rows.execute("select digest from segment where held")}
            lines = [f"+{digest}" for digest in held - self._told] + [f"-{digest}" for digest in self._told - held]
            self._told = held
            if lines:
                say(*lines)


def say(*lines: str) -> None:
    """Write lines at once, whole."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


async def obey(node: Node, words: list[Any]) -> None:
    """Do a command."""
    if words[0] == "fill":
        await node.sync_once()
        await node.fill_once()
    elif words[0] == "import":
        drive, nearby = await DriveSource.open(Path(words[1])), node.nearby
        node.nearby = lambda: (drive,)
        await node.sync_once(line=False)
        await node.fill_once(node.nearby)
        node.nearby = nearby
    elif words[0] == "evict":
        keys = [RenditionKey(*key) for key in words[1]]
        await asyncio.to_thread(node.housekeeping.evictor.evict, keys)
    else:
        await asyncio.to_thread(node.housekeeping.evictor.collect)


async def work(state: Path, centre: str, code: str) -> None:
    """Enrol if need be, then do what comes in until it ends."""
    quick = EdgeSettings(
        state=state, retry_seconds=0.01, retry_longest_seconds=0.05, run_bytes=100_000, discovery=False
    )
    with Node(quick) as node:
        if node.identity is None:
            await node.enrol(centre, code)
        looker = Looker(state / "node.db")
        looker.start()
        say("ready")
        while line := await asyncio.to_thread(sys.stdin.readline):
            await obey(node, json.loads(line))
            looker.look()
            say("done")
        looker.ended.set()
        looker.join()
        await node.close_client()


if __name__ == "__main__":
    start_logs("error", as_json=False)  # not to standard output, where the lines count
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
