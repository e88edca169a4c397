"""Stills out of a video: the moments that `choice` picked, decoded once, those that are one joined, and compressed."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import structlog

from workers.pipeline.commands.stills import STILL_RATE, extract_stills
from workers.pipeline.errors import ToolFailed
from workers.pipeline.probe import Frozen, VideoFacts
from workers.pipeline.process import UNWATCHED, Limits, Watch, run
from workers.pipeline.recipe import Handling
from workers.pipeline.stills.choice import Luma, Slide, choose_poster, merge
from workers.pipeline.stills.compress import ENDINGS, compress_all, open_picture, poster_jpeg, small_luma
from workers.pipeline.tools import Tools

log = structlog.get_logger(__name__)

BOX = (1280, 720)

BUDGET_BITS_PER_S = 6000
"""What stills may add to the sound of `listen`, in the mean over the lesson."""

LEAST_BUDGET = 200_000
"""A short lesson may spend so many bytes on its stills at any rate."""


class Still(Frozen):
    """A picture that stands from `start_s` (seconds from the zero) until the next one; `file` is in the task's folder.

    A slide that comes back has the file from before. `title` is empty where nobody knows one.
    """

    file: str
    start_s: float
    width: int
    height: int
    type: str
    title: str = ""


class Pictured(Frozen):
    """A stretch of the lesson and the PNG file that shows it, made by our own tools."""

    start_s: float
    file: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """Moments that are decoded in one go: from the key frame `key` on, None for the start of the file."""

    key: float | None
    picks: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class StillsMade:
    """All stills of a lesson by time, and the file of its poster (a JPEG), if any picture is worth one."""

    stills: tuple[Still, ...]
    poster: str | None


def still_size(width: int, height: int) -> tuple[int, int]:
    """Return the size of stills of pictures of this size: never larger, and within 1280×720 (upright: 720×1280)."""
    box = BOX if width >= height else BOX[::-1]
    scale = min(Fraction(box[0], width), Fraction(box[1], height), Fraction(1))
    return max(1, round(width * scale)), max(1, round(height * scale))


def decode_runs(picks: Sequence[float], keys: Sequence[float]) -> tuple[Run, ...]:
    """Divide ascending moments into runs so that no stretch is decoded twice, and none in vain. Same clock for both."""
    runs: list[Run] = []
    last_key = -1
    for pick in picks:
        key = bisect_right(keys, pick) - 1
        if runs and key <= last_key:
            runs[-1] = Run(runs[-1].key, (*runs[-1].picks, pick))
        else:
            runs.append(Run(keys[key] if key > 0 else None, (pick,)))
        last_key = key
    return tuple(runs)


def budget_for(duration: float) -> int:
    """Return how many bytes the stills of a lesson may have."""
    return max(LEAST_BUDGET, round(duration * BUDGET_BITS_PER_S / 8))


def extract_pictures(
    tools: Tools,
    source: Path,
    video: VideoFacts,
    zero: float,
    slides: Sequence[Slide],
    handling: Handling,
    folder: Path,
    limits: Limits,
    watch: Watch = UNWATCHED,
) -> tuple[Pictured, ...]:
    """Write the picture of each slide to `folder` at full sharpness, ≤ 1280×720; `zero` in seconds of the source.

    A stretch of the source that cannot be decoded costs its own stills only. Raises ToolTooSlow and Cancelled.
    """
    crop = handling.crop
    size = still_size(crop.width, crop.height) if crop else still_size(video.width, video.height)
    by_pick = {slide.pick_s: slide for slide in slides}
    silent = Watch(is_cancelled=watch.is_cancelled)
    made: list[Pictured] = []
    runs = decode_runs([zero + pick for pick in sorted(by_pick)], video.keys)
    ordered = [by_pick[pick] for pick in sorted(by_pick)]
    for number, one in enumerate(runs):
        mine, ordered = ordered[: len(one.picks)], ordered[len(one.picks) :]
        begin = one.key if one.key is not None else video.start
        slots = _slots(one.picks, begin)
        names = folder / f"slide-{number:04}-%04d.png"
        command = extract_stills(tools, source, video.stream, one.key, begin, slots, handling, size, str(names))
        try:
            run(command, limits, silent)
        except ToolFailed as error:
            log.warning("stills.not-decoded", start_s=one.picks[0] - zero, why=error.data["why"])
        for place, slide in enumerate(mine, start=1):
            path = Path(str(names) % place)
            if path.exists() and path.stat().st_size > 0:
                made.append(Pictured(start_s=slide.start_s, file=path.name))
        watch.progress((number + 1) / len(runs))
    return tuple(made)


def _slots(picks: Sequence[float], begin: float) -> list[int]:
    """Return the ascending slots of moments, no two the same."""
    slots = [max(0, int((pick - begin) * STILL_RATE + 1e-6)) for pick in picks]
    for place, (before, after) in enumerate(pairwise(slots), start=1):
        if after <= before:
            slots[place] = slots[place - 1] + 1
    return slots


def make_stills(pictures: Sequence[Pictured], folder: Path, duration: float) -> StillsMade:
    """Join pictures that are one, compress the rest within the budget, and choose the poster.

    `pictures` are by time; their PNG files stay. Stills are written to `folder` as `still-0000.jpg` or `.png`.
    """
    if not pictures:
        return StillsMade((), None)
    smalls = [small_luma(open_picture(folder / picture.file)) for picture in pictures]
    shown = merge(smalls)
    used = sorted(set(shown))
    compressed = compress_all([folder / pictures[n].file for n in used], budget_for(duration))
    names: dict[int, str] = {}
    for place, (n, still) in enumerate(zip(used, compressed, strict=True)):
        names[n] = f"still-{place:04}{ENDINGS[still.content_type]}"
        (folder / names[n]).write_bytes(still.data)
    made: list[Still] = []
    for number, picture in enumerate(pictures):
        still = compressed[used.index(shown[number])]
        if made and made[-1].file == names[shown[number]] and made[-1].title == picture.title:
            continue
        made.append(
            Still(
                file=names[shown[number]], start_s=picture.start_s, width=still.width, height=still.height,
                type=still.content_type, title=picture.title,
            )
        )  # fmt: skip
    return StillsMade(tuple(made), _poster([smalls[n] for n in used], [pictures[n] for n in used], folder))


def _poster(smalls: Sequence[Luma], pictures: Sequence[Pictured], folder: Path) -> str | None:
    chosen = choose_poster(smalls)
    if chosen is None:
        return None
    (folder / "poster.jpg").write_bytes(poster_jpeg(open_picture(folder / pictures[chosen].file)))
    return "poster.jpg"
