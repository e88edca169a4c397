"""A course in a signed repository, a server that gives it out, and a node that should hold it."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from catalog.formats.hashing import sha256_hex
from catalog.formats.index import TrackKind
from catalog.formats.release import Blob, Caption, Chapter, Release, Rendition
from catalog.formats.rungs import Rung, Tier
from edge_cache.node import Node, machine_clock
from edge_cache.settings import EdgeSettings
from tests.factories import Modern, Track, make_lesson, make_media, make_release, make_still, make_track
from tests.fakes.wire import Wire

CAPTIONS = b"WEBVTT\n\n00:00.000 --> 00:01.000\nPressure\n"
STILLS = (b"\xff\xd8\xff one", b"\xff\xd8\xff two", b"\xff\xd8\xff shared")
POSTER = b"\xff\xd8\xff not quite a JPEG"


class School:
    """A course of two lessons, published, and a node that should hold it."""

    def __init__(self, folder: Path, wire: Wire) -> None:
        self.folder, self.wire, self.world = folder, wire, wire.world
        self.tracks: list[Track] = []
        self.release = self.make_release(1, "a")
        self.publish(self.release)
        wire.direct((self.release.course, 1))

    def make_release(self, number: int, seed: str, lessons: tuple[str, ...] = ("", "")) -> Release:
        made = []
        for n, lesson in enumerate(lessons, 1):
            floor = make_track(count=6, seed=f"{seed}{n}floor", size=3000)
            best = make_track(count=6, seed=f"{seed}{n}best", size=9000)
            sound = make_track(TrackKind.SOUND, count=6, seed=f"{seed}{n}", size=700)
            self.tracks += [floor, best, sound]
            poster = Blob(sha256=sha256_hex(POSTER), length=len(POSTER))
            media = make_media({Rung.FLOOR: floor, Rung.BEST: best}, sound, poster)
            caption = Caption(sha256=sha256_hex(CAPTIONS), length=len(CAPTIONS), language="en", name="English")
            one = make_lesson(media, n, (caption,))
            made.append(one.model_copy(update={"id": lesson}) if lesson else one)
        course = self.release.course if number > 1 else None
        return make_release(tuple(made), number, course, self.world.partner)

    def publish(self, release: Release) -> None:
        self.world.publish(release, self.tracks, [CAPTIONS, POSTER])

    def add_tiers(self) -> Release:
        """Publish a second release: its lessons in both tiers, with `listen`, a still of their own and chapters."""
        lessons = []
        for n, lesson in enumerate(self.release.lessons):
            floor, best = (make_track(count=4, seed=f"m{n}{rung}", size=2000) for rung in ("floor", "best"))
            sound = make_track(TrackKind.SOUND, count=4, seed=f"m{n}", size=400)
            self.tracks += [floor, best, sound]
            videos, voice = lesson.media.renditions, lesson.media.sounds[0]
            listen = Rendition(rung=Rung.LISTEN, tier=Tier.COMPATIBLE, video=None)
            modern = make_media({}, None, modern=Modern({Rung.LISTEN: None, Rung.FLOOR: floor, Rung.BEST: best}, sound))
            media = lesson.media.model_copy(
                update={
                    "renditions": (listen, *videos, *modern.renditions),
                    "sounds": (voice, *modern.sounds),
                    "stills": (make_still(STILLS[n], 0), make_still(STILLS[2], 100)),
                    "chapters": (Chapter(start_ms=0, title="复习"), Chapter(start_ms=100, title="压强")),
                }
            )
            lessons.append(lesson.model_copy(update={"media": media}))
        release = self.release.model_copy(update={"lessons": tuple(lessons), "number": 2})
        self.world.publish(release, self.tracks, [CAPTIONS, POSTER, *STILLS])
        return release

    def settings(self, **changes: Any) -> EdgeSettings:
        quick = {"retry_seconds": 0.01, "retry_longest_seconds": 0.02, "read_seconds": 20, "run_bytes": 8000}
        return EdgeSettings(state=self.folder, **{**quick, **changes})

    def run(self, work: Callable[[Node], Any], **changes: Any) -> Any:
        """Open the node as a process would, do something, close it."""
        return self.run_at(machine_clock, work, **changes)

    def run_at(self, clock: Callable[[], datetime], work: Callable[[Node], Any], **changes: Any) -> Any:
        """The same on a box with this clock."""

        async def go() -> Any:
            with Node(self.settings(**changes), clock) as node:
                try:
                    return await work(node)
                finally:
                    await node.close_client()

        return asyncio.run(go())

    def enrol(self) -> None:
        self.run(lambda node: node.enrol(self.wire.address, self.wire.code))

    def serving(self) -> list[int | None]:
        """The releases that the lessons serve."""

        async def work(node: Node) -> list[int | None]:
            return [node.releases.serving(self.release.course, lesson.id) for lesson in self.release.lessons]

        found: list[int | None] = self.run(work)
        return found

    def sync(self, **changes: Any) -> "Seen":
        async def work(node: Node) -> Seen:
            await node.sync_once()
            await node.fill_once()
            return Seen(node)

        seen = self.run(work, **changes)
        assert isinstance(seen, Seen)
        return seen


class Seen:
    """What a person would see of a node."""

    def __init__(self, node: Node) -> None:
        self.problems = {p.source.partition(":")[0]: p.code for p in node.notes.problems()}
        self.words = [p.text for p in node.notes.problems()]
        self.held = node.releases.held()
        self.courses = node.releases.courses()
        self.lessons = [line for c in self.courses for line in node.releases.lessons(c.course)]

    @property
    def whole(self) -> bool:
        return bool(self.held) and all(h.bytes_held == h.bytes_wanted > 0 for h in self.held)
