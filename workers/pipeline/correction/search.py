"""Finds where in the old source something of the new one may have come from. Pure.

A proposal only: `judge` says whether it holds. Each frame is described by a few numbers (its *signature*), and a window
of them is slid over the old lesson, all places at once by the Fourier transform.
"""

import numpy as np
from numpy.typing import NDArray

from workers.pipeline.correction.samples import Rows, Samples
from workers.pipeline.correction.sampling import LEVELS_A_SECOND

Numbers = NDArray[np.float32]

PICTURE_NUMBERS = 8
"""Projections of a picture on random signs: they keep distances (Johnson and Lindenstrauss 1984)."""
SOUND_NUMBERS = 6
"""Groups of bands."""
PICTURE_NOISE, SOUND_NOISE = 40.0, 3.0
"""What one of these numbers differs by in a re-export: the measure in which pictures and sound are added up."""

_SEED = 20_261_125
_BLOCK = 2000


def make_signature(samples: Samples) -> Numbers:
    """Return the signature of every frame, in units of what a re-export differs by: shape (frames, numbers)."""
    parts = []
    if samples.coarse is not None:
        parts.append(_projected(samples.coarse, samples.sampling.frames) / np.float32(PICTURE_NOISE))
    if samples.levels is not None:
        groups = samples.levels.reshape(len(samples.levels), SOUND_NUMBERS, -1).mean(axis=2, dtype=np.float32)
        sums = np.concatenate((np.zeros((1, SOUND_NUMBERS)), np.cumsum(groups, axis=0, dtype=np.float64)))
        edges = np.arange(samples.sampling.frames + 1) * LEVELS_A_SECOND / float(samples.sampling.rate)
        edges = np.minimum(edges.astype(np.intp), len(groups) - 1)
        counts = np.maximum(1, np.diff(edges))
        parts.append(((np.diff(sums[edges], axis=0) / counts[:, None]) / (2 * SOUND_NOISE)).astype(np.float32))
    return np.concatenate(parts, axis=1)


def _projected(coarse: Rows, frames: int) -> Numbers:
    random = np.random.default_rng(_SEED)
    found = np.zeros((frames, PICTURE_NUMBERS), np.float32)
    signs: Numbers | None = None
    for first in range(0, frames, _BLOCK):
        rows = coarse.read(first, min(frames, first + _BLOCK)).astype(np.float32)
        if signs is None:
            signs = random.choice(np.array([-1, 1], np.float32), (rows.shape[1], PICTURE_NUMBERS))
        found[first : first + len(rows)] = (rows - 128) @ signs
    return found


class Finder:
    """Slides windows of the new signature over the old one. Holds the old one's transform."""

    ALIKE = 1.5
    """A second place that fits nearly as well makes a window ambiguous: a still slide, silence, a jingle."""

    def __init__(self, old: Numbers, new: Numbers, rate: float) -> None:
        self.old, self.new, self.rate = old, new, rate
        self.window = round(8 * rate)
        self.size = 1 << (len(old) + self.window - 1).bit_length()
        centre = old.mean(axis=0)
        self.centre = centre
        self.transform = np.fft.rfft(old - centre, self.size, axis=0).astype(np.complex64)
        squares = np.concatenate(([0.0], np.cumsum(((old - centre) ** 2).sum(axis=1), dtype=np.float64)))
        self.squares = squares

    def place(self, start: int, least: int) -> int | None:
        """Return the one old frame, from `least`, where the new window from `start` fits; None if none stands out."""
        window = self.new[start : start + self.window] - self.centre
        length = len(window)
        places = len(self.old) - length + 1
        if length < self.rate or places <= least:
            return None
        turned = np.zeros(self.size // 2 + 1, np.complex128)
        for number in range(window.shape[1]):
            turned += self.transform[:, number] * np.conj(np.fft.rfft(window[:, number], self.size))
        alike = np.fft.irfft(turned, self.size)[:places]
        apart = (
            self.squares[length:] - self.squares[:-length] - 2 * alike + float((window.astype(np.float64) ** 2).sum())
        )
        apart = np.maximum(apart[least:], 0)
        best = int(apart.argmin())
        lowest = float(apart[best])
        near = round(self.rate)
        apart[max(0, best - near) : best + near + 1] = np.inf
        noise = 0.1 * length  # what rounding in the transform may leave
        if float(apart.min()) < self.ALIKE * lowest + noise:
            return None
        return best + least
