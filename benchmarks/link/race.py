"""One run of one program over one line: seconds from the first packet to the last full one, and what it cost."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.link.peers import Peer
from benchmarks.programs import Broken
from benchmarks.thin_line.cell import Cell, cell, origin
from benchmarks.thin_line.goods import SERVE, Goods, edge_env, held
from benchmarks.thin_line.shaping import LineSpec

OURS = "songtan"
HERTZ = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Run:
    """What a run took. `share` is the payload's share of the line's rate, `of_ceiling` of what payload can get;
    `wire_bytes` what went down the line; `rss_mb` the most memory, in MB of 10^6 bytes; `cpu_s` of its processes."""

    who: str
    congestion: str
    spec: LineSpec
    seconds: float
    length: int
    wire_bytes: float
    cpu_s: float
    rss_mb: float
    disk: float = 0.0
    """The most room on the disk, by what was fetched; 0 where it was not looked at."""

    @property
    def cpu_s_per_gb(self) -> float:
        """Processor seconds for 10^9 bytes."""
        return self.cpu_s / self.length * 1e9

    @property
    def share(self) -> float:
        """Payload's share of the rate."""
        return self.length * 8 / self.seconds / self.spec.rate_bits_per_s

    @property
    def of_ceiling(self) -> float:
        """Payload's share of the most that is possible."""
        return self.share / self.spec.ceiling


def fetch(who: Peer | None, goods: Goods, spec: LineSpec, congestion: str, name: str, limit_s: float) -> Run:
    """Let `who` (None: us) fetch the goods over a line of its own. Raises Broken if it fails or takes too long."""
    folder = goods.folder / name
    folder.mkdir()
    try:
        with cell(name, spec, folder, congestion) as at, origin(at, goods.root):
            return _race(who, goods, at, congestion, limit_s)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _race(who: Peer | None, goods: Goods, at: Cell, congestion: str, limit_s: float) -> Run:
    to, log, disk = at.folder / "got", at.folder / "log", 0.0
    if who is None:
        state = goods.node(to)
        process = at.start(SERVE, log=log, env=edge_env(state))
        cpu_s, rss_mb, disk = _filled(process, state, goods.length, limit_s, log)
    else:
        to.mkdir()
        with _daemon(who, goods, at):
            done, cpu_s, rss_mb = _wait(at.start(who.words(goods, to), log=log), limit_s)
        got = sum((to / name).stat().st_size for name in goods.names if (to / name).exists())
        if done != 0 or got != goods.length:
            raise Broken(f"{who.name} brought {got} of {goods.length} bytes, exit {done}: {log.read_text()[-1000:]}")
    down = at.stats()["down"]
    seconds = down["last_full"] - at.stats()["up"]["first"]
    name = OURS if who is None else who.name
    return Run(name, congestion, at.spec, seconds, goods.length, down["bytes"], cpu_s, rss_mb, disk)


def _filled(
    process: "subprocess.Popen[bytes]", state: Path, length: int, limit_s: float, log: Path
) -> tuple[float, float, float]:
    """Return processor seconds, most memory in MB and most room on the disk by `length`, once a node holds all of
    that; stop it then."""
    deadline, room = time.monotonic() + limit_s, 0
    before = _room(state)
    try:
        while held(state)[0] < length:
            if process.poll() is not None or time.monotonic() > deadline:
                raise Broken(f"the node did not fetch all: {log.read_text()[-2000:]}")
            room = max(room, _room(state) - before)
            time.sleep(0.5)
        times = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, times[11:13])) / HERTZ, _peak_mb(process.pid), max(room, _room(state) - before) / length
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _daemon(who: Peer, goods: Goods, at: Cell) -> Iterator[None]:
    if who.daemon is None:
        yield
        return
    process = at.start(who.daemon(goods, at.folder), far=True, log=at.folder / "daemon.log")
    try:
        time.sleep(1)
        yield
    finally:
        process.terminate()
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", limit_s: float) -> tuple[int, float, float]:
    """Return (exit code, processor seconds, most memory in MB) once the process has ended; end it after `limit_s`."""
    deadline, most = time.monotonic() + limit_s, 0.0
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, used.ru_utime + used.ru_stime, most
        most = max(most, _peak_mb(process.pid))
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise Broken(f"it did not end within {limit_s:g} seconds")
        time.sleep(0.1)


def _room(folder: Path) -> int:
    """Return the bytes of all files below `folder`."""
    room = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # renamed while we looked
            room += path.stat().st_size if path.is_file() else 0
    return room


def _peak_mb(pid: int) -> float:
    """Return the most memory that a process has had, in MB; 0 once it has ended. (What wait4 tells is its parent's.)"""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024 / 1e6
    return 0.0
