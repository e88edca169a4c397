"""Where in the picture the slides stand: letterboxed, smaller beside a camera, stretched. Pure, numpy only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Luma = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Thing = TypeVar("Thing")

BLOCK = 8
GRID = (88, 160)
"""Rows and columns of the grid that slides are compared on: whole blocks, nearly 16:9."""

SEARCH = (72, 128)
"""Rows and columns of a frame where the place of slides is looked for."""

SCALES = tuple(round(1 - 0.04 * step, 2) for step in range(15))
"""How large a slide may stand in the picture, as a share of what would fill it: from whole to less than a half."""

LOOKED_AT = 12
"""So many frames and pages are looked at to find the place."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where slides stand in a frame, as shares of its width and height."""

    left: float
    top: float
    width: float
    height: float

    def moved(self, right: float, down: float, larger: float) -> "Placement":
        """Return this place moved, and enlarged about its middle, by shares of its own size."""
        return Placement(
            self.left + (right - larger / 2) * self.width,
            self.top + (down - larger / 2) * self.height,
            self.width * (1 + larger),
            self.height * (1 + larger),
        )


WHOLE = Placement(0.0, 0.0, 1.0, 1.0)


def resampled(length: int, begin: float, end: float, count: int) -> Floats:
    """Return the matrix (count, length) that averages `begin` to `end` of a line of pixels into `count` pixels.

    Each new pixel is the mean of what it covers, by area; if it covers less than a pixel, it is interpolated. Outside
    the line stands its last pixel.
    """
    step = (end - begin) / count
    middles = begin + (np.arange(count) + 0.5) * step
    reach = max(step, 1.0)
    matrix = np.zeros((count, length), np.float32)
    for row, middle in enumerate(middles):
        first, last = int(np.floor(middle - reach)), int(np.ceil(middle + reach))
        positions = np.arange(first, last + 1)
        tents = np.maximum(0.0, 1 - np.abs(positions + 0.5 - middle) / reach)
        np.add.at(matrix[row], np.clip(positions, 0, length - 1), tents / tents.sum())
    return matrix


def placed(picture: Luma, where: Placement, rows: int, columns: int) -> Floats:
    """Return the rectangle `where` of a picture on a grid."""
    height, width = picture.shape
    down = resampled(height, where.top * height, (where.top + where.height) * height, rows)
    across = resampled(width, where.left * width, (where.left + where.width) * width, columns)
    return down @ picture.astype(np.float32) @ across.T


def place_frames(frames: Sequence[Luma], where: Placement) -> Floats:
    """Return the slides' place in each frame on the grid: (frames, rows, columns)."""
    height, width = frames[0].shape
    down = resampled(height, where.top * height, (where.top + where.height) * height, GRID[0])
    across = resampled(width, where.left * width, (where.left + where.width) * width, GRID[1])
    out = np.empty((len(frames), *GRID), np.float32)
    for number, frame in enumerate(frames):
        out[number] = down @ frame.astype(np.float32) @ across.T
    return out


def place_pages(pages: Sequence[Luma], where: Placement) -> Floats:
    """Return each page on the grid, as sharp as the frames show it, and no sharper."""
    rows, columns = max(8, round(where.height * 90)), max(8, round(where.width * 160))
    softened = [placed(page, WHOLE, rows, columns) for page in pages]
    down, across = resampled(rows, 0, rows, GRID[0]), resampled(columns, 0, columns, GRID[1])
    return np.stack([down @ page @ across.T for page in softened])


def blurred(pictures: Floats) -> Floats:
    """Return pictures (n, height, width), each pixel averaged with its neighbours (1 2 1)."""
    soft = pictures.copy()
    soft[:, 1:-1] = (pictures[:, :-2] + 2 * pictures[:, 1:-1] + pictures[:, 2:]) / 4
    out = soft.copy()
    out[:, :, 1:-1] = (soft[:, :, :-2] + 2 * soft[:, :, 1:-1] + soft[:, :, 2:]) / 4
    return out


def edges(picture: Floats) -> Floats:
    """Return how steep a picture is at each pixel."""
    down, across = np.gradient(blurred(picture[None])[0])
    steep: Floats = np.hypot(down, across).astype(np.float32)
    return steep


def find_placement(pages: Sequence[Luma], frames: Sequence[Luma]) -> Placement:
    """Return where the slides stand: the place at which some pages' edges are found best in some frames.

    Every page is drawn at each scale, in its own shape and stretched to the frame's, and looked for by normalised
    correlation (by FFT). A frame votes with its best page only, so frames that show no slide vote weakly.
    """
    rows, columns = SEARCH
    height, width = frames[0].shape
    looked = np.stack([_standard(edges(placed(frame, WHOLE, rows, columns))) for frame in spread(frames)])
    spectra = np.fft.rfft2(looked, s=(rows, columns))
    some = spread(pages)
    tallest = max(range(len(some)), key=lambda n: some[n].shape[0] / some[n].shape[1])
    own = (some[tallest].shape[1] / some[tallest].shape[0]) / (width / height)
    best, found = -np.inf, WHOLE
    for stretch in dict.fromkeys((round(own, 3), 1.0)):
        for scale in SCALES:
            size = (scale, scale / stretch) if stretch >= 1 else (scale * stretch, scale)
            score, place = _look(some, spectra, looked, size)
            if score > best + 1e-4:
                best, found = score, place
    return found


def spread(things: Sequence[Thing], most: int = LOOKED_AT) -> list[Thing]:
    """Return at most so many of some things, from the first to the last."""
    count = len(things)
    return list(things) if count <= most else [things[round(n * (count - 1) / (most - 1))] for n in range(most)]


def _standard(picture: Floats) -> Floats:
    centred = picture - picture.mean()
    standard: Floats = centred / max(float(np.linalg.norm(centred)), 1e-6)
    return standard


def _look(
    pages: Sequence[Luma], spectra: npt.NDArray[np.complexfloating], frames: Floats, size: tuple[float, float]
) -> tuple[float, Placement]:
    """Return how well pages of such a size (shares of width and height) are found in frames, and where best."""
    rows, columns = SEARCH
    page_rows, page_columns = max(8, round(size[1] * rows)), max(8, round(size[0] * columns))
    free_rows, free_columns = rows - page_rows + 1, columns - page_columns + 1
    tops = np.full((len(frames), free_rows, free_columns), -np.inf, np.float32)
    for page in pages:
        drawn = _standard(edges(placed(page, WHOLE, page_rows, page_columns)))
        spectrum = np.conj(np.fft.rfft2(drawn, s=(rows, columns)))
        found = np.fft.irfft2(spectra * spectrum, s=(rows, columns))[:, :free_rows, :free_columns]
        np.maximum(tops, found, out=tops, casting="unsafe")
    votes = np.square(np.maximum(tops, 0)).sum(axis=0)
    row, column = np.unravel_index(int(votes.argmax()), votes.shape)
    where = Placement(int(column) / columns, int(row) / rows, page_columns / columns, page_rows / rows)
    return float(votes[row, column]), where
