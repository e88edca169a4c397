"""When the picture becomes another one: cuts, fades, new slides, and slides that build up. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from workers.pipeline.look import thresholds as t
from workers.pipeline.look.features import CellMap, FrameFeatures, WindowFeatures
from workers.pipeline.look.frames import Luma
from workers.pipeline.look.model import Change, Kind

Picture = Callable[[int], Luma]
"""Gives the small frame with that number."""


@dataclass(frozen=True, slots=True)
class Film:
    """All that was sampled: features of all frames, the windows, frames a second, and the frames themselves."""

    frames: FrameFeatures
    windows: Sequence[WindowFeatures]
    rate: float
    picture: Picture

    @property
    def count(self) -> int:
        """How many frames there are."""
        return len(self.frames.motion)

    def window_of(self, frame: int) -> int:
        """Return the number of the window that holds a frame."""
        firsts = [window.first for window in self.windows]
        return max(0, int(np.searchsorted(firsts, frame, "right")) - 1)


def find_changes(film: Film, kinds: Sequence[Kind]) -> tuple[Change, ...]:
    """Return all changes in their order; `kinds` has the kind of each window.

    What a camera shows changes by cuts and out of black only: a dissolve between two moving scenes is not found.
    """
    found: dict[int, Change] = {}
    longest = round(t.LONGEST_EVENT_S * film.rate)
    events = runs(film.frames.jump >= t.LEAST_CHANGE, max(1, round(t.GAP_S * film.rate)))
    for number, (first, last) in enumerate(events):
        following = events[number + 1][0] if number + 1 < len(events) else film.count
        if first == 0:
            first = 1
        if last - first < longest:
            change = _settled_change(film, first, max(first, last), following, kinds)
            if change is not None:
                found[round(change.at * film.rate)] = change
    for frame in _cuts(film, found):
        found[frame] = Change(at=frame / film.rate, new_slide=True, share=round(float(film.frames.changed[frame]), 4))
    for frame in _out_of_black(film, found):
        found[frame] = Change(at=frame / film.rate, new_slide=True, share=1.0)
    return tuple(found[frame] for frame in sorted(found))


def runs(busy: "np.typing.NDArray[np.bool_]", gap: int) -> list[tuple[int, int]]:
    """Return first and last number of each run of truths; runs with at most `gap` falsehoods between them are one."""
    numbers = np.flatnonzero(busy)
    if not len(numbers):
        return []
    breaks = np.flatnonzero(np.diff(numbers) > gap + 1)
    firsts, lasts = numbers[np.r_[0, breaks + 1]], numbers[np.r_[breaks, len(numbers) - 1]]
    return [(int(a), int(b)) for a, b in zip(firsts, lasts, strict=True)]


def differs(one: Luma, other: Luma, moving: CellMap) -> CellMap:
    """Return the cells that do not move and have another luma."""
    found: CellMap = (np.abs(one.astype(np.int16) - other) > t.CHANGED) & ~moving
    return found


def lost_edges(before: Luma, different: CellMap, moving: CellMap) -> float:
    """Return how much of the edges of `before` (0–1) stood on cells that are different now, where nothing moves."""
    was = np.where(moving, 0, edges(before))
    every = float(was.sum())
    return float(was[different].sum()) / every if every else 0.0


def edges(picture: Luma) -> "np.typing.NDArray[np.int16]":
    """Return how steep a picture is in each cell: the larger of both differences to its neighbours, small ones 0."""
    levels = picture.astype(np.int16)
    across = np.abs(np.diff(levels, axis=1, prepend=levels[:, :1]))
    down = np.abs(np.diff(levels, axis=0, prepend=levels[:1]))
    steep: np.typing.NDArray[np.int16] = np.maximum(across, down)
    steep[steep <= t.CHANGED] = 0
    return steep


def _settled_change(film: Film, first: int, last: int, following: int, kinds: Sequence[Kind]) -> Change | None:
    """Return the change that the event from `first` to `last` made for good, or None if it made none."""
    window = film.window_of(first)
    moving = film.windows[window].moving
    after_frame = min(film.count - 1, last + round(t.SETTLE_S * film.rate), max(last, following - 1))
    before, after = film.picture(first - 1), film.picture(after_frame)
    different = differs(before, after, moving)
    share = float(different.mean())
    if share < t.LEAST_CHANGE or kinds[window] is Kind.CAMERA:
        return None
    whole = share
    if kinds[window] is Kind.BOARD:
        whole = coarse_share(before, after)
        if whole < t.BOARD_CHANGE:
            return None
    at = last
    for frame in range(first, last + 1):
        if float((differs(film.picture(frame), after, moving) & different).mean()) <= t.ARRIVED * share:
            at = frame
            break
    new_slide = share >= t.WHOLE_CHANGE or lost_edges(before, different, moving) >= t.LOST
    return Change(at=at / film.rate, new_slide=new_slide, share=round(max(share, whole), 4))


def _cuts(film: Film, found: dict[int, Change]) -> list[int]:
    """Return frames at which moving pictures are cut, but for those that are known."""
    changed, motion = film.frames.changed, film.frames.motion
    around = max(2, round(film.rate / 2))
    cuts: list[int] = []
    for frame in map(int, np.flatnonzero(changed >= t.CUT_SHARE)):
        near = np.concatenate([motion[max(1, frame - around) : frame], motion[frame + 1 : frame + 1 + around]])
        if not len(near) or motion[frame] < max(t.CUT_RATIO * np.median(near), near.max()):
            continue
        if frame and not any(abs(other - frame) <= around for other in [*found, *cuts]):
            before, after = film.picture(frame - 1), film.picture(min(film.count - 1, frame + 1))
            if coarse_share(before, after) >= t.CUT_SHARE:
                cuts.append(frame)
    return cuts


def coarse_share(before: Luma, after: Luma) -> float:
    """Return the share of squares of cells whose mean luma changed."""
    height, width = (max(1, side // t.COARSE) * t.COARSE for side in before.shape)
    change = after.astype(np.int16) - before
    padded = np.pad(change, ((0, max(0, height - len(change))), (0, max(0, width - change.shape[1]))))
    squares = padded[:height, :width].reshape(height // t.COARSE, t.COARSE, width // t.COARSE, t.COARSE)
    return float(np.mean(np.abs(squares.mean(axis=(1, 3))) > t.CHANGED))


def _out_of_black(film: Film, found: dict[int, Change]) -> list[int]:
    """Return frames at which pictures come out of black, but for those where a change is known within a second."""
    black = film.frames.black
    out = np.flatnonzero(black[:-1] & ~black[1:]) + 1
    return [int(frame) for frame in out if not any(abs(other - frame) <= film.rate for other in found)]
