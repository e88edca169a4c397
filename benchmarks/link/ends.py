"""What is fetched again after a fill was killed, stopped, paused or cut off, and after a bit was flipped."""

import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.programs import Broken, wait_for
from benchmarks.thin_line.cell import Cell, cell, origin
from benchmarks.thin_line.goods import EDGE, SERVE, Goods, edge_env, held
from benchmarks.thin_line.shaping import HEADERS, LineSpec

LINE = LineSpec(rate_bits_per_s=20e6, delay_ms=20, seed=9)
CONNECTIONS = 8
SMALL_BYTES = 30_000
"""Metadata and heads that come down at a start; they are no segments."""


@dataclass
class Box:
    """A node over a line of its own that is started and ended many times."""

    at: Cell
    goods: Goods
    state: Path
    lost: list[float]

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the node."""
        env = edge_env(self.state, in_flight=str(CONNECTIONS), read_seconds="2", retry_seconds="0.2")
        return self.at.start(SERVE, log=self.at.folder / "log", env=env)

    def came(self) -> float:
        """Return the bytes of payload that have come down the line."""
        down = self.at.stats()["down"]
        return float(down["bytes"] - down["packets"] * HEADERS)

    def has_taken(self, length: float) -> bool:
        """Say whether more bytes than that have come down the line."""
        return self.came() > length


Ending = Callable[[Box, "subprocess.Popen[bytes]"], None]


def _kill(_box: Box, process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


def _terminate(_box: Box, process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def _cancel(box: Box, process: "subprocess.Popen[bytes]") -> None:
    env = edge_env(box.state)
    for word in ("pause", "resume"):
        subprocess.run([*EDGE, word], env=env, check=True, capture_output=True)
        if word == "pause":
            time.sleep(1.5)
            _terminate(box, process)


def _cut(box: Box, process: "subprocess.Popen[bytes]") -> None:
    box.at.cut()
    time.sleep(3)
    box.at.mend()
    time.sleep(1)
    _terminate(box, process)


ENDINGS: dict[str, Ending] = {"SIGKILL": _kill, "SIGTERM": _terminate, "cancel": _cancel, "link cut": _cut}


@contextmanager
def _box(name: str, goods: Goods) -> Iterator[Box]:
    folder = goods.folder / name
    folder.mkdir()
    with cell(name, LINE, folder, "cubic") as at, origin(at, goods.root):
        yield Box(at, goods, goods.node(folder / "state0"), [])


def refetched(name: str, kind: str, goods: Goods, moments: int, seed: int) -> list[float]:
    """Return, for each of so many random moments, how many segments a connection what came and was lost would make.

    A segment is the goods' largest; what is lost is what came down the line and was not held afterwards.
    """
    chance, ending = random.Random(seed), ENDINGS[kind]
    with _box(name, goods) as box:
        for moment in range(moments):
            if held(box.state)[0] > goods.length * 0.7:
                box.state = goods.node(box.at.folder / f"state{moment + 1}")
            before, came = held(box.state)[0], box.came()
            process = box.start()
            wait_for(partial(box.has_taken, came + 200_000), "the fill to begin", 60, pause=0.05)
            time.sleep(chance.uniform(0, 3))
            ending(box, process)
            time.sleep(0.3)
            lost = box.came() - came - (held(box.state)[0] - before) - SMALL_BYTES
            box.lost.append(max(0.0, lost) / CONNECTIONS / goods.largest)
        return box.lost


def flipped_bit(name: str, goods: Goods) -> float:
    """Return how many segments too many came down because one bit was wrong at first."""
    pack = max((goods.root / "store" / "packs").iterdir(), key=lambda path: path.stat().st_size)
    sound = pack.read_bytes()
    spoiled = bytearray(sound)
    spoiled[len(sound) // 2] ^= 1
    with _box(name, goods) as box:
        log = box.at.folder / "log"
        pack.write_bytes(spoiled)
        process = box.start()
        try:
            wait_for(lambda: b"segment.bad" in log.read_bytes(), "the bad segment to be noticed", 120, pause=0.02)
            pack.write_bytes(sound)
            wait_for(lambda: held(box.state)[0] >= goods.length, "the fill to end", 180, pause=0.2)
        finally:
            pack.write_bytes(sound)
            process.terminate()
            process.wait()
        bad = log.read_bytes().count(b"segment.bad")
        if not bad:
            raise Broken("no bad segment was seen")
        return max(0.0, box.came() - goods.length - SMALL_BYTES - goods.heads) / goods.largest
