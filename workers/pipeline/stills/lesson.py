"""The stills of a lesson: found, made, stored, and told to the release, with its chapters and its poster."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

import numpy as np

from catalog.formats import release
from catalog.formats.hashing import sha256_hex
from catalog.jobs.media import MediaBase
from catalog.storage.base import Bucket
from workers.pipeline.commands import stills as commands
from workers.pipeline.desk import Desk
from workers.pipeline.look.model import PictureLook, SoundLook
from workers.pipeline.probe import Facts, VideoFacts
from workers.pipeline.recipe import Handling
from workers.pipeline.stills.choice import Luma, find_slides, make_chapters
from workers.pipeline.stills.deck_stills import uncovered, with_pages
from workers.pipeline.stills.decks import Deck, open_deck, small_pages
from workers.pipeline.stills.extract import Pictured, StillsMade, extract_pictures, make_stills
from workers.pipeline.stills.matching import Shown, match_pages, snapped
from workers.pipeline.stills.picture_source import make_picture_source
from workers.pipeline.stills.times import page_times

SNAP_S = 1.5
"""A page that is found to begin so near to a change of the picture begins with it."""
MOST_STILLS = 2000
SMALL = (commands.SMALL_HEIGHT, 320)


@dataclass(frozen=True, slots=True)
class Opened:
    """A deck whose pages lie as pictures in `folder`."""

    deck: Deck
    folder: Path


def fetch_deck(desk: Desk, key: str) -> Opened:
    """Fetch a deck and draw its pages. Raises the `deck.*` errors, and what the store raises."""
    file, folder = desk.folder / "deck", desk.folder / "pages"
    folder.mkdir()
    desk.store.download_to(Bucket.SOURCES, key, file)
    deck = open_deck(file, folder, desk.unheard)
    file.unlink()
    return Opened(deck, folder)


def picture_from_deck(desk: Desk, voice: tuple[Path, int], duration: float, look: SoundLook, opened: Opened) -> Path:
    """Make a source whose pictures are the deck's pages beside a `voice` of `duration` s; return where it is.

    `voice` is a file and its stream. Pages stand as the deck itself says, else they change in pauses of the voice.
    """
    pages = opened.deck.pages
    times = page_times(len(pages), duration, advances=opened.deck.advances, pauses=look.silences)
    out = desk.folder / "pictured.mkv"
    files = [opened.folder / page.file for page in pages]
    limits = replace(desk.limits, seconds=300 + duration, cpu_seconds=round(600 + 2 * duration))
    make_picture_source(desk.tools, files, times, duration, out, voice=voice, limits=limits, watch=desk.unheard)
    return out


def base_of_lesson(
    desk: Desk, source: Path, facts: Facts, seen: tuple[PictureLook, Handling] | None, opened: Opened | None
) -> MediaBase:
    """Return what a release says of a lesson beside its tracks; stills and poster are in the store when it returns.

    `seen` is what the pictures show and how they are handled, None without pictures. With a deck, its pages stand where
    the video shows them, at full sharpness, and the video's own pictures elsewhere. Raises what `process.run` and the
    store raise.
    """
    duration = facts.end - facts.start
    duration_ms = max(1, round(duration * 1000))
    if facts.video is None or seen is None:
        return MediaBase(duration_ms=duration_ms)
    look, handling = seen
    folder = desk.folder / "stills"
    folder.mkdir()
    slides = find_slides([(change.at, change.new_slide) for change in look.changes], duration)
    shown: Sequence[Shown] = ()
    if opened is not None:
        shown = _match(desk, source, facts.video, facts.start, duration, handling, look, opened)
        slides = uncovered(slides, shown)
        for page in opened.deck.pages:
            (opened.folder / page.file).rename(folder / page.file)
    pictures: Sequence[Pictured] = extract_pictures(
        desk.tools, source, facts.video, facts.start, slides, handling, folder, desk.limits, desk.unheard
    )
    if opened is not None:
        pictures = with_pages(opened.deck, shown, pictures)
    made = make_stills(pictures, folder, duration)
    chapters = make_chapters([(still.start_s, still.title) for still in made.stills], duration)
    base = MediaBase(
        duration_ms=duration_ms,
        stills=_store(desk, folder, made, duration_ms),
        chapters=tuple(
            release.Chapter(start_ms=round(chapter.start_s * 1000), title=chapter.title or str(number))
            for number, chapter in enumerate(chapters, start=1)
        ),
        poster=_keep(desk, (folder / made.poster).read_bytes(), "image/jpeg") if made.poster else None,
    )
    shutil.rmtree(folder)
    return base


def _match(
    desk: Desk, source: Path, video: VideoFacts, zero: float, duration: float, handling: Handling, look: PictureLook,
    opened: Opened,
) -> tuple[Shown, ...]:  # fmt: skip
    seconds = max(1, ceil(duration))
    out = desk.folder / "seconds.gray"
    command = commands.small_frames(desk.tools, source, video.stream, zero, seconds, handling, out)
    desk.run(command, 120 + duration)
    frames: list[Luma] = list(np.fromfile(out, dtype=np.uint8).reshape(-1, *SMALL))
    out.unlink()
    times = [float(second) for second in range(len(frames))]
    found = match_pages(small_pages(opened.deck, opened.folder), frames, times, duration)
    return tuple(snapped(found, look.change_times, SNAP_S))


def _store(desk: Desk, folder: Path, made: StillsMade, duration_ms: int) -> tuple[release.Still, ...]:
    kept: dict[str, release.Blob] = {}
    told: dict[int, release.Still] = {}
    for still in made.stills[:MOST_STILLS]:
        if still.file not in kept:
            kept[still.file] = _keep(desk, (folder / still.file).read_bytes(), still.type)
        start = min(round(still.start_s * 1000), duration_ms - 1)
        told[start] = release.Still(
            **kept[still.file].model_dump(), start_ms=start, width=still.width, height=still.height, type=still.type,
            title=still.title[:200],
        )  # fmt: skip
    return tuple(told[start] for start in sorted(told))


def _keep(desk: Desk, data: bytes, content_type: str) -> release.Blob:
    digest = sha256_hex(data)
    desk.store.put(Bucket.PUBLIC, f"blobs/{digest}", data, content_type)
    return release.Blob(sha256=digest, length=len(data))
