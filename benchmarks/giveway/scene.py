"""One scene: somebody fills, or nobody; after a while a call begins, a page is loaded beside it, and the call ends."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.link.peers import Peer
from benchmarks.programs import Broken, clean_env
from benchmarks.thin_line.cell import Cell, cell, origin
from benchmarks.thin_line.goods import SERVE, Goods, edge_env
from benchmarks.thin_line.shaping import HEADERS, MTU, LineSpec
from benchmarks.thin_line.wire import FAR_IP, NEAR_IP

LINE = LineSpec(rate_bits_per_s=4e6, delay_ms=30, loss=0.001, queue_bytes=100_000, seed=3)
PAGE_FILES, PAGE_CONNECTIONS, PAGE_BYTES = 24, 6, 60_000
BACK_SHARE = 0.9
LOOK_S = 0.5


@dataclass(frozen=True)
class Times:
    """Seconds: until the filler is at work, of quiet, of the call, when in it the page is loaded, of quiet again."""

    warm: float = 15
    quiet: float = 20
    call: float = 40
    page_at: float = 15
    after: float = 30


@dataclass
class Scene:
    """What was seen. Delays in seconds one way, each way; `loss` of the call; `page_s` of the page load.

    `idle_share`: payload's part of the line's rate while nobody else spoke; `back_s`: from the call's end until the
    filler had nine tenths of that again; `held_share`: its part while the call was on.
    """

    delays: list[float] = field(default_factory=list)
    loss: float = 0.0
    page_s: float = 0.0
    idle_share: float = 0.0
    held_share: float = 0.0
    back_s: float = 0.0

    @property
    def p95(self) -> float:
        """The delay that a twentieth of the packets exceed."""
        return sorted(self.delays)[int(len(self.delays) * 0.95)]


def play(name: str, who: Peer | str | None, goods: Goods, congestion: str, times: Times) -> Scene:
    """Play the scene beside `who`: a peer, "songtan", or nobody."""
    folder = goods.folder / name
    folder.mkdir()
    try:
        with cell(name, LINE, folder, congestion) as at, origin(at, goods.root), _filling(at, who, goods):
            return _watch(at, goods, times, alone=who is None)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _filling(at: Cell, who: Peer | str | None, goods: Goods) -> Iterator[None]:
    if who is None:
        yield
        return
    to, log = at.folder / "got", at.folder / "filler.log"
    if isinstance(who, Peer):
        to.mkdir()
        process = at.start(who.words(goods, to), log=log)
    else:
        process = at.start(SERVE, log=log, env=edge_env(goods.node(to)))
    try:
        yield
        if process.poll() is not None:
            raise Broken(f"the filler had nothing left to do, or failed: {log.read_text()[-1500:]}")
    finally:
        process.terminate()
        process.wait()


def _watch(at: Cell, goods: Goods, times: Times, *, alone: bool) -> Scene:
    seen = Scene()
    if not alone:
        time.sleep(times.warm)
        seen.idle_share = _share_over(at, times.quiet)
    began = time.monotonic()
    ends = [
        subprocess.Popen(
            at.command([sys.executable, "-m", "benchmarks.giveway.call", *who, str(times.call)], far=far),
            stdout=subprocess.PIPE,
            env=clean_env(PYTHONPATH=str(Path.cwd())),
        )
        for far, who in ((False, (NEAR_IP, FAR_IP)), (True, (FAR_IP, NEAR_IP)))
    ]
    before = at.stats()
    time.sleep(times.page_at)
    seen.page_s = _load_page(at, goods)
    time.sleep(max(0.0, began + times.call - time.monotonic()))
    own = PAGE_FILES * PAGE_BYTES + times.call * 300_000 / 8
    seen.held_share = (at.stats()["down"]["bytes"] - before["down"]["bytes"] - own) * 8 / times.call / 4e6
    quiet_from = time.monotonic()
    if not alone:
        seen.back_s, after = _come_back(at, seen.idle_share, quiet_from, times.after)
        seen.idle_share = (seen.idle_share + after) / 2 if after else seen.idle_share
    for end in ends:
        told = json.loads(end.communicate(timeout=60)[0])
        seen.delays += [delay for _, delay in told["heard"]]
        seen.loss = max(seen.loss, told["lost"])
    return seen


def _payload(packets_bytes: float) -> float:
    return packets_bytes * (1 - HEADERS / MTU)


def _share_over(at: Cell, seconds: float) -> float:
    """Return payload's part of the rate over the next `seconds`."""
    before = at.stats()
    time.sleep(seconds)
    after = at.stats()
    bits = _payload(after["down"]["bytes"] - before["down"]["bytes"]) * 8
    return float(bits / (after["now"] - before["now"]) / LINE.rate_bits_per_s)


def _come_back(at: Cell, share: float, since: float, seconds: float) -> tuple[float, float]:
    """Return after how many seconds the filler has its part of the line again, and its part from then on."""
    while time.monotonic() - since < seconds:
        if _share_over(at, LOOK_S) >= share * BACK_SHARE:
            back = time.monotonic() - since
            return back, _share_over(at, max(LOOK_S, seconds - back))
    return seconds, 0.0


def _load_page(at: Cell, goods: Goods) -> float:
    """Return how many seconds a page of some pictures takes, as a browser fetches it."""
    urls = [f"{goods.urls[0].rpartition('/files/')[0]}/page/{n}" for n in range(PAGE_FILES)]
    words = ["curl", "--silent", "--no-progress-meter", "--fail", "--parallel", "--parallel-max", str(PAGE_CONNECTIONS)]
    for url in urls:
        words += ["-o", "/dev/null", url]
    began = time.monotonic()
    if subprocess.run(at.command(words), timeout=120, check=False).returncode:
        raise Broken("the page could not be loaded")
    return time.monotonic() - began


def make_page(goods: Goods) -> None:
    """Put the page's files where the origin serves them."""
    folder = goods.root / "page"
    folder.mkdir()
    for n in range(PAGE_FILES):
        (folder / str(n)).write_bytes(bytes([n]) * PAGE_BYTES)
