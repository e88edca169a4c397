"""What ingest works with, and how it cuts the source once into parts that a task can fetch alone."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from catalog.storage.base import Bucket, ObjectStore
from workers.pipeline.commands import base, parts
from workers.pipeline.measure import file_digest
from workers.pipeline.plan import Plan
from workers.pipeline.probe import VideoFacts, first_key
from workers.pipeline.process import UNWATCHED, Limits, Watch, decoding, run
from workers.pipeline.recipe import SAMPLE_RATE, SoundHandling
from workers.pipeline.tools import Tools
from workers.pipeline.work import AFTER_SAMPLES, BEFORE_SAMPLES
from workers.pipeline.workspace import require_room

SEEK_BACK_S = (0.0, 2.0, 10.0, 60.0)
"""Containers without an index may be entered too late: then the cut begins so much earlier."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was stored: its key in the private bucket and its sha256."""

    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Desk:
    """Tools, store, an empty folder, the job's prefix in the private bucket, what ffmpeg may take, and who watches."""

    tools: Tools
    store: ObjectStore
    folder: Path
    prefix: str
    limits: Limits
    watch: Watch = UNWATCHED

    @property
    def unheard(self) -> Watch:
        """A watch that hears of a cancel and tells nobody how far it is."""
        return Watch(is_cancelled=self.watch.is_cancelled)

    def run(self, command: list[str], seconds: float, progress: Callable[[float], None] | None = None) -> None:
        """Run ffmpeg with this desk's limits."""
        limits = replace(self.limits, seconds=seconds, cpu_seconds=round(seconds * 2))
        run(command, limits, replace(self.watch, progress=progress) if progress else self.unheard)

    def keep(self, name: str, path: Path, content_type: str) -> Kept:
        """Store a file in the private bucket and remove it here."""
        key, digest = f"{self.prefix}/{name}", file_digest(path)
        self.store.put(Bucket.SOURCES, key, path, content_type)
        path.unlink()
        return Kept(key, digest)


def cut_pictures(desk: Desk, source: Path, video: VideoFacts, plan: Plan) -> list[Kept]:
    """Cut the pictures by stream copy into the plan's parts."""
    cut: list[Kept] = []
    for number, part in enumerate(plan.parts):
        out = desk.folder / f"{number:04}.mkv"
        _cut_part(desk, source, video.stream, plan.zero, part.start, part.end, out)
        cut.append(desk.keep(f"video/{out.name}", out, "video/x-matroska"))
    return cut


def _cut_part(desk: Desk, source: Path, stream: int, zero: float, start: float, end: float, out: Path) -> None:
    seconds = 120 + source.stat().st_size / 10e6
    for back in SEEK_BACK_S:
        begin = zero + start - back if start > 0 else None
        desk.run(parts.cut_part(desk.tools, source, stream, zero, begin, zero + end, out), seconds)
        entered = first_key(desk.tools, out)
        if entered is not None and entered - base.LEAD_S <= start + 0.002:
            return
    # the last try stands: what is missing in front of the first key frame is shown as that frame


def decode_sound(desk: Desk, source: Path, stream: int, zero: float, way: SoundHandling, samples: int) -> Path:
    """Decode `samples` of the sound once, from the zero, as loud and with as many channels as `way` says.

    Raises NotDecodable and what `process.run` raises.
    """
    out = desk.folder / "sound.s16"
    require_room(desk.folder, samples * 2 * way.channels)
    seconds = samples / SAMPLE_RATE
    with decoding(0, seconds):
        desk.run(parts.decode_sound(desk.tools, source, stream, zero, samples, way, out), 120 + seconds)
    return out


def cut_sound(desk: Desk, samples: Path, channels: int, wanted: Mapping[int, int]) -> dict[int, Kept]:
    """Keep pieces of the decoded sound, with what encoders hear before and after them.

    `wanted` says how many samples each piece has, by its first one (which may lie before the zero); so does the answer.
    """
    width = 2 * channels
    total = samples.stat().st_size // width
    cut: dict[int, Kept] = {}
    with samples.open("rb") as file:
        for number, (start, length) in enumerate(sorted(wanted.items())):
            begin, end = start - BEFORE_SAMPLES, start + length + AFTER_SAMPLES
            file.seek(min(max(0, begin), total) * width, os.SEEK_SET)
            heard = file.read(max(0, min(end, total) - max(0, begin)) * width)
            piece, out = desk.folder / f"{number:04}.s16", desk.folder / f"{number:04}.flac"
            piece.write_bytes((bytes(max(0, -begin) * width) + heard).ljust((end - begin) * width, b"\0"))
            desk.run(parts.pack_piece(desk.tools, piece, channels, out), 120)
            piece.unlink()
            cut[start] = desk.keep(f"sound/{out.name}", out, "audio/flac")
    return cut
