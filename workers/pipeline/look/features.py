"""What a stretch of small frames says: numbers for every frame and for every window. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.pipeline.look import thresholds as t
from workers.pipeline.look.frames import Luma

Shares = npt.NDArray[np.float32]
"""A number for every frame."""
CellMap = npt.NDArray[np.bool_]
"""One truth for every cell of a small frame: (height, width)."""


@dataclass(frozen=True, slots=True)
class FrameFeatures:
    """For each frame, against the one before it.

    `motion` is the mean difference of luma in levels; `changed` the share of cells that changed, flicker taken off;
    `jump` the same of cells that do not move all the time; `black` says whether a picture is black.
    """

    motion: Shares
    changed: Shares
    jump: Shares
    black: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class WindowFeatures:
    """A window of frames: which cells move, and how the picture in its middle is made.

    `ground` is the share of cells that have the most common luma, `field` the same taken widely; `flutter` the share
    of differences of one to `STILL` levels in cells that do not move: noise.
    """

    first: int
    count: int
    motion: float
    moving: CellMap
    ground: float
    field: float
    flutter: float


def differences(luma: Luma) -> Luma:
    """Return |frame − the frame before| for all but the first frame, with a change of the whole light taken off."""
    signed = np.diff(luma.astype(np.int16), axis=0)
    shift = np.median(signed[:, ::4, ::4], axis=(1, 2)).astype(np.int16)
    shift[np.abs(shift) > t.FLICKER] = 0
    return np.abs(signed - shift[:, None, None]).astype(np.uint8)


def moving_cells(change: Luma) -> CellMap:
    """Return which cells keep moving during a window, from its differences."""
    slots = np.array_split(change, min(t.SLOTS, len(change)))
    needed = min(t.MOVING_SLOTS, len(slots))
    busy = np.sum([slot.max(axis=0) > t.MOVING for slot in slots], axis=0)
    found: CellMap = busy >= needed
    return found


def ground_share(luma: Luma, around: int) -> float:
    """Return the largest share of a picture's cells whose luma lies within `around` levels of one level."""
    levels = np.bincount(luma.ravel(), minlength=256) / luma.size
    return float(np.convolve(levels, np.ones(2 * around + 1), "same").max())


def window_features(first: int, luma: Luma) -> tuple[FrameFeatures, WindowFeatures]:
    """Return the features of the frames from `first`; `luma` has the frame before them in front.

    The very first frame of all is its own predecessor.
    """
    change = differences(luma)
    moving = moving_cells(change)
    over = change > t.CHANGED
    quiet = ~moving
    cells = moving.size
    raw = np.abs(np.diff(luma.astype(np.int16), axis=0)).mean(axis=(1, 2))
    frames = FrameFeatures(
        motion=raw.astype(np.float32),
        changed=(over.sum(axis=(1, 2)) / cells).astype(np.float32),
        jump=(over[:, quiet].sum(axis=1) / cells).astype(np.float32),
        black=np.percentile(luma[1:], 98, axis=(1, 2)) < t.BLACK,
    )
    calm = change[:, quiet]
    flutter = float(np.mean((calm > 0) & (calm <= t.STILL))) if calm.size else 0.0
    middle = middle_of(luma)
    window = WindowFeatures(
        first=first,
        count=len(change),
        motion=float(raw.mean()),
        moving=moving,
        ground=ground_share(middle, t.GROUND_LEVELS),
        field=ground_share(middle, t.FIELD_LEVELS),
        flutter=flutter,
    )
    return frames, window


def middle_of(luma: Luma) -> Luma:
    """Return the frame in the middle of a window, of frames with the one before them in front."""
    middle: Luma = luma[len(luma) // 2]
    return middle
