"""What kind of pictures a stretch has, from the features of its windows. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workers.pipeline.look import thresholds as t
from workers.pipeline.look.features import CellMap, WindowFeatures
from workers.pipeline.look.frames import Luma
from workers.pipeline.look.model import Box, Change, Kind, Scene

Cells = tuple[int, int, int, int]
"""A rectangle in cells: left, top, right, bottom, the last two not in it."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window with all that decides about its kind.

    `sharp` is that of the nearest whole picture; `busy` how many frames a second, in this window and with its
    neighbours, show something new that does not move all the time; `middle` the small frame in its middle.
    """

    features: WindowFeatures
    sharp: float
    busy: float
    middle: Luma


def calmed(moving: CellMap) -> CellMap:
    """Return the moving cells that have enough moving neighbours: pointers and coding noise have not."""
    padded = np.pad(moving.astype(np.uint8), 1)
    height, width = moving.shape
    around = sum(padded[y : y + height, x : x + width] for y in range(3) for x in range(3))
    found: CellMap = moving & (around >= t.NEIGHBOURS)
    return found


def box_of(moving: CellMap) -> Cells | None:
    """Return the rectangle that holds nearly all of the moving cells, or None if there are none."""
    rows, columns = np.nonzero(moving)
    if not len(rows):
        return None
    (left, right), (top, bottom) = (
        np.percentile(found, (t.TRIM, 100 - t.TRIM), method="nearest") for found in (columns, rows)
    )
    return int(left), int(top), int(right) + 1, int(bottom) + 1


def overlap(one: Cells | None, other: Cells | None) -> float:
    """Return how much of two rectangles is common: intersection by union, 0–1."""
    if one is None or other is None:
        return 0.0
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(0, width) * max(0, height)
    return common / (area(one) + area(other) - common)


def area(cells: Cells) -> int:
    """Return how many cells a rectangle has."""
    return (cells[2] - cells[0]) * (cells[3] - cells[1])


def grown(cells: Cells, picture: Luma) -> Cells:
    """Return the rectangle with each side moved outwards to the strongest straight edge that is near.

    A head moves in the middle of its inset; the inset itself ends where the slide begins.
    """
    left, top, right, bottom = cells
    across, down = max(2, round((right - left) * t.REACH)), max(2, round((bottom - top) * t.REACH))
    levels = picture.astype(np.int16)
    columns = np.abs(np.diff(levels[top:bottom], axis=1)).mean(axis=0)  # number n: between the columns n and n + 1
    rows = np.abs(np.diff(levels[:, left:right], axis=0)).mean(axis=1)
    return (
        _edge(columns, left - 1, -across) + 1 if left else 0,
        _edge(rows, top - 1, -down) + 1 if top else 0,
        _edge(columns, right - 1, across) + 1,
        _edge(rows, bottom - 1, down) + 1,
    )


def _edge(steps: "np.typing.NDArray[np.float64]", at: int, reach: int) -> int:
    low, high = max(0, min(at, at + reach)), min(len(steps), max(at, at + reach) + 1)
    near = steps[low:high]
    if not len(near) or near.max() < t.STRAIGHT_EDGE:
        return at
    return low + int(near.argmax())


def kind_of(window: Window, is_steady: bool) -> Kind:
    """Return the kind of one window. `is_steady`: what moves in it moved in the same rectangle before or after."""
    features = window.features
    moves = calmed(features.moving)
    share, ground = float(moves.mean()), features.ground
    noisy = features.flutter >= t.NOISY and window.sharp < t.SHARP_SHARE
    box = box_of(moves)
    has_inset = is_steady and box is not None and area(box) <= t.LARGEST_INSET * moves.size
    if ground < t.GROUND_SHARE or noisy:
        return _natural(features, share, has_inset)
    if share < t.MOVER:
        return Kind.SCREEN if window.busy >= t.BUSY else Kind.SLIDES
    if has_inset:
        return Kind.MIXED
    if window.sharp >= t.SHARP_SHARE:
        return Kind.SCREEN
    return Kind.BOARD if share <= t.BOARD_MOVER else Kind.CAMERA


def _natural(features: WindowFeatures, share: float, has_inset: bool) -> Kind:
    """Return the kind of a window whose picture has no ground of one colour, or noise on it."""
    calm = features.flutter < t.NOISY
    if calm and share < t.MOVER and features.motion < t.STILL_MOTION:
        return Kind.SLIDES  # a photograph on a slide
    if calm and has_inset and share >= t.MOVER and features.flutter < t.NOISY / 2:
        return Kind.MIXED
    if share <= t.BOARD_MOVER and features.field >= t.FIELD_SHARE:
        return Kind.BOARD
    return Kind.CAMERA


def kinds_of(windows: Sequence[Window]) -> list[Kind]:
    """Return the kind of each window; one that stands alone among others is taken for one of them."""
    boxes = [box_of(calmed(window.features.moving)) for window in windows]
    alone = []
    for number, window in enumerate(windows):
        others = [n for n in (number - 2, number + 2) if 0 <= n < len(windows)]
        others = others or [n for n in (number - 1, number + 1) if 0 <= n < len(windows)]
        if others:
            steady = max(overlap(boxes[number], boxes[n]) for n in others) >= t.STEADY
        else:
            box = boxes[number]
            steady = box is not None and calmed(window.features.moving).sum() >= t.FILL * area(box)
        alone.append(kind_of(window, steady))
    return smoothed(alone)


def smoothed(kinds: Sequence[Kind]) -> list[Kind]:
    """Return the kinds that agree best with those of the windows alone, where every switch costs `SWITCH`.

    By dynamic programming (Viterbi 1967): a single window that disagrees with both sides gives in, two do not.
    """
    every = list(Kind)
    cost = np.zeros(len(every))
    back: list[np.typing.NDArray[np.intp]] = []
    for kind in kinds:
        best = int(cost.argmin())
        came = np.where(cost <= cost[best] + t.SWITCH, np.arange(len(every)), best)
        back.append(came)
        cost = np.minimum(cost, cost[best] + t.SWITCH) + np.array([0.0 if k is kind else 1.0 for k in every])
    chosen: list[Kind] = []
    state = int(cost.argmin())
    for came in reversed(back):
        chosen.append(every[state])
        state = int(came[state])
    return chosen[::-1]


def make_scenes(
    windows: Sequence[Window], kinds: Sequence[Kind], rate: float, duration: float, changes: Sequence[Change]
) -> tuple[Scene, ...]:
    """Return the scenes: windows of one kind joined, their borders moved to a change that is near."""
    starts = [0, *(n for n in range(1, len(kinds)) if kinds[n] is not kinds[n - 1])]
    times = [0.0]
    for start in starts[1:]:
        about = windows[start].features.first / rate
        near = [c.at for c in changes if c.new_slide and abs(c.at - about) <= t.WINDOW_S and c.at > times[-1]]
        times.append(min(near, key=lambda at: abs(at - about)) if near else about)
    scenes = []
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(kinds)
        until = times[number + 1] if number + 1 < len(times) else max(duration, times[number])
        joined = windows[start:end]
        frames = sum(w.features.count for w in joined)
        motion = sum(w.features.motion * w.features.count for w in joined) / max(1, frames)
        box = inset_box(joined) if kinds[start] is Kind.MIXED else None
        scenes.append(Scene(start=times[number], end=until, kind=kinds[start], motion=round(motion, 3), box=box))
    return tuple(scenes)


def inset_box(windows: Sequence[Window]) -> Box | None:
    """Return where the inset of these windows is: the cells that move in many of them, up to the inset's edges."""
    often = np.mean([calmed(window.features.moving) for window in windows], axis=0) >= t.OFTEN
    cells = box_of(often)
    if cells is None:
        return None
    picture = np.median([window.middle for window in windows[:: max(1, len(windows) // 32)]], axis=0).astype(np.uint8)
    left, top, right, bottom = grown(cells, picture)
    height, width = picture.shape
    return Box(left=left / width, top=top / height, width=(right - left) / width, height=(bottom - top) / height)
