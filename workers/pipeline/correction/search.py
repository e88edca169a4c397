"""Finds where in the old source something of the new one may have come from. Pure.

A proposal only: `judge` says whether it holds. Each frame is described by a few numbers (its *signature*), and a window
of them is slid over the old lesson, all places at once by the Fourier transform.
"""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from workers.pipeline.correction.levels import STEPS_A_DB
from workers.pipeline.correction.samples import Rows, Samples
from workers.pipeline.correction.sampling import LEVELS_A_SECOND

Numbers = NDArray[np.float32]

PICTURE_NUMBERS = 8
"""Projections of a picture on random signs: they keep distances (Johnson and Lindenstrauss 1984)."""
SOUND_NUMBERS = 6
"""Groups of bands."""
PICTURE_NOISE, SOUND_NOISE = 40.0, 3.0
"""What one of these numbers differs by in a re-export: the measure in which pictures and sound are added up."""

MOST_A_SECOND = 15
"""Signatures a second: a place need not be found to the frame, and memory is spared."""

_SEED = 20_261_125
_BLOCK = 1200  # a multiple of every step


def signature_step(samples: Samples) -> int:
    """Return every how many frames a signature is taken."""
    return max(1, ceil(samples.sampling.rate / MOST_A_SECOND))


def make_signature(samples: Samples) -> Numbers:
    """Return signatures, one every few frames, in units of what a re-export differs by: shape (signatures, numbers)."""
    parts = []
    step = signature_step(samples)
    if samples.coarse is not None:
        parts.append(_projected(samples.coarse, samples.sampling.frames, step) / np.float32(PICTURE_NOISE))
    if samples.levels is not None:
        groups = samples.levels.reshape(len(samples.levels), SOUND_NUMBERS, -1)
        in_group = groups.shape[2] * STEPS_A_DB
        count = ceil(samples.sampling.frames / step) + 1
        instants = np.arange(count) * (LEVELS_A_SECOND * step) / float(samples.sampling.rate)
        edges = np.minimum(instants.astype(np.intp), len(groups) - 1)
        sums = np.add.reduceat(groups.sum(axis=2, dtype=np.uint16), edges, axis=0, dtype=np.float32)[:-1]
        counts = np.maximum(1, np.diff(edges)).astype(np.float32)
        parts.append(sums / (counts[:, None] * np.float32(in_group * SOUND_NOISE)))
    return np.concatenate(parts, axis=1)


def _projected(coarse: Rows, frames: int, step: int) -> Numbers:
    random = np.random.default_rng(_SEED)
    found = np.zeros((ceil(frames / step), PICTURE_NUMBERS), np.float32)
    signs: Numbers | None = None
    for first in range(0, frames, _BLOCK):
        rows = coarse.read(first, min(frames, first + _BLOCK))[::step].astype(np.float32)
        if signs is None:
            signs = random.choice(np.array([-1, 1], np.float32), (rows.shape[1], PICTURE_NUMBERS))
        found[first // step : first // step + len(rows)] = (rows - 128) @ signs
    return found


class Finder:
    """Slides windows of the new signature over the old one. Holds the old one's transform."""

    ALIKE = 1.5
    """A second place that fits nearly as well makes a window ambiguous: a still slide, silence, a jingle."""

    def __init__(self, old: Samples, new: Samples) -> None:
        self.step = signature_step(new)
        self.rate = float(new.sampling.rate) / self.step
        self.window = round(8 * self.rate)
        self.new, placed = make_signature(new), make_signature(old)
        self._place_all(placed)

    def _place_all(self, old: Numbers) -> None:
        self.count = len(old)
        self.size = 1 << (self.count + self.window - 1).bit_length()
        self.centre = old.mean(axis=0)
        old -= self.centre
        self.transform = np.empty((old.shape[1], self.size // 2 + 1), np.complex64)
        for number in range(old.shape[1]):
            self.transform[number] = np.fft.rfft(old[:, number], self.size)
        self.squares = np.concatenate(([0.0], np.cumsum(np.einsum("ij,ij->i", old, old), dtype=np.float64)))

    def place(self, start: int, least: int) -> int | None:
        """Return the one old frame, from `least`, where the new window from `start` fits; None if none stands out."""
        at, least = start // self.step, ceil(least / self.step)
        window = self.new[at : at + self.window] - self.centre
        length = len(window)
        places = self.count - length + 1
        if length < self.rate or places <= least:
            return None
        turned = np.zeros(self.size // 2 + 1, np.complex128)
        for number in range(window.shape[1]):
            turned += self.transform[number] * np.conj(np.fft.rfft(window[:, number], self.size))
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
        return (best + least) * self.step + start % self.step
