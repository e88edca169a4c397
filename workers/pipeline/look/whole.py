"""What only whole pictures show: noise, sharpness, and where black bars end. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.pipeline.look import thresholds as t
from workers.pipeline.look.frames import Luma
from workers.pipeline.look.model import Crop

BLOCK = 8


@dataclass(frozen=True, slots=True)
class PairFeatures:
    """What a pair of whole frames shows.

    `noise` is the standard deviation of a frame's noise in luma levels where nothing moves; `sharp` the share of
    pixels that differ from their left neighbour by more than `SHARP` levels; `same` whether both frames are one.
    `rows` and `columns` are how bright (99th percentile) each line is, `size` height and width.
    """

    noise: float
    sharp: float
    same: bool
    black: bool
    rows: Luma
    columns: Luma

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return len(self.rows), len(self.columns)


def pair_features(first: Luma, second: Luma) -> PairFeatures:
    """Return what a pair of whole frames shows."""
    levels = first.astype(np.int16)
    rows = np.percentile(first, t.BAR_PERCENTILE, axis=1)
    return PairFeatures(
        noise=temporal_noise(first, second),
        sharp=float(np.mean(np.abs(np.diff(levels, axis=1)) > t.SHARP)),
        same=bool(np.array_equal(first, second)),
        black=bool(rows.max(initial=0) < t.BLACK),
        rows=rows.astype(np.uint8),
        columns=np.percentile(first, t.BAR_PERCENTILE, axis=0).astype(np.uint8),
    )


def temporal_noise(first: Luma, second: Luma) -> float:
    """Return sigma of the noise in time: the median over still 8×8 blocks of the difference's deviation, by √2.

    A block stands still if its mean stays, and is told from one that moves by being among the calmer half; blocks
    near black and white, where noise is cut off, do not count.
    """
    height, width = (side // BLOCK * BLOCK for side in first.shape)
    if not height or not width:
        return 0.0
    change = _blocks(second[:height, :width].astype(np.float32) - first[:height, :width])
    level = _blocks(first[:height, :width].astype(np.float32)).mean(axis=1)
    still = (np.abs(change.mean(axis=1)) <= t.NOISE_MEAN) & (level > t.NOISE_FROM) & (level < t.NOISE_TO)
    if still.mean() < t.NOISE_SHARE:
        return 0.0
    return float(np.quantile(change[still].std(axis=1), t.NOISE_QUANTILE) / np.sqrt(2))


def _blocks(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    height, width = values.shape
    cut = values.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    return cut.swapaxes(1, 2).reshape(-1, BLOCK * BLOCK)


def grain_of(pairs: Sequence[PairFeatures]) -> float:
    """Return the noise of a source: the median over its pairs; pairs of twice the same frame tell nothing."""
    known = [pair.noise for pair in pairs if not pair.same and not pair.black]
    return round(float(np.median(known)), 2) if known else 0.0


def find_bars(pairs: Sequence[PairFeatures], brightest: Luma) -> Crop | None:
    """Return what is left without stable black bars, or None where there are none.

    `brightest` is how bright each cell of the small frames was at most: a bar is black all the time. Bars come in
    pairs of about the same size, and end at a line that has picture along most of it: dark slides have no such line.
    """
    seen = [pair for pair in pairs if not pair.black]
    if not seen or any(pair.size != seen[0].size for pair in seen):
        return None
    height, width = seen[0].size
    rows = np.max([pair.rows for pair in seen], axis=0)
    columns = np.max([pair.columns for pair in seen], axis=0)
    top, bottom = _bars(rows, brightest.max(axis=1), height, brightest[:, :])
    left, right = _bars(columns, brightest.max(axis=0), width, brightest.T)
    if not (top or bottom or left or right):
        return None
    left, top = left // 2 * 2, top // 2 * 2
    right, bottom = (
        min(width, width - right + (width - right) % 2),
        min(height, height - bottom + (height - bottom) % 2),
    )
    return Crop(left=left, top=top, width=(right - left) // 2 * 2, height=(bottom - top) // 2 * 2)


def _bars(whole: Luma, small: Luma, length: int, cells: Luma) -> tuple[int, int]:
    """Return how many lines in front and behind are bars. `cells` has one row for every line of `small`."""
    bright = np.flatnonzero(whole >= t.BLACK)
    always = np.flatnonzero(small >= t.BLACK)
    if not len(bright) or not len(always):
        return 0, 0
    scale = length / len(small)
    front = min(int(bright[0]), round((always[0] + 1) * scale))
    behind = min(length - 1 - int(bright[-1]), round((len(small) - always[-1]) * scale))
    if min(front, behind) < t.LEAST_BAR * length or abs(front - behind) > t.BAR_UNLIKE * length:
        return 0, 0
    lines = (min(always[0] + 1, len(small) - 1), max(always[-1] - 1, 0))
    if any(float(np.mean(cells[line] >= t.BLACK)) < t.BAR_EDGE for line in lines):
        return 0, 0
    return front, behind
