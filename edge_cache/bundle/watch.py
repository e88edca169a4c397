"""Drives that are plugged in: each that has a bundle becomes a source, and its progress can be seen."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import structlog

from catalog.formats.errors import AppError
from edge_cache.bundle.mounts import MOUNTINFO, mounted_drives
from edge_cache.bundle.source import BLOBS, DriveSource
from edge_cache.bundle.volumes import bundle_folder, has_bundle, volumes
from edge_cache.errors import SourceFailed
from edge_cache.releases.repository import ReleaseRepository
from edge_cache.store.repository import StoreRepository

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0
STUCK_SECONDS = 60.0
Signature = tuple[tuple[str, int], ...]
"""Names and lengths of a bundle's volumes."""


class State(StrEnum):
    """How a drive is. `STUCK`: what is left does not come, for it is damaged, or the disk is full."""

    REFUSED = "refused"
    READING = "reading"
    TAKING = "taking"
    STUCK = "stuck"
    DONE = "done"
    NOTHING_NEW = "nothing-new"


@dataclass
class Drive:
    """A drive that is plugged in. Bytes: `length` in all, `left` what is on it that the node wants and lacks.

    `source` is None where it cannot be read; then `problem` says why. `moved` is when `left` last changed. Until it was
    `heard`, nobody knows what of it is wanted: its statements may name releases that are new to the node.
    """

    place: Path
    signature: Signature
    source: DriveSource | None
    problem: AppError | None = None
    length: int = 0
    left: int = 0
    moved: float = 0.0
    heard: bool = False

    @property
    def taken(self) -> int:
        """Bytes that were read from it."""
        return self.source.taken if self.source else 0

    @property
    def share(self) -> float:
        """How much of what was wanted is taken, from 0 to 1."""
        return self.taken / (self.taken + self.left) if self.left else 1.0

    @property
    def state(self) -> State:
        """How it is."""
        if self.source is None:
            return State.REFUSED
        if not self.heard:
            return State.READING
        if self.left:
            return State.STUCK if time.monotonic() - self.moved > STUCK_SECONDS else State.TAKING
        return State.DONE if self.taken else State.NOTHING_NEW


class DriveWatch:
    """Looks for drives where block devices are mounted, and in `folders`; `on_change` is called when one came."""

    def __init__(
        self,
        folders: Sequence[Path],
        rows: StoreRepository,
        releases: ReleaseRepository,
        on_change: Callable[[], object],
        mountinfo: Path = MOUNTINFO,
    ) -> None:
        self._folders, self._rows, self._releases = folders, rows, releases
        self._on_change, self._mountinfo = on_change, mountinfo
        self._drives: dict[Path, Drive] = {}
        self._seen: dict[Path, Signature] = {}

    @property
    def drives(self) -> list[Drive]:
        """What is plugged in now."""
        return list(self._drives.values())

    def sources(self) -> list[DriveSource]:
        """The drives that can be read, and still have something that the node lacks or may come to want."""
        return [drive.source for drive in self._drives.values() if drive.source is not None]

    async def heard(self, drives: Sequence[Drive]) -> None:
        """Note that the node has seen to what these drives' statements say, and knows now what it wants of them."""
        for drive in drives:
            await asyncio.to_thread(self._count, drive)
            drive.heard = True

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Look once: open what came, forget what went, count what is left."""
        found = await asyncio.to_thread(self._find)
        for place in self._drives.keys() - found.keys():
            log.info("drive.gone", drive=str(place), left=self._drives.pop(place).left)
        for place, signature in found.items():
            known = self._drives.get(place)
            settled = self._seen.get(place) == signature  # a copy may still be running
            if settled and (known is None or known.signature != signature):
                self._drives[place] = await self._open(place, signature)
                self._on_change()
        self._seen = found
        for drive in self._drives.values():
            await asyncio.to_thread(self._count, drive)

    def _find(self) -> dict[Path, Signature]:
        try:
            mounts = mounted_drives(self._mountinfo.read_text("utf-8", "surrogateescape"))
        except OSError:  # not on Linux: folders only
            mounts = []
        found: dict[Path, Signature] = {}
        for place in [*self._folders, *mounts]:
            if has_bundle(place):
                try:
                    paths = volumes(bundle_folder(place))
                    found[place] = tuple((path.name, path.stat().st_size) for path in paths)
                except OSError:
                    continue
        return found

    async def _open(self, place: Path, signature: Signature) -> Drive:
        drive = Drive(place, signature, None)
        try:
            drive.source = await DriveSource.open(place)
        except AppError as error:
            log.warning("drive.refused", drive=str(place), problem=error.code, **error.data)
            drive.problem = error
            return drive
        drive.length = drive.source.contents.length
        await asyncio.to_thread(self._count, drive)
        log.info("drive.found", drive=str(place), length=drive.length, left=drive.left)
        return drive

    def _count(self, drive: Drive) -> None:
        """Count what the drive has that the node should hold and does not."""
        if drive.source is None:
            return
        left = 0
        try:
            for digest in self._releases.wanted_tracks() & drive.source.contents.runs.keys():
                left += self._left_of(digest, drive.source)
            for digest, length in self._releases.blobs_missing().items():
                left += length if f"{BLOBS}{digest}" in drive.source.contents.whole else 0
        except SourceFailed:  # pulled out just now: the next look says so
            return
        if left != drive.left:
            drive.left, drive.moved = left, time.monotonic()

    def _left_of(self, digest: str, source: DriveSource) -> int:
        track = self._rows.track(digest)
        if track is None or track.complete:
            return 0
        if not track.segments:
            return sum(run.length for run, _ in source.contents.runs[digest].values())
        on_it = [range(first, first + count) for first, count in source.runs(digest)]
        return sum(n for number, n in self._rows.missing(digest) if any(number in run for run in on_it))
