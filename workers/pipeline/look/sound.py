"""What the sound says: loudness from ffmpeg's own measure, all else from samples. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.pipeline.look import thresholds as t
from workers.pipeline.recipe import SAMPLE_RATE

Samples = npt.NDArray[np.int16]
"""Sound: (samples, channels)."""
Levels = npt.NDArray[np.float32]
"""Levels in dBFS, one for each `LEVEL_S` seconds."""

QUIETEST_DB = -120.0
"""Digital silence."""
STEP = round(SAMPLE_RATE * t.LEVEL_S)
PIECE = SAMPLE_RATE * t.SOUND_CHUNK_S


@dataclass(frozen=True, slots=True)
class Loudness:
    """Loudness after EBU R128 (LUFS), its range (LU), the true peak (dBTP)."""

    lufs: float
    range_lu: float
    true_peak_db: float


@dataclass(frozen=True, slots=True)
class PieceFeatures:
    """A piece of sound: its levels, the energies of its mid, side, left and right, and the level in each band step."""

    levels: Levels
    mid: float
    side: float
    left: float
    right: float
    bands: Levels


def read_loudness(lines: Iterable[str]) -> Loudness:
    """Return the last values in ffmpeg's metadata lines `lavfi.r128.…=…`; -70 LUFS if nothing was loud enough."""
    found: dict[str, float] = {}
    for line in lines:
        name, _, value = line.strip().partition("=")
        if name.startswith("lavfi.r128."):
            try:
                found[name.removeprefix("lavfi.r128.")] = float(value)
            except ValueError:
                continue
    peaks = [value for name, value in found.items() if name.startswith("true_peaks_ch")]
    peak = max(peaks, default=0.0)
    lufs = found.get("I", -70.0)
    return Loudness(
        lufs=round(lufs if np.isfinite(lufs) else -70.0, 2),
        range_lu=round(max(0.0, found.get("LRA", 0.0)), 2),
        true_peak_db=round(float(decibels(peak * peak)), 2),
    )


def decibels(power: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return 10·log₁₀ of a power, not below `QUIETEST_DB`."""
    floor = 10 ** (QUIETEST_DB / 10)
    found: npt.NDArray[np.float64] = 10 * np.log10(np.maximum(power, floor))
    return found


def piece_features(samples: Samples) -> PieceFeatures:
    """Return the features of a piece of sound of one or two channels."""
    heard: npt.NDArray[np.float32] = samples.astype(np.float32) / np.float32(32768)
    left, right = heard[:, 0], heard[:, -1]
    mid, side = (left + right) / 2, (left - right) / 2
    padded = np.pad((left**2 + right**2) / 2, (0, -len(left) % STEP))
    return PieceFeatures(
        levels=decibels(padded.reshape(-1, STEP).mean(axis=1)).astype(np.float32),
        mid=float(np.sum(mid**2, dtype=np.float64)),
        side=float(np.sum(side**2, dtype=np.float64)),
        left=float(np.sum(left**2, dtype=np.float64)),
        right=float(np.sum(right**2, dtype=np.float64)),
        bands=_bands(heard.T.ravel() if samples.shape[1] > 1 else left),
    )


def _bands(heard: npt.NDArray[np.float32]) -> Levels:
    """Return for each step of `BAND_STEP_HZ` its level in dBFS in the loudest moments."""
    frames = np.pad(heard, (0, -len(heard) % t.SPECTRUM)).reshape(-1, t.SPECTRUM)
    window = np.hanning(t.SPECTRUM).astype(np.float32)
    power = np.abs(np.fft.rfft(frames * window)) ** 2 / (window.sum() ** 2 / 4)
    steps = (np.fft.rfftfreq(t.SPECTRUM, 1 / SAMPLE_RATE) // t.BAND_STEP_HZ).astype(int)
    firsts = np.flatnonzero(np.diff(steps, prepend=-1))
    summed = np.add.reduceat(power, firsts, axis=1)
    return decibels(np.percentile(summed, t.BAND_LOUD, axis=0)).astype(np.float32)


def band_of(pieces: Iterable[PieceFeatures]) -> int:
    """Return the frequency in Hz above which nothing is heard; 0 for silence."""
    every = [piece.bands for piece in pieces]
    if not every:
        return 0
    levels = np.max(every, axis=0)
    if levels.max() <= QUIETEST_DB + 1:
        return 0
    reached = np.flatnonzero(levels >= max(levels.max() + t.BAND_DB, QUIETEST_DB + 1))
    return min(SAMPLE_RATE // 2, int(reached[-1] + 1) * t.BAND_STEP_HZ)


def is_mono(pieces: Iterable[PieceFeatures]) -> bool:
    """Say whether nothing is lost when both channels are made one: their half sum holds all that there is."""
    mid, side, left, right = np.sum([(p.mid, p.side, p.left, p.right) for p in pieces] or [(0.0,) * 4], axis=0)
    one_sided = min(left, right) <= max(left, right) * 10 ** (t.ONE_SIDED_DB / 10)
    return bool(side <= mid * 10 ** (t.SIDE_DB / 10) or one_sided)


def all_levels(pieces: Iterable[PieceFeatures], duration: float) -> Levels:
    """Return the smoothed levels of the whole duration; where there is no sound there is silence."""
    count = max(1, round(duration / t.LEVEL_S))
    joined = np.concatenate([np.zeros(0, np.float32), *(piece.levels for piece in pieces)])[:count]
    power = 10 ** (np.pad(joined, (0, count - len(joined)), constant_values=QUIETEST_DB) / 10)
    around = np.convolve(np.pad(power, 2, mode="edge"), np.ones(5) / 5, "valid")
    return decibels(around).astype(np.float32)


def find_silences(levels: Levels, lufs: float) -> tuple[tuple[float, float], ...]:
    """Return the stretches of silence as (start, end) in seconds."""
    limit = min(t.LOUDEST_SILENCE_DB, max(t.QUIETEST_SPEECH_DB, lufs - t.SILENCE_BELOW_LOUDNESS))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], levels < limit, [False]]).astype(np.int8)))
    return tuple(
        (round(int(start) * t.LEVEL_S, 2), round(int(end) * t.LEVEL_S, 2))
        for start, end in edges.reshape(-1, 2)
        if (end - start) * t.LEVEL_S >= t.LEAST_SILENCE_S
    )


def find_quiet_points(levels: Levels) -> tuple[float, ...]:
    """Return the quietest moment of each second, in seconds; among equals the one nearest to the second's middle."""
    second = round(1 / t.LEVEL_S)
    points = []
    for first in range(0, len(levels), second):
        here = levels[first : first + second]
        equals = np.flatnonzero(here <= here.min() + 0.5)
        chosen = equals[np.abs(equals - (len(here) - 1) / 2).argmin()]
        points.append(round((first + int(chosen) + 0.5) * t.LEVEL_S, 3))
    return tuple(points)
