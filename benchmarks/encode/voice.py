"""The voice of the lectures: a person, recorded at 48 kHz, that any machine with Debian's `alsa-utils` has."""

import hashlib
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.programs import Broken

NAME = "alsa-utils: the eight speaker names, joined with pauses of 0.1 s"
FOLDER = Path("/usr/share/sounds/alsa")
ORDER = (
    "Front_Center", "Front_Left", "Front_Right", "Rear_Center", "Rear_Left", "Rear_Right", "Side_Left", "Side_Right",
)  # fmt: skip
RATE = 48_000
PAUSE_S = 0.1
DIGEST = "bb46c895ecdd24466b4208a3b4b9d0fb56297f816029352245611eca0c90097b"
"""sha256 of the joined samples (16 bits, little-endian) before they are repeated."""

Samples = npt.NDArray[np.int16]


def words(folder: Path = FOLDER) -> list[Samples]:
    """Return each of the recordings, with a pause behind it. Raises Broken where one is missing."""
    found = []
    pause = np.zeros(round(PAUSE_S * RATE), np.int16)
    for name in ORDER:
        path = folder / f"{name}.wav"
        if not path.is_file():
            raise Broken(f"The voice is missing ({path}). It comes with Debian's package alsa-utils; install that.")
        with wave.open(str(path)) as file:
            if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, RATE):
                raise Broken(f"{path} is not 48 kHz, 16 bits, mono: it is not the voice that the figures are taken on.")
            found.append(np.concatenate([np.frombuffer(file.readframes(file.getnframes()), np.int16), pause]))
    return found


def joined(folder: Path = FOLDER) -> Samples:
    """Return all recordings one after another. Raises Broken unless they are the pinned ones, to the bit."""
    samples = np.concatenate(words(folder))
    digest = hashlib.sha256(samples.astype("<i2").tobytes()).hexdigest()
    if digest != DIGEST:
        raise Broken(f"The voice in {folder} is another ({digest}); figures would not compare with {DIGEST}.")
    return samples


def repeated(samples: Samples, seconds: float) -> Samples:
    """Return the samples over and over, cut to `seconds`."""
    count = round(seconds * RATE)
    return np.tile(samples, -(-count // len(samples)))[:count]


def write_wav(samples: Samples, out: Path) -> None:
    """Write samples as a WAV file of one channel."""
    with wave.open(str(out), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
