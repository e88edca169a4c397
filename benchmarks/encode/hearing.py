"""How clear speech still is: PESQ-WB (ITU-T P.862.2) against the source, by the package `pesq`.

Both are brought to 16 kHz in one channel and laid over each other by cross-correlation, since an encoder's priming
moves its sound; then each 10 seconds are scored and the mean is taken. Windows in which nobody speaks have no score.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.encode.running import ffmpeg

RATE = 16_000
WINDOW_S = 10
LEAST_WINDOW_S = 3
MOST_SHIFT_S = 0.5

Samples = npt.NDArray[np.int16]


def heard(file: Path, seconds: float) -> Samples:
    """Return the first `seconds` of the sound in a file: 16 kHz, one channel."""
    words = ("-i", file, "-map", "0:a:0", "-t", f"{seconds:.3f}", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-")
    return np.frombuffer(ffmpeg(*words), np.int16)


def delay_of(reference: Samples, other: Samples, most: int = round(MOST_SHIFT_S * RATE)) -> int:
    """Return how many samples later `other` says the same, at most `most` either way, by cross-correlation."""
    count = min(len(reference), len(other))
    one, two = (np.fft.rfft(x[:count].astype(np.float64), 2 * count) for x in (reference, other))
    likeness = np.fft.irfft(one.conj() * two, 2 * count)
    most = min(most, count - 1)
    near = np.concatenate([likeness[-most:], likeness[: most + 1]]) if most else likeness[:1]
    return int(np.argmax(near)) - most


def aligned(reference: Samples, other: Samples) -> tuple[Samples, Samples]:
    """Return both cut so that they say the same at the same sample and are equally long."""
    delay = delay_of(reference, other)
    reference, other = reference[max(0, -delay) :], other[max(0, delay) :]
    count = min(len(reference), len(other))
    return reference[:count], other[:count]


def windows(count: int) -> list[tuple[int, int]]:
    """Return (start, end) of each window among `count` samples; a rest of 3 s and more is one too, or all there is."""
    size = WINDOW_S * RATE
    found = [(start, min(count, start + size)) for start in range(0, count, size)]
    return [(a, b) for a, b in found if b - a >= LEAST_WINDOW_S * RATE] or ([(0, count)] if count else [])


def speech_clarity(reference: Samples, other: Samples) -> float | None:
    """Return the mean PESQ-WB over the windows of both, or None where no window has speech."""
    measure: Any = import_module("pesq")  # here: only what `make bench-encode` installs has it
    one, two = aligned(reference, other)
    scores = []
    for start, end in windows(len(one)):
        try:
            scores.append(float(measure.pesq(RATE, one[start:end], two[start:end], "wb")))
        except measure.NoUtterancesError:
            continue
    return sum(scores) / len(scores) if scores else None
