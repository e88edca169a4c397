"""`make bench-serve`: sixty screens at a node that fills, at the same node at rest, and at nginx."""

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.company import HERTZ
from benchmarks.programs import Broken, clean_env, get, memory_mb, running, wait_for, wait_ready
from benchmarks.reporting import Figure, Results, is_quick
from benchmarks.serve import nginx
from benchmarks.serve.lessons import SEGMENT_S, Made, make_course
from benchmarks.serve.screens import Lesson, entries
from benchmarks.taking import take
from songtan.stack.guard import descendants, guarded
from songtan.stack.ports import free_ports
from tests.fakes.signed_world import SignedWorld
from tests.fakes.wire import Wire

SCREENS = 60
FILL_BYTES_S = 200_000
"""Of each of the store's connections."""


@dataclass(frozen=True)
class Scale:
    """How much is made, and for how many seconds it is played: beside a fill, and then twice by itself."""

    lessons: int = 6
    minutes: int = 20
    filled: int = 14
    beside_s: float = 600
    alone_s: float = 120


QUICK = Scale(lessons=2, minutes=4, filled=2, beside_s=15, alone_s=6)


@dataclass
class Ran:
    """What one run of the screens gave."""

    seconds: float
    cpu_s: float
    length: int
    stalls: int
    first_byte_ms: list[float]
    seek_ms: list[float]
    failures: list[str]
    pss_mb: list[float] = field(default_factory=list)

    @property
    def cpu_s_per_gb(self) -> float:
        """Processor seconds of the server for 10^9 bytes."""
        return self.cpu_s / self.length * 1e9

    def share_ms(self, share: float) -> float:
        """The first byte's wait that `share` of the answers keep within."""
        return quantile(self.first_byte_ms, share)


def quantile(values: list[float], share: float) -> float:
    """Return the value that `share` of `values` do not pass."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def cpu_seconds(pid: int) -> float:
    """Return processor seconds of a process and of all below it."""
    ticks = 0
    for each in (pid, *descendants(pid)):
        ticks += sum(map(int, Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return ticks / HERTZ


def run(url: str, pid: int, lessons: list[Lesson], seconds: float) -> Ran:
    """Let the screens play at `url`, and weigh the process `pid` meanwhile."""
    work = {"url": url, "lessons": [vars(one) for one in lessons], "screens": SCREENS, "seconds": seconds, "seed": 1}
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.serve.screens"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as screens:
        assert screens.stdin is not None
        assert screens.stdout is not None
        screens.stdin.write(json.dumps(work) + "\n")
        screens.stdin.flush()
        screens.stdout.readline()
        before, began, weights = cpu_seconds(pid), time.monotonic(), []
        screens.stdin.write("go\n")
        screens.stdin.flush()
        while time.monotonic() < began + seconds:
            time.sleep(min(5.0, max(0.1, began + seconds - time.monotonic())))
            weights.append(memory_mb(pid)[0])
        text = screens.stdout.readline()
        cpu_s, lasted = cpu_seconds(pid) - before, time.monotonic() - began
    if not text:
        raise Broken("the screens ended without a word")
    seen = json.loads(text)
    return Ran(
        seconds=lasted,
        cpu_s=cpu_s,
        length=sum(one["length"] for one in seen),
        stalls=sum(one["stalls"] for one in seen),
        first_byte_ms=[ms for one in seen for ms in one["first_byte_ms"]],
        seek_ms=[ms for one in seen for ms in one["seek_ms"]],
        failures=[words for one in seen for words in one["failures"]],
        pss_mb=weights,
    )


def mirror(url: str, lessons: list[Lesson], root: Path) -> None:
    """Write all that the screens ask for at `url` into files of the same names."""

    def copy(path: str) -> bytes:
        status, body = get(url + path)
        if status != 200:
            raise Broken(f"{path}: {status}")
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
        return body

    for lesson in lessons:
        copy(f"{lesson.base}/{lesson.rung}.mp4")
        master = copy(f"{lesson.base}/lesson.m3u8")
        sound = master.decode().partition('URI="')[2].partition('"')[0]
        for track in (entries(master)[0], sound):
            parts = entries(copy(track))
            for part in (f"{parts[0].rpartition('/')[0]}/init.mp4", *parts):
                copy(part)


@dataclass
class Box:
    """The node's folder and address, and what is around it."""

    folder: Path
    wire: Wire
    port: int = field(default_factory=lambda: free_ports(1)[0])

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    def env(self) -> dict[str, str]:
        """Its settings: production's, but for place and port."""
        return clean_env(SONGTAN_EDGE_STATE=str(self.folder / "edge"), SONGTAN_EDGE_LISTEN=f"127.0.0.1:{self.port}")

    def command(self, *words: str) -> None:
        """Run a command of the node to its end. Raises Broken."""
        log = self.folder / "edge.log"
        with running(["edge", *words], self.env(), log) as process:
            if process.wait(600) != 0:
                raise Broken(f"edge {words[0]} failed: {log.read_text()[-2000:]}")

    def direct(self, store_url: str, *courses: str) -> None:
        """Have the centre assign courses, to be fetched from a store."""
        self.wire.direction = self.wire.world.direct(self.wire.node, store_url, [(course, 1) for course in courses])

    def fetched(self) -> float:
        """Bytes that the running node has fetched."""
        found = re.search(rb"^songtan_edge_fetched_bytes_total (\S+)", get(f"{self.url}/metrics")[1], re.MULTILINE)
        return float(found[1]) if found else 0.0


def addresses(course: str, made: list[Made]) -> list[Lesson]:
    """Return where the lessons of a course are."""
    return [Lesson(f"/media/{course}/1/{one.lesson}", len(one.video.segments) * SEGMENT_S) for one in made]


def measure(results: Results, folder: Path) -> None:
    """Take all figures."""
    scale = QUICK if is_quick() else Scale()
    store, mirrored = folder / "store", folder / "mirror"
    with Wire(SignedWorld()) as wire:
        box = Box(folder, wire)
        course, made = make_course(wire.world, store, scale.lessons, scale.minutes, "here")
        coming, _ = make_course(wire.world, store, scale.filled, scale.minutes, "coming")
        lessons = addresses(course, made)
        box.command("enrol", "--centre", wire.address, "--code", wire.code)
        with nginx.serving(folder / "fast", store) as (url, _):
            box.direct(url, course)
            box.command("sync")
        log = folder / "edge.log"
        with running(["edge", "serve"], box.env(), log) as process:
            wait_ready(f"{box.url}/readyz", process, log)
            alone = run(box.url, process.pid, lessons, scale.alone_s)
            mirror(box.url, lessons, mirrored)
        with nginx.serving(folder / "peer", mirrored) as (url, pid):
            peer = run(url, pid, lessons, scale.alone_s)
        with (
            nginx.serving(folder / "slow", store, FILL_BYTES_S) as (url, _),
            running(["edge", "serve"], box.env(), log) as process,
        ):
            box.direct(url, course, coming)
            wait_ready(f"{box.url}/readyz", process, log)
            wait_for(lambda: box.fetched() > 0, "the fill's first bytes", 60)
            before = box.fetched()
            beside = run(box.url, process.pid, lessons, scale.beside_s)
            filled = box.fetched() - before
    tell(results, alone, peer, beside, filled)


def tell(results: Results, alone: Ran, peer: Ran, beside: Ran, filled: float) -> None:
    """Add the figures of the three runs; `filled` are bytes that the node fetched meanwhile."""
    screens = f"{SCREENS} screens beside a fill"
    results.figures += [
        Figure("stalls", f"{screens}: stalls in {beside.seconds:.0f} s", "", [beside.stalls + len(beside.failures)], 0),
        Figure("core_share", "… the node's processor, fill included", "core", [beside.cpu_s / beside.seconds], 0.25),
        Figure("first_byte_p99_ms", "… first byte, 99 of 100", "ms", [beside.share_ms(0.99)], 100),
        Figure("first_byte_p50_ms", "… half of them", "ms", [beside.share_ms(0.5)]),
        Figure("first_byte_most_ms", "… the slowest", "ms", [beside.share_ms(1)]),
        Figure("seek_p99_ms", "… from a seek to the picture, 99 of 100", "ms", [quantile(beside.seek_ms, 0.99)]),
        Figure("serving_pss_mb", "… the most memory (PSS)", "MB", [max(beside.pss_mb)]),
        Figure("sent_mbit_s", "… sent to screens", "Mbit/s", [beside.length * 8e-6 / beside.seconds]),
        Figure("filled_mbit_s", "… fetched meanwhile", "Mbit/s", [filled * 8e-6 / beside.seconds]),
        Figure("cpu_s_per_gb", "the node at rest: processor time for a GB sent", "s", [alone.cpu_s_per_gb]),
        Figure("nginx_cpu_s_per_gb", "nginx, the same bytes as plain files", "s", [peer.cpu_s_per_gb]),
        Figure("rest_first_byte_p99_ms", "the node at rest: first byte, 99 of 100", "ms", [alone.share_ms(0.99)]),
        Figure("nginx_first_byte_p99_ms", "nginx: the same", "ms", [peer.share_ms(0.99)]),
    ]
    results.notes += [
        f"{SCREENS} screens at 500 kbit/s, two thirds by HLS, the others by one file with ranges; each seeks once in a "
        f"minute on average. {len(beside.seek_ms)} seeks and {len(beside.first_byte_ms)} answers beside the fill.",
        "The node reads, verifies (sha256) and places every segment that it sends; nginx sends files as they are.",
    ]
    for name, ran in (("beside a fill", beside), ("at rest", alone), ("nginx", peer)):
        if ran.failures:
            results.notes.append(f"{name}: {len(ran.failures)} failures, the first: {ran.failures[0]}")


if __name__ == "__main__":
    sys.exit(guarded(lambda: take("serve", measure)))
