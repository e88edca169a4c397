"""Which moments of a lesson become stills, which of them are one, and where chapters begin. Pure.

Times are in seconds from the zero. Small pictures are luma, `uint8`, all of one shape (height, width).
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from workers.pipeline.probe import Frozen

SHORTEST_S = 1.5
"""A slide shown for less is leafed past: it is no slide."""

LONGEST_S = 300.0
"""A slide (or a board) that changes for longer gets a still for every such stretch."""

BEFORE_CHANGE_S = 0.5
"""So much before the next change a slide is looked at: change times are as coarse as the look at the video was."""

SMALL = (320, 180)
"""The size at which stills are compared."""

BLOCK = 10
BLOCK_DIFFERS = 8.0
"""A block of 10×10 pixels of a small picture differs from this mean difference of luma on."""

SAME_BLOCKS = 6
"""So many blocks may differ between stills that are one: a pointer that moved, not a line of text."""

LEAST_CHAPTER_S = 30.0
MOST_CHAPTERS = 20

Luma = npt.NDArray[np.uint8]


class Slide(Frozen):
    """A slide as the video shows it: from `start_s` to `end_s`, complete at `pick_s`."""

    start_s: float
    end_s: float
    pick_s: float


class Chapter(Frozen):
    """Where a chapter begins; `title` is empty where nobody knows one."""

    start_s: float
    title: str = ""


def find_slides(changes: Sequence[tuple[float, bool]], duration: float) -> tuple[Slide, ...]:
    """Return the slides of a lesson, given its changes (`at`, `is a new slide`), in any order.

    Each is looked at when its build-up has ended: between its last change and the next slide. What comes before the
    first new slide is a slide too. A slide that was leafed past is dropped: the one before it stands on.
    """
    inside = sorted((at, new) for at, new in changes if 0 < at < duration)
    starts = [0.0] + [at for at, new in inside if new]
    times = [at for at, _ in inside]
    stretches = [
        part
        for start, end in pairwise([*starts, duration])
        if end - start >= SHORTEST_S or len(starts) == 1
        for part in _parts(start, end, [t for t in times if start < t < end])
    ]
    if not stretches and duration > 0:
        stretches = [(starts[-1], duration, [t for t in times if t > starts[-1]])]
    ends = [start for start, _, _ in stretches[1:]] + [duration]
    slides = []
    for number, ((start, end, builds), stands_until) in enumerate(zip(stretches, ends, strict=True)):
        complete = max([start, *builds])
        pick = end - min(BEFORE_CHANGE_S, (end - complete) / 2)
        slides.append(Slide(start_s=0.0 if number == 0 else start, end_s=stands_until, pick_s=pick))
    return tuple(slides)


def _parts(start: float, end: float, builds: list[float]) -> list[tuple[float, float, list[float]]]:
    """Divide a stretch that changes for too long, at changes of its own."""
    parts = []
    while end - start > LONGEST_S:
        cut = next((t for t in builds if t - start >= LONGEST_S), None)
        if cut is None or end - cut < SHORTEST_S:
            break
        parts.append((start, cut, [t for t in builds if t < cut]))
        start, builds = cut, [t for t in builds if t > cut]
    return [*parts, (start, end, builds)]


def blocks_that_differ(one: Luma, other: Luma) -> int:
    """Return how many blocks of two small pictures differ so that somebody would see it."""
    height, width = one.shape[0] // BLOCK * BLOCK, one.shape[1] // BLOCK * BLOCK
    difference = np.abs(one[:height, :width].astype(np.int16) - other[:height, :width].astype(np.int16))
    means = difference.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK).mean(axis=(1, 3))
    return int((means > BLOCK_DIFFERS).sum())


def are_one(one: Luma, other: Luma) -> bool:
    """Say whether two pictures show the same slide, to a pointer's difference."""
    return one.shape == other.shape and blocks_that_differ(one, other) <= SAME_BLOCKS


def merge(pictures: Sequence[Luma]) -> tuple[int, ...]:
    """Return for each picture which one is shown for it: the last of a run that is one, and for a slide that comes
    back the picture from before. Runs have the same number one after the other.
    """  # fmt: skip
    runs: list[list[int]] = []
    for number, picture in enumerate(pictures):
        if runs and are_one(pictures[runs[-1][-1]], picture):
            runs[-1].append(number)
        else:
            runs.append([number])
    kept: list[int] = []
    shown = [0] * len(pictures)
    for run in runs:
        last = run[-1]
        before = next((k for k in reversed(kept) if are_one(pictures[k], pictures[last])), None)
        if before is None:
            kept.append(last)
        for number in run:
            shown[number] = last if before is None else before
    return tuple(shown)


def richness(picture: Luma) -> float:
    """Return how much there is to see in a small picture: the share of blocks that are not flat, 0 for a dark one."""
    if picture.mean() < 16 or picture.std() < 6:
        return 0.0
    height, width = picture.shape[0] // BLOCK * BLOCK, picture.shape[1] // BLOCK * BLOCK
    blocks = picture[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK).astype(np.float32)
    return float((blocks.std(axis=(1, 3)) > 6).mean())


def choose_poster(pictures: Sequence[Luma]) -> int | None:
    """Return which picture stands for the lesson: the first that is nearly as rich as the richest of the first ten.

    None if all of them are black or blank. A title slide is poor in blocks, so a third of the richest is enough.
    """
    scores = [richness(picture) for picture in pictures[:10]]
    best = max(scores, default=0.0)
    if best == 0.0:
        rest = [richness(picture) for picture in pictures[10:]]
        return 10 + int(np.argmax(rest)) if rest and max(rest) > 0 else None
    return next(number for number, score in enumerate(scores) if score >= best / 3)


def make_chapters(marks: Sequence[tuple[float, str]], duration: float) -> tuple[Chapter, ...]:
    """Return the chapters for slides (`start`, `title`) in order of time: at most twenty, none shorter than 30 s.

    Slides one after the other with the same title are one chapter. Where there are too many, the shortest goes first:
    it joins the one before it, which takes its title if it has none. A lesson of one chapter has none.
    """
    kept: list[Chapter] = []
    for start, title in marks:
        if kept and title and kept[-1].title == title:
            continue
        kept.append(Chapter(start_s=start, title=title))
    if not kept:
        return ()
    kept[0] = kept[0].model_copy(update={"start_s": 0.0})
    while len(kept) > 1:
        bounds = [chapter.start_s for chapter in kept] + [duration]
        lengths = [b - a for a, b in pairwise(bounds)]
        shortest = min(range(len(kept)), key=lambda n: (lengths[n], n))
        if lengths[shortest] >= LEAST_CHAPTER_S and len(kept) <= MOST_CHAPTERS:
            break
        _drop(kept, shortest)
    return tuple(kept) if len(kept) > 1 else ()


def _drop(kept: list[Chapter], short: int) -> None:
    """Join a short chapter to the one before it; if that has no title of its own, it takes this one's."""
    before = short - 1 if short else 0
    gone = before + 1
    if kept[gone].title and not kept[before].title:
        kept[before] = kept[before].model_copy(update={"title": kept[gone].title})
    del kept[gone]
