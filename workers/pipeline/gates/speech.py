"""How well a coded voice can be understood: ESTOI (Jensen and Taal, 2016), measured on windows of the lesson.

ESTOI and not PESQ, because PESQ is C that is compiled where it is installed; docs/adr/0010-speech-measure.md says
more. ESTOI alone does not tell PESQ: at PESQ-WB 4.1 it is 0.97 on a studio's voice and 0.94 on a lecture hall's, since
room and noise are lost first and count as much as the voice. What tells it is the *deficit*: how much of ESTOI a
candidate loses, as a multiple of what the same codec loses with bits to spare, its *anchor*, on the same windows.
"""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Literal

import numpy as np
import numpy.typing as npt
from pystoi import stoi

Codec = Literal["opus", "aac"]

ANCHOR_BITS: Mapping[Codec, int] = {"opus": 32_000, "aac": 48_000}
"""Bits per second of the anchor, for one channel."""
AIM_DEFICIT: Mapping[Codec, float] = {"opus": 4.4, "aac": 2.5}
MOST_DEFICIT: Mapping[Codec, float] = {"opus": 4.7, "aac": 2.6}
"""The largest deficit by which bits are chosen, and that passes on the output, for PESQ-WB 4.1. Measured on 8 windows
of 10 s in four clips of three voices (alsa's English at 48 kHz, a lecture hall twice, espeak's Mandarin): the smallest
deficit with less than 4.1 was 5.02 (Opus) and 2.65 (AAC), so nothing that missed 4.1 passes. They hold for the recipes
that they were measured on alone, since ESTOI hears nothing above 4.3 kHz: Opus for voice in frames of 60 ms with a
cutoff of 8 kHz, AAC-LC with a cutoff of 7 kHz and without TNS. (Opus at full band, 20 ms, failed at 2.1.)"""
LEAST_ANCHOR = 0.97
"""An anchor under this is no voice as those were: on a clip that had been coded at 21 kbit/s before (ESTOI of its
anchor 0.92–0.97), PESQ and ESTOI had nothing in common."""
LEAST_LOSS = 0.002
"""An anchor's loss that is taken as this at least: under it, chance decides (ESTOI's own last digits)."""

QUIET = 10 ** (-50 / 20)
"""Samples whose largest is under this (−50 dB of full scale) hold no voice."""
MOST_DELAY_S = 0.2
"""A codec and its container shift sound by less than this: 312 samples for Opus, 1024 or 2048 for AAC."""
LEAST_S = 0.5
"""ESTOI looks at stretches of 0.4 s in which somebody speaks; with less of it there is nothing to look at."""

Samples = npt.NDArray[np.float64] | npt.NDArray[np.float32] | npt.NDArray[np.int16]


def read_samples(path: Path) -> Samples:
    """Return the 16-bit samples of a file of one channel."""
    return np.fromfile(path, dtype=np.int16)


def score_speech(reference: Samples, coded: Samples, rate: int) -> float | None:
    """Return ESTOI of `coded` against `reference`: 1 is equal, under 0.5 hardly a word is understood.

    Both are one channel at `rate` Hz, of about the same length; a constant delay between them is found and taken out.
    None where there is no voice: all is quieter than −50 dB, or less than half a second is within 40 dB of the loudest.
    Raises ValueError for samples of more than one dimension.
    """
    if reference.ndim != 1 or coded.ndim != 1:
        raise ValueError("one channel is scored, mixed down from what there is")
    wanted, heard = aligned(_full_scale(reference), _full_scale(coded), rate)
    if wanted.size < LEAST_S * rate or float(np.abs(wanted).max()) < QUIET:
        return None
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", RuntimeWarning)
        score = float(stoi(wanted, heard, rate, extended=True))
    if any(issubclass(warning.category, RuntimeWarning) for warning in said) or not np.isfinite(score):
        return None
    return round(min(1.0, score), 4)


def _full_scale(samples: Samples) -> npt.NDArray[np.float64]:
    scale = 32_768.0 if samples.dtype == np.int16 else 1.0
    return np.asarray(samples, dtype=np.float64) / scale


def delay_of(reference: npt.NDArray[np.float64], coded: npt.NDArray[np.float64], rate: int) -> int:
    """Return by how many samples `coded` is behind `reference` (before it: negative), by their cross-correlation."""
    size = 1 << int(np.ceil(np.log2(max(2, reference.size + coded.size))))
    likeness = np.fft.irfft(np.fft.rfft(reference, size).conj() * np.fft.rfft(coded, size), size)
    most = min(int(MOST_DELAY_S * rate), size // 2 - 1)
    near = np.concatenate([likeness[-most:], likeness[: most + 1]])
    return int(np.argmax(near)) - most if float(np.max(near)) > 0 else 0


def aligned(
    reference: npt.NDArray[np.float64], coded: npt.NDArray[np.float64], rate: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the stretch that both hold, sample by sample, without the delay between them."""
    delay = delay_of(reference, coded, rate)
    reference, coded = (reference, coded[delay:]) if delay >= 0 else (reference[-delay:], coded)
    size = min(reference.size, coded.size)
    return reference[:size], coded[:size]


def deficit(score: float, anchor: float) -> float:
    """Return how many times as much of ESTOI as the anchor a candidate loses."""
    return max(0.0, 1 - score) / max(LEAST_LOSS, 1 - anchor)


def mean_deficit(heard: Sequence[tuple[float, float]]) -> float:
    """Return the mean deficit of windows of coded voice, each with its score and its anchor's.

    The mean, for windows are short, and one with a cough is not the lesson. Raises ValueError without one.
    """
    if not heard:
        raise ValueError("nobody was heard")
    return fmean(deficit(score, anchor) for score, anchor in heard)


def is_voice(anchors: Sequence[float | None]) -> bool:
    """Say whether anything in windows with these anchors is a voice as the limits were measured on."""
    voiced = [anchor for anchor in anchors if anchor is not None]
    return bool(voiced) and fmean(voiced) >= LEAST_ANCHOR
