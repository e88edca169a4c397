"""How loud a sound is in each of its bands, a hundred times a second. Pure.

Levels and not waves are compared: encoders keep what the ear hears, and a delay of a few milliseconds turns every wave
but no level.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from workers.pipeline.correction.sampling import LEVELS_A_SECOND, SOUND_RATE

BANDS = 18
LOWEST_HZ, HIGHEST_HZ = 100.0, 7000.0
WINDOW = 512
"""Samples under one (Hann) window: 32 ms, as long as a vowel stands still."""
HOP = SOUND_RATE // LEVELS_A_SECOND

STEPS_A_DB = 2
QUIETEST_DB = -100.0
"""Level 0. A level is `STEPS_A_DB` × (dB of full scale − `QUIETEST_DB`), so 255 is far above full scale."""

_BLOCK = 6000


def band_levels(read: Callable[[int, int], NDArray[np.int16]], samples: int) -> NDArray[np.uint8]:
    """Return the levels of `samples` samples, shape (instants, `BANDS`); instant k is around second k/100.

    `read(start, stop)` gives samples within the sound. Bands are evenly wide on the mel scale
    (O'Shaughnessy, 2595·log10(1 + f/700)).
    """
    count = samples // HOP + 1
    edges = _band_edges()
    window = np.hanning(WINDOW).astype(np.float32)
    full = float((window.sum() / 2) ** 2)  # the power of a sine of full scale in its line
    levels = np.zeros((count, BANDS), np.uint8)
    for first in range(0, count, _BLOCK):
        last = min(count, first + _BLOCK)
        start, stop = first * HOP - WINDOW // 2, (last - 1) * HOP + WINDOW // 2
        heard = read(max(0, start), min(samples, stop)).astype(np.float32) / 32768
        heard = np.pad(heard, (max(0, -start), max(0, stop - samples)))
        frames = np.lib.stride_tricks.sliding_window_view(heard, WINDOW)[::HOP]
        power = np.abs(np.fft.rfft(frames * window)) ** 2
        in_bands = np.add.reduceat(power, edges[:-1], axis=1)[:, :BANDS] / full
        decibels = 10 * np.log10(in_bands + 1e-12)
        levels[first:last] = np.clip(np.rint(STEPS_A_DB * (decibels - QUIETEST_DB)), 0, 255)
    return levels


def _band_edges() -> NDArray[np.intp]:
    low, high = (2595 * np.log10(1 + hertz / 700) for hertz in (LOWEST_HZ, HIGHEST_HZ))
    hertz = 700 * (10 ** (np.linspace(low, high, BANDS + 1) / 2595) - 1)
    lines = np.rint(hertz * WINDOW / SOUND_RATE).astype(np.intp)
    return np.append(np.maximum.accumulate(np.maximum(lines, np.arange(BANDS + 1) + lines[0])), WINDOW // 2)
