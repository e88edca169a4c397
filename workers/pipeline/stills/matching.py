"""Which page of a deck a video shows when. Pure, numpy only.

Pages and sampled frames are luma pictures. Both are brought onto one grid and compared by their gradients (so that
brightness and contrast do not matter), block by block (so that a camera in a corner, or lines that are not built up
yet, cost only their own blocks). What all pages share, such as a header, counts little. A page's score for a frame is
a Tversky index (A. Tversky, Features of similarity, 1977): agreement over agreement and what is too much or missing,
where missing counts least. The best way through all frames is found by the Viterbi algorithm: staying is free, the
next page cheap, any other jump dearer, and "no slide" is a state of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.pipeline.probe import Frozen
from workers.pipeline.stills.placement import (
    BLOCK,
    GRID,
    Placement,
    blurred,
    find_placement,
    place_frames,
    place_pages,
    spread,
)

Luma = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

CONTENT = 2.0
"""A block has something in it from this mean gradient on, in levels of luma a pixel."""

EXTRA, MISSING = 0.5, 0.15
"""What a frame shows beside the page, and what it does not show yet of it, against an agreement's 1."""

NO_SLIDE = 0.35
"""The score of showing no slide: a page must do better."""

NEXT, JUMP = 0.35, 0.8
"""The cost of turning to the next page and to any other, in scores of one sample."""

RESTLESS = 0.6
"""A block whose picture changes from sample to sample in such a share of them is a camera's, and not looked at."""

MOVES = 3.0
"""Levels of luma by which a block that moves differs from the frame before, in the mean."""

FEWEST_PAIRS, MOST_PAIRS = 8, 200
MOST_RESTLESS = 0.5
"""If more than so much moves all the time, no camera stands in a corner: the whole picture is one."""

CHUNK = 128


class Shown(Frozen):
    """Page `page` (from 0) is shown from `start_s` to `end_s`, seconds from the zero."""

    page: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Pictures cut into blocks: unit gradient vectors (blocks, pictures, values) and which blocks have content."""

    vectors: Floats
    content: npt.NDArray[np.bool_]


def match_pages(
    pages: Sequence[Luma],
    frames: Sequence[Luma],
    times: Sequence[float],
    duration: float,
    placement: Placement | None = None,
) -> tuple[Shown, ...]:
    """Return which page is shown when; stretches that show none are left out.

    `pages` may differ in size (160 pixels wide or more), `frames` are all of one shape (90×160 or larger) and were
    sampled at `times` (ascending, seconds from the zero). A page that is shown for a sample begins half a sample
    before it. Without a `placement` it is looked for: where in the picture the slides stand.
    """
    if not pages or not frames:
        return ()
    where = placement or refined(pages, frames, find_placement(pages, frames))
    return way_shown(best_way(page_scores(pages, frames, where)), times, duration)


def refined(pages: Sequence[Luma], frames: Sequence[Luma], found: Placement) -> Placement:
    """Return a placement near `found` at which frames show their best page better, if there is one."""
    some_pages, some_frames = spread(pages), spread(frames)

    def fitness(where: Placement) -> float:
        return float(page_scores(some_pages, some_frames, where).max(axis=1).sum())

    best, score = found, fitness(found)
    for step in (0.03, 0.015, 0.0075):
        around = [best.moved(step * right, step * down, 0.0) for right in (-1, 0, 1) for down in (-1, 0, 1)]
        around += [best.moved(0.0, 0.0, step * larger) for larger in (-1, 1)]
        for where in around:
            better = fitness(where)
            if better > score + 1e-3:
                best, score = where, better
    return best


def page_scores(pages: Sequence[Luma], frames: Sequence[Luma], placement: Placement) -> Floats:
    """Return the score of every page for every frame: (frames, pages), 0 to 1."""
    drawn = _cut(place_pages(pages, placement))
    weights = _weights(drawn)
    looked_at = ~_restless(frames, placement)
    scores = np.empty((len(frames), len(pages)), np.float32)
    for first in range(0, len(frames), CHUNK):
        part = _cut(place_frames(frames[first : first + CHUNK], placement))
        scores[first : first + CHUNK] = _score(part, drawn, weights, looked_at)
    return scores


def _cut(pictures: Floats) -> _Blocks:
    """Cut pictures (n, height, width) into blocks of gradients."""
    soft = blurred(pictures)
    across = np.zeros_like(soft)
    down = np.zeros_like(soft)
    across[:, :, 1:-1] = (soft[:, :, 2:] - soft[:, :, :-2]) / 2
    down[:, 1:-1, :] = (soft[:, 2:, :] - soft[:, :-2, :]) / 2
    values = np.concatenate([_blocks(across), _blocks(down)], axis=2)
    lengths = np.linalg.norm(values, axis=2)
    has = lengths / BLOCK > CONTENT
    return _Blocks(values / np.maximum(lengths, 1e-6)[:, :, None], has)


def _blocks(pictures: Floats) -> Floats:
    count, height, width = pictures.shape
    cut = pictures.reshape(count, height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    return cut.transpose(1, 3, 0, 2, 4).reshape(-1, count, BLOCK * BLOCK)


def _weights(pages: _Blocks) -> Floats:
    """Return the weight of each block of each page (blocks, pages): 1 over how many pages have the same in it."""
    alike = pages.vectors @ pages.vectors.transpose(0, 2, 1) > 0.8
    alike &= pages.content[:, :, None] & pages.content[:, None, :]
    weights: Floats = (1 / np.maximum(1, alike.sum(axis=2))).astype(np.float32)
    return weights


def _restless(frames: Sequence[Luma], placement: Placement) -> npt.NDArray[np.bool_]:
    """Say of each block whether it moves all the time, by what some pairs of neighbouring frames show."""
    none = np.zeros(GRID[0] // BLOCK * (GRID[1] // BLOCK), np.bool_)
    if len(frames) < FEWEST_PAIRS:
        return none
    firsts = spread(range(len(frames) - 1), MOST_PAIRS)
    before = place_frames([frames[n] for n in firsts], placement)
    after = place_frames([frames[n + 1] for n in firsts], placement)
    share = (_means(np.abs(after - before)) > MOVES).mean(axis=0)
    restless: npt.NDArray[np.bool_] = share > RESTLESS
    return restless if restless.mean() < MOST_RESTLESS else none


def _means(pictures: Floats) -> Floats:
    count, height, width = pictures.shape
    cut = pictures.reshape(count, height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    means: Floats = cut.mean(axis=(2, 4), dtype=np.float32).reshape(count, -1)
    return means


def _score(frames: _Blocks, pages: _Blocks, weights: Floats, looked_at: npt.NDArray[np.bool_]) -> Floats:
    likeness = frames.vectors @ pages.vectors.transpose(0, 2, 1)
    in_frame, in_page = frames.content[:, :, None], pages.content[:, None, :]
    seen = looked_at[:, None, None]
    weight = np.where(seen, weights[:, None, :], 0).astype(np.float32)
    agree = np.clip((likeness - 0.2) / 0.6, 0, 1)
    both = np.where(in_frame & in_page, weight, 0)
    agreed = (both * agree).sum(axis=0)
    against = (both * (1 - agree)).sum(axis=0)
    extra = (in_frame & ~in_page & seen).sum(axis=0)
    missing = np.where(~in_frame & in_page, weight, 0).sum(axis=0)
    total = agreed + against + EXTRA * extra + MISSING * missing
    scores: Floats = (agreed / np.maximum(total, 1e-6)).astype(np.float32)
    return scores


def best_way(scores: Floats) -> list[int | None]:
    """Return the page that each frame shows, or None, given `scores` (frames, pages)."""
    count, pages = scores.shape
    gains = np.concatenate([scores, np.full((count, 1), NO_SLIDE, np.float32)], axis=1)
    total = gains[0].astype(np.float64)
    came_from = np.zeros((count, pages + 1), np.int32)
    own = np.arange(pages + 1)
    for number in range(1, count):
        best, source = total.copy(), own.copy()
        top = int(total.argmax())
        by_jump = total[top] - JUMP > best
        best[by_jump], source[by_jump] = total[top] - JUMP, top
        turned = np.full(pages + 1, -np.inf)
        turned[1:pages] = total[: pages - 1] - NEXT
        by_turn = turned > best
        best[by_turn], source[by_turn] = turned[by_turn], own[by_turn] - 1
        came_from[number] = source
        total = best + gains[number]
    state = int(total.argmax())
    way = [state]
    for number in range(count - 1, 0, -1):
        state = int(came_from[number, state])
        way.append(state)
    return [None if state == pages else state for state in reversed(way)]


def way_shown(way: Sequence[int | None], times: Sequence[float], duration: float) -> tuple[Shown, ...]:
    """Return the stretches of a way: a change is half-way between the samples that show it."""
    shown: list[Shown] = []
    first = 0
    for number in range(1, len(way) + 1):
        if number < len(way) and way[number] == way[first]:
            continue
        page = way[first]
        if page is not None:
            start = 0.0 if first == 0 else (times[first - 1] + times[first]) / 2
            end = duration if number == len(way) else (times[number - 1] + times[number]) / 2
            shown.append(Shown(page=page, start_s=start, end_s=end))
        first = number
    return tuple(shown)


def snapped(shown: Sequence[Shown], changes: Sequence[float], within_s: float) -> tuple[Shown, ...]:
    """Move the bounds of stretches to the changes of the video that are nearest, within `within_s`."""

    def snap(time: float) -> float:
        near = min(changes, key=lambda change: abs(change - time), default=time)
        return near if abs(near - time) <= within_s else time

    moved = [s.model_copy(update={"start_s": snap(s.start_s), "end_s": snap(s.end_s)}) for s in shown]
    return tuple(s for s in moved if s.end_s > s.start_s)
