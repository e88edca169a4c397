"""How soon a node is up and how small it is at rest, when it knows and holds 2,000 lessons."""

import http.client
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.first_light.courses import LESSONS, publish
from benchmarks.programs import Broken, clean_env, get, memory_mb, running, wait_for, wait_ready
from benchmarks.reporting import Figure, Results, is_quick
from songtan.stack.ports import free_ports
from tests.fakes.signed_world import SignedWorld
from tests.fakes.wire import Wire

COURSES = 50
RUNS = 5
REST_SECONDS = 5.0
FILL_SECONDS = 600.0
PAGES = 20


@dataclass
class Box:
    """A node's folder and address, and the store that it fills from."""

    folder: Path
    wire: Wire
    courses: list[str]
    port: int = field(default_factory=lambda: free_ports(1)[0])

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        """Its settings: production's, but for place and port."""
        return clean_env(SONGTAN_EDGE_STATE=str(self.folder / "edge"), SONGTAN_EDGE_LISTEN=f"127.0.0.1:{self.port}")


@dataclass
class Seen:
    """What the runs gave: seconds, milliseconds, MB."""

    up_s: list[float] = field(default_factory=list)
    first_page_s: list[float] = field(default_factory=list)
    home_ms: list[float] = field(default_factory=list)
    course_ms: list[float] = field(default_factory=list)
    pss_mb: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)


def fill(box: Box, lessons: int) -> tuple[float, float]:
    """Enrol, and let the node take and fetch everything; return seconds and the PSS afterwards."""
    log = box.folder / "edge.log"
    with running(["edge", "enrol", "--centre", box.wire.address, "--code", box.wire.code], box.env, log) as enrolling:
        if enrolling.wait(60) != 0:
            raise Broken(f"enrolment failed: {log.read_text()[-2000:]}")
    began = time.monotonic()
    with running(["edge", "serve"], box.env, log) as process:
        wait_ready(f"{box.url}/readyz", process, log)
        wait_for(lambda: _ready_lessons(box) == lessons, f"{lessons} lessons ready", FILL_SECONDS, pause=1)
        seconds = time.monotonic() - began
        time.sleep(rest_seconds())
        return seconds, memory_mb(process.pid)[0]


def rest_seconds() -> float:
    """Return how long a node is left alone before it is weighed."""
    return 1.0 if is_quick() else REST_SECONDS


def _ready_lessons(box: Box) -> int:
    found = re.search(rb"^songtan_edge_lessons_ready (\d+)", get(f"{box.url}/metrics")[1], re.MULTILINE)
    return int(found[1]) if found else -1


def start_once(box: Box, seen: Seen) -> None:
    """Start the filled node, open its pages, let it look at the centre and rest, and weigh it."""
    log = box.folder / "edge.log"
    reports = box.wire.report_posts
    began = time.monotonic()
    with running(["edge", "serve"], box.env, log) as process:
        wait_ready(f"{box.url}/readyz", process, log)
        seen.up_s.append(time.monotonic() - began)
        status, page = get(f"{box.url}/")
        seen.first_page_s.append(time.monotonic() - began)
        listed = page.count(b'href="/lessons/')
        if status != http.client.OK or listed < 6 * len(box.courses):
            raise Broken(f"the list page has {listed} lessons of {len(box.courses)} courses")
        seen.home_ms.append(_page_ms(lambda: get(f"{box.url}/")))
        seen.course_ms.append(_page_ms(lambda: get(f"{box.url}/courses/{box.courses[-1]}")))
        wait_for(lambda: box.wire.report_posts > reports, "a look at the centre and a report", 60)
        time.sleep(rest_seconds())
        pss, rss = memory_mb(process.pid)
        seen.pss_mb.append(pss)
        seen.rss_mb.append(rss)


def _page_ms(load: Callable[[], tuple[int, bytes]]) -> float:
    times = []
    for _ in range(PAGES):
        began = time.monotonic()
        if load()[0] != http.client.OK:
            raise Broken("a page of the node did not answer 200")
        times.append((time.monotonic() - began) * 1000)
    return statistics.median(times)


def measure(results: Results, folder: Path) -> None:
    """Add the node's figures."""
    courses = 2 if is_quick() else COURSES
    lessons, seen = courses * LESSONS, Seen()
    with Wire(SignedWorld()) as wire:
        box = Box(folder, wire, publish(wire.world, courses))
        wire.direct(*((course, 1) for course in box.courses))
        seconds, filled = fill(box, lessons)
        for _ in range(1 if is_quick() else RUNS):
            start_once(box, seen)
    known = f"{lessons:,} lessons known"
    results.figures += [
        Figure("node_idle_pss_mb", f"node at rest, {known}: PSS", "MB", seen.pss_mb, 80),
        Figure("node_idle_rss_mb", "… RSS: as if it shared nothing", "MB", seen.rss_mb),
        Figure("node_filled_pss_mb", "… PSS just after it fetched everything", "MB", [filled]),
        Figure("node_up_s", f"node up, {known}: exec to /readyz", "s", seen.up_s, 2),
        Figure("node_first_page_s", "… exec to the whole list page", "s", seen.first_page_s, 2),
        Figure("node_home_ms", f"… the list page, {courses} courses", "ms", seen.home_ms),
        Figure("node_course_ms", f"… a course's page, {LESSONS} lessons", "ms", seen.course_ms),
    ]
    results.notes.append(
        f"Node: {courses} signed releases of {LESSONS} lessons, each with two rungs, sound and a poster of its own, "
        f"taken by enrolment, sync and fill in {seconds:.0f} s; weighed after its pages were opened and it had synced."
    )
