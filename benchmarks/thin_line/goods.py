"""What is fetched: a signed course in a store, and the same bytes once more as plain files for everyone else."""

import asyncio
import shutil
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.programs import clean_env
from benchmarks.thin_line.cell import ORIGIN
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import TrackKind, make_index, write_pack
from catalog.formats.rungs import Rung
from edge_cache.node import Node
from edge_cache.settings import EdgeSettings
from tests.factories import TIMESCALE, Track, make_init, make_lesson, make_media, make_release, make_segment
from tests.fakes.signed_world import SignedWorld
from tests.fakes.wire import Wire

VIDEO_BYTES, SOUND_BYTES, SEGMENTS = 270_000, 30_000, 10
LESSON_BYTES = SEGMENTS * (VIDEO_BYTES + SOUND_BYTES)
"""A lesson of 10 segments: 3 MB, of which a tenth is sound, about what five minutes at a watchable rung take."""


@dataclass(frozen=True)
class Goods:
    """A folder with `root` (what nginx serves: `store/…`, and `files/…` with `names`) and `state` (a node's folder
    that knows the course and holds nothing of it). `length` is the bytes of all segments, and of all files."""

    folder: Path
    names: tuple[str, ...]
    length: int
    largest: int
    """Bytes of the largest segment."""

    @property
    def heads(self) -> int:
        """About how many bytes indexes, and the heads of a request for each segment, take."""
        return len(self.names) * 2 * 600

    @property
    def root(self) -> Path:
        """What the origin serves."""
        return self.folder / "root"

    @property
    def urls(self) -> list[str]:
        """The addresses of the plain files."""
        return [f"{ORIGIN}/files/{name}" for name in self.names]

    def node(self, to: Path) -> Path:
        """Copy the empty node to `to` and return that."""
        shutil.copytree(self.folder / "state", to)
        return to


def make_goods(folder: Path, megabytes: float, policy: dict[str, Any] | None = None) -> Goods:
    """Make the goods, of about so many MB (10^6 bytes): a whole lesson at least."""
    chance, lessons, tracks, names = Random(7), [], [], list[str]()
    (folder / "root" / "files").mkdir(parents=True)
    for number in range(1, max(1, round(megabytes * 1e6 / LESSON_BYTES)) + 1):
        video, sound = (_track(kind, chance) for kind in TrackKind)
        for n, (seen, heard) in enumerate(zip(video.segments, sound.segments, strict=True)):
            names.append(f"{number:02}-{n:03}")
            (folder / "root" / "files" / names[-1]).write_bytes(seen + heard)
        lessons.append(make_lesson(make_media({Rung.FLOOR: video}, sound), number))
        tracks += [video, sound]
    world = SignedWorld()
    release = make_release(tuple(lessons), partner=world.partner)
    world.publish(release, tracks)
    _enrolled(folder / "state", world, release.course, policy or {})
    for name, data in world.objects.items():
        place = folder / "root" / "store" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    lengths = [len(s) for track in tracks for s in track.segments]
    return Goods(folder, tuple(names), sum(lengths), max(lengths))


def _track(kind: TrackKind, chance: Random) -> Track:
    size = VIDEO_BYTES if kind is TrackKind.VIDEO else SOUND_BYTES
    segments = tuple(make_segment(chance.randbytes(round(size * chance.uniform(0.8, 1.2)))) for _ in range(SEGMENTS))
    index = make_index(kind, TIMESCALE, make_init(), [(len(s), 2048, sha256_hex(s)) for s in segments])
    return Track(index, segments, b"".join(write_pack(index, iter(segments))))


def _enrolled(state: Path, world: SignedWorld, course: str, policy: dict[str, Any]) -> None:
    """Enrol a node here, and direct it to the origin's address for what comes."""

    async def work(wire: Wire) -> None:
        with Node(EdgeSettings(state=state)) as node:
            await node.enrol(wire.address, wire.code)
            wire.direct((course, 1))
            await node.sync_once()
            wire.direction = world.direct(wire.node, f"{ORIGIN}/store", [(course, 1)], policy)
            await node.sync_once()
            await node.close_client()

    with Wire(world) as wire:
        asyncio.run(work(wire))


EDGE = [sys.executable, "-m", "edge_cache"]
SERVE = [*EDGE, "serve"]
"""The real program, as it runs at a school."""


def edge_env(state: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a node over `state`: production's settings but for those that are named."""
    named = {f"SONGTAN_EDGE_{name.upper()}": value for name, value in settings.items()}
    own = {"SONGTAN_EDGE_STATE": str(state), "SONGTAN_EDGE_LISTEN": "127.0.0.1:8090", "PYTHONPATH": str(Path.cwd())}
    return clean_env(**{**own, **named})


def held(state: Path) -> tuple[int, set[str]]:
    """Return the bytes and the digests of the segments that the node counts as held."""
    rows = sqlite3.connect(f"file:{state / 'node.db'}?mode=ro", uri=True)
    try:
        found = rows.execute("select hex(digest), length from segment where held").fetchall()
    finally:
        rows.close()
    return sum(length for _, length in found), {digest.lower() for digest, _ in found}
