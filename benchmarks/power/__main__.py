"""`make bench-power`: a node's disk, cut off at random moments of everything that changes it."""

import asyncio
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.power.images import Disk, can_cut, disk
from benchmarks.power.lender import Lender
from benchmarks.power.look import Left, look_at
from benchmarks.power.mend import mend
from benchmarks.programs import Broken
from benchmarks.reporting import Figure, Results, is_quick
from benchmarks.taking import take
from catalog.formats.release import Lesson, Release
from catalog.formats.rungs import Rung, Tier
from songtan.stack.guard import guarded
from tests.factories import Track, make_lesson, make_media, make_release, make_track
from tests.fakes.signed_world import SignedWorld
from tests.fakes.wire import Wire

CUTS = 350
LESSONS, SEGMENTS, SEGMENT_BYTES = 4, 6, 40_000
KINDS = ("fill", "evict", "update", "import", "collect")
MEND_EVERY = 20
"""Of so many cuts one is gone on from: a node starts there and fetches what is missing."""


class Course:
    """A course of which every release has one lesson's pictures anew, as updates do."""

    def __init__(self, world: SignedWorld) -> None:
        self._world, self.number = world, 0
        self.tracks: list[list[Track]] = [self._make(n, 0) for n in range(LESSONS)]
        self.lessons: list[Lesson] = [make_lesson(self._media(t), n + 1) for n, t in enumerate(self.tracks)]
        self.release = make_release(tuple(self.lessons), partner=world.partner)
        self.publish()

    @staticmethod
    def _make(lesson: int, version: int) -> list[Track]:
        return [make_track(count=SEGMENTS, seed=f"{lesson} {version} {rung}", size=SEGMENT_BYTES) for rung in "fb"]

    @staticmethod
    def _media(tracks: list[Track]) -> Any:
        return make_media(dict(zip((Rung.FLOOR, Rung.BEST), tracks, strict=True)), None)

    def publish(self) -> Release:
        """Publish the next release."""
        if self.number:
            changed = self.number % LESSONS
            self.tracks[changed] = self._make(changed, self.number)
            self.lessons[changed] = self.lessons[changed].model_copy(
                update={"media": self._media(self.tracks[changed])}
            )
        self.number += 1
        self.release = self.release.model_copy(update={"number": self.number, "lessons": tuple(self.lessons)})
        self._world.publish(self.release, [track for tracks in self.tracks for track in tracks])
        return self.release

    def better(self) -> list[Any]:
        """Return the keys of all better renditions."""
        return [[self.release.course, self.number, one.id, Tier.COMPATIBLE, Rung.BEST] for one in self.lessons]

    def going(self, kinds: set[str], held: set[str]) -> set[str]:
        """Return what of the segments `held` may go in work of these kinds."""
        floors, better = ({row.digest for tracks in self.tracks for row in tracks[n].index.segments} for n in (0, 1))
        evicted = better if "evict" in kinds else set[str]()
        return evicted | (held - floors - better if "collect" in kinds else set[str]())


@dataclass
class Box:
    """The node's process, and what it has said: each line with the number of lines before it."""

    process: "subprocess.Popen[str]"
    said: list[str] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def listen(self) -> None:
        """Take what it says until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.news:
                self.said.append(line.strip())
                self.news.notify_all()
        with self.news:
            self.said.append("ended")
            self.news.notify_all()

    def tell(self, *words: Any) -> None:
        """Give a command, and wait until it is done."""
        assert self.process.stdin is not None
        before = len(self.said)
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        self.wait_for("done", before)

    def wait_for(self, word: str, after: int = 0) -> None:
        """Wait until it says `word`. Raises Broken if it ends."""
        with self.news:
            self.news.wait_for(lambda: word in self.said[after:] or "ended" in self.said[after:], 120)
            if word not in self.said[after:]:
                raise Broken(f"the node never said {word!r}")

    def held(self, lines: int) -> set[str]:
        """Return what it had called held after so many lines."""
        held: set[str] = set()
        for line in self.said[:lines]:
            (held.add if line[0] == "+" else held.discard)(line[1:])
        return held

    def given_up(self, lines: int) -> set[str]:
        """Return what it said it held no longer, after so many lines."""
        return {line[1:] for line in self.said[lines:] if line[0] == "-"}


@contextmanager
def node(state: Path, wire: Wire) -> Iterator[Box]:
    """Run the node over a folder; it is killed at the end."""
    words = [sys.executable, "-m", "benchmarks.power.box", str(state), wire.address, wire.code]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        box = Box(process)
        listener = threading.Thread(target=box.listen, daemon=True)
        listener.start()
        try:
            box.wait_for("ready")
            yield box
        finally:
            process.kill()
            listener.join()


@dataclass
class Found:
    """What the cuts showed, by the kind of work that they hit."""

    cuts: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    unverified: int = 0
    wrong: list[str] = field(default_factory=list)
    mended: int = 0
    fetched_twice: int = 0


class Work:
    """Gives the node work without end, and remembers which kind it is."""

    def __init__(self, course: Course, wire: Wire, box: Box, lender: Lender) -> None:
        self._course, self._wire, self._box, self._lender = course, wire, box, lender
        self.kind = "start"
        self._began, self._lasted = time.monotonic(), dict[str, float]()
        self._turned = threading.Condition()
        self.ended = threading.Event()
        self.failure: Exception | None = None

    def run(self) -> None:
        """Fill, evict, fill again, update by the line and by a drive in turns, collect, until it is ended."""
        try:
            while not self.ended.is_set():
                self._do("fill", "fill")
                self._do("evict", "evict", self._course.better())
                self._course.publish()
                self._wire.direct((self._course.release.course, self._course.number))
                if self._course.number % 2:
                    self._do("update", "fill")
                else:
                    self.kind = "between"
                    self._lender.lend()
                    self._do("import", "import", str(self._lender.drive))
                self._do("collect", "collect")
        except (Broken, OSError) as error:
            with self._turned:
                self.failure = error
                self._turned.notify_all()

    def wait_for(self, kind: str, chance: random.Random) -> None:
        """Wait until work of this kind has begun, and then for some of the time that it took the last time."""
        with self._turned:
            if not self._turned.wait_for(lambda: self.kind == kind or self.failure, 120) or self.failure:
                raise self.failure or Broken(f"the node never came to {kind}")
            lasts = self._lasted.get(kind, 0.1) - (time.monotonic() - self._began)
        time.sleep(chance.uniform(0, max(0.0, lasts)))

    def _do(self, kind: str, *words: Any) -> None:
        if self.ended.is_set():
            return
        with self._turned:
            self.kind, self._began = kind, time.monotonic()
            self._turned.notify_all()
        self._box.tell(*words)
        self._lasted[kind] = time.monotonic() - self._began


def _go_on(state: Path, held: set[str], course: Course, found: Found) -> None:
    """Let a node go on from where a cut left off; count what it fetches though it is held."""
    rows = {f"packs/{t.index.digest}": t.index.segments for tracks in course.tracks for t in tracks}
    for name, start, length in asyncio.run(mend(state)):
        found.fetched_twice += sum(r.digest in held and start <= r.offset < start + length for r in rows.get(name, ()))
    found.wrong += look_at(state).wrong
    found.mended += 1


def judge(left: Left, promised: set[str], given_up: Callable[[], set[str]], kind: str, found: Found) -> None:
    """Count what a cut shows. What was promised and is missing is lost, unless the node was giving it up just then."""
    missing = promised - left.held
    if missing:
        missing -= given_up()
    found.cuts[kind] = found.cuts.get(kind, 0) + 1
    found.lost += len(missing)
    found.unverified += left.unverified
    found.wrong += [f"{kind}: {words}" for words in left.wrong]
    found.wrong += [f"{kind}: {digest} was promised and is lost" for digest in missing]


def cut_disks(folder: Path, cuts: int, wire: Wire, course: Course, found: Found) -> None:
    """Copy the disk at random moments while the node works on, and look at each copy."""
    chance = random.Random(1)
    lender = Lender(folder, wire)
    with disk(folder, 256) as where, node(where.folder / "edge", wire) as box:
        work = Work(course, wire, box, lender)
        worker = threading.Thread(target=work.run)
        worker.start()
        try:
            for number in range(cuts):
                work.wait_for(KINDS[number % len(KINDS)], chance)
                _cut_once(where, number, box, work, course, found)
        finally:
            work.ended.set()
            worker.join(60)


def _cut_once(where: Disk, number: int, box: Box, work: Work, course: Course, found: Found) -> None:
    kind, lines = work.kind, len(box.said)
    with where.cut() as left:
        state = left / "edge"
        seen = look_at(state)
        judge(seen, box.held(lines), partial(box.given_up, lines), kind, found)
        if number % MEND_EVERY == 0:
            _go_on(state, seen.held, course, found)


def kill_processes(folder: Path, cuts: int, wire: Wire, course: Course, found: Found) -> None:
    """Where disks cannot be cut: kill -9 at random moments, and look at the folder."""
    chance, state, lender = random.Random(1), folder / "edge", Lender(folder, wire)
    for number in range(cuts):
        with node(state, wire) as box:
            work = Work(course, wire, box, lender)
            worker = threading.Thread(target=work.run)
            worker.start()
            work.wait_for(KINDS[number % len(KINDS)], chance)
            kind, lines = work.kind, len(box.said)
            box.process.kill()
            work.ended.set()
            worker.join(60)
        held = box.held(lines)
        # It was killed before it could say what it gave up last.
        going = box.given_up(lines) | course.going({kind, work.kind}, held)
        judge(look_at(state), held, partial(set, going), kind, found)


def measure(results: Results, folder: Path) -> None:
    """Cut, look, and add the figures."""
    cuts, found = 10 if is_quick() else CUTS, Found()
    with Wire(SignedWorld()) as wire:
        course = Course(wire.world)
        wire.direct((course.release.course, 1))
        how = cut_disks if can_cut() else kill_processes
        how(folder, cuts, wire, course, found)
    kinds = ", ".join(f"{count} in {kind}" for kind, count in sorted(found.cuts.items()))
    results.figures += [
        Figure("cuts", f"power cuts ({kinds})", "", [sum(found.cuts.values())]),
        Figure("lost", "segments that were called held and were gone", "", [found.lost], 0),
        Figure("unverified", "files or rows that were not what they say", "", [found.unverified], 0),
        Figure("wrong", "anything else that was wrong", "", [len(found.wrong)], 0),
        Figure("mended", "cuts from which a node went on and became whole", "", [found.mended]),
        Figure("fetched_twice", "segments that these fetched though they held them", "", [found.fetched_twice], 0),
    ]
    results.notes += [
        "Cuts are copies of the disk's image at that moment, mounted like after a power cut."
        if can_cut()
        else "No disk could be cut here (that needs root and xfsprogs): the node was killed instead.",
        f"{course.number} releases of {LESSONS} lessons; each update renews one lesson's pictures.",
        *sorted(set(found.wrong))[:10],
    ]


if __name__ == "__main__":
    sys.exit(guarded(lambda: take("power", measure)))
