"""Ingest: look at a source, plan, and cut it once into parts that a task can fetch alone."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from catalog.storage.base import Bucket, ObjectStore
from workers.pipeline.commands import base, parts, pictures
from workers.pipeline.errors import NotDecodable, ToolFailed
from workers.pipeline.measure import file_digest
from workers.pipeline.plan import AAC_FRAME, SAMPLE_RATE, Plan, Recipe, SoundRecipe, fit, make_plan, make_recipe
from workers.pipeline.probe import Facts, SourceLimits, VideoFacts, first_key, probe
from workers.pipeline.process import UNWATCHED, Limits, Watch, run
from workers.pipeline.tools import Tools
from workers.pipeline.work import LOOKAHEAD_FRAMES, PREROLL_FRAMES, SegmentWork, SoundWork, VideoWork
from workers.pipeline.workspace import require_room

POSTER_SHORT_SIDE = 360
POSTER_AT = 0.1
SEEK_BACK_S = (0.0, 2.0, 10.0, 60.0)
"""Containers without an index may be entered too late: then the cut begins so much earlier."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What ingest found and decided. `works` are the segments of all tracks, `poster` a name in the private bucket."""

    facts: Facts
    recipe: Recipe
    plan: Plan
    works: list[SegmentWork]
    poster: str | None


@dataclass(frozen=True, slots=True)
class Desk:
    """What ingest works with: tools, store, an empty folder, the job's prefix in the private bucket, limits."""

    tools: Tools
    store: ObjectStore
    folder: Path
    prefix: str
    limits: Limits
    watch: Watch = UNWATCHED

    def run(self, command: list[str], seconds: float, progress: Callable[[float], None] | None = None) -> None:
        """Run ffmpeg with this desk's limits."""
        limits = replace(self.limits, seconds=seconds, cpu_seconds=round(seconds * 2))
        run(command, limits, replace(self.watch, progress=progress) if progress else self.watch)

    def keep(self, name: str, path: Path, content_type: str) -> tuple[str, str]:
        """Store a file and remove it here; return its key and its sha256."""
        key, digest = f"{self.prefix}/{name}", file_digest(path)
        self.store.put(Bucket.SOURCES, key, path, content_type)
        path.unlink()
        return key, digest


def ingest(desk: Desk, source_key: str, limits: SourceLimits) -> Ingested:
    """Fetch the source, probe, plan, cut. The watch hears a share from 0 to 1.

    Raises what `probe` raises, NotDecodable, and what tools and store raise.
    """
    source = desk.folder / "source"
    found = desk.store.stat(Bucket.SOURCES, source_key)
    require_room(desk.folder, 2 * (found.length if found else 0))
    desk.store.download_to(Bucket.SOURCES, source_key, source)
    desk.watch.progress(0.2)
    facts = probe(desk.tools, source, limits, Watch(is_cancelled=desk.watch.is_cancelled))
    recipe = make_recipe(facts, desk.tools.version)
    plan = make_plan(facts, recipe)
    desk.watch.progress(0.3)
    works: list[SegmentWork] = []
    poster = None
    if facts.video is not None:
        works += _cut_pictures(desk, source, facts.video, recipe, plan)
        poster = _make_poster(desk, source, facts.video, recipe)
    desk.watch.progress(0.7)
    if recipe.sound is not None and facts.sound is not None:
        works += _cut_sound(desk, source, facts.sound.stream, recipe, recipe.sound, plan)
    desk.watch.progress(1.0)
    return Ingested(facts, recipe, plan, works, poster)


def _cut_pictures(desk: Desk, source: Path, video: VideoFacts, recipe: Recipe, plan: Plan) -> list[SegmentWork]:
    cut: list[tuple[str, str]] = []
    for number, part in enumerate(plan.parts):
        out = desk.folder / f"{number:04}.mkv"
        _cut_part(desk, source, video.stream, plan.zero, part.start, part.end, out)
        cut.append(desk.keep(f"video/{out.name}", out, "video/x-matroska"))
        desk.watch.progress(0.3 + 0.4 * (number + 1) / len(plan.parts))
    assert recipe.handling is not None  # noqa: S101 - a recipe for pictures has it
    return [
        VideoWork(
            number=number,
            part_key=cut[plan.part_of[number]][0],
            part_digest=cut[plan.part_of[number]][1],
            part_start=plan.parts[plan.part_of[number]].start,
            first=stretch.first,
            count=stretch.count,
            recipe=rung,
            handling=recipe.handling,
            tools=recipe.tools,
        )
        for rung in recipe.video
        for number, stretch in enumerate(plan.stretches(rung))
    ]


def _cut_part(desk: Desk, source: Path, stream: int, zero: float, start: float, end: float, out: Path) -> None:
    seconds = 120 + source.stat().st_size / 10e6
    for back in SEEK_BACK_S:
        begin = zero + start - back if start > 0 else None
        desk.run(parts.cut_part(desk.tools, source, stream, zero, begin, zero + end, out), seconds, lambda _: None)
        entered = first_key(desk.tools, out)
        if entered is not None and entered - base.LEAD_S <= start + 0.002:
            return
    # the last try stands: what is missing in front of the first key frame is shown as that frame


def _make_poster(desk: Desk, source: Path, video: VideoFacts, recipe: Recipe) -> str | None:
    size = fit(video.width, video.height, POSTER_SHORT_SIDE)
    out = desk.folder / "poster.jpg"
    assert recipe.handling is not None  # noqa: S101 - as above
    for share in (POSTER_AT, 0.0):
        at = video.start + share * (video.end - video.start)
        command = pictures.poster(desk.tools, source, video.stream, at, recipe.handling, size, out)
        try:
            desk.run(command, 300, lambda _: None)
        except ToolFailed:
            continue
        if out.exists() and out.stat().st_size > 0:
            return desk.keep("poster.jpg", out, "image/jpeg")[0]
    return None


def _cut_sound(
    desk: Desk, source: Path, stream: int, recipe: Recipe, sound: SoundRecipe, plan: Plan
) -> list[SegmentWork]:
    """Decode all of the sound once and keep a piece for each segment, with what the encoder hears before and after."""
    frames = plan.sound[-1].first + plan.sound[-1].count
    bytes_a_frame = AAC_FRAME * 2 * sound.channels
    samples = desk.folder / "sound.s16"
    require_room(desk.folder, frames * bytes_a_frame)
    seconds = frames * AAC_FRAME / SAMPLE_RATE
    try:
        desk.run(
            parts.decode_sound(desk.tools, source, stream, plan.zero, frames, sound, samples),
            120 + seconds,
            lambda done: desk.watch.progress(0.7 + 0.2 * min(1.0, done / seconds)),
        )
    except ToolFailed as error:
        raise NotDecodable(start=0, end=round(seconds, 1), why=str(error.data["why"])) from error
    works: list[SegmentWork] = []
    with samples.open("rb") as file:
        for number, stretch in enumerate(plan.sound):
            piece = desk.folder / f"{number:04}.s16"
            begin, end = stretch.first - PREROLL_FRAMES, stretch.first + stretch.count + LOOKAHEAD_FRAMES
            file.seek(max(0, begin) * bytes_a_frame, os.SEEK_SET)
            heard = file.read((min(end, frames) - max(0, begin)) * bytes_a_frame)
            silence_before = bytes(max(0, -begin) * bytes_a_frame)
            piece.write_bytes((silence_before + heard).ljust((end - begin) * bytes_a_frame, b"\0"))
            out = piece.with_suffix(".flac")
            desk.run(parts.pack_piece(desk.tools, piece, sound, out), 120, lambda _: None)
            piece.unlink()
            key, digest = desk.keep(f"sound/{out.name}", out, "audio/flac")
            works.append(
                SoundWork(
                    number=number, part_key=key, part_digest=digest, first=stretch.first, count=stretch.count,
                    recipe=sound, tools=recipe.tools,
                )
            )  # fmt: skip
            desk.watch.progress(0.9 + 0.1 * (number + 1) / len(plan.sound))
    samples.unlink()
    return works
