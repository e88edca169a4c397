"""The lesson's voice: espeak-ng speaks Mandarin, offline, from the wheel `espeakng-loader` (GPL, a maker's tool)."""

import ctypes
from array import array

import espeakng_loader

SYNCHRONOUS, CHARACTERS, UTF8 = 2, 1, 1
RATE, PITCH, PITCH_RANGE = 1, 3, 4
SILENCE = 60
"""Samples below this (of 32768) are the quiet around a sentence."""


class Voice:
    """Speaks sentences into 16-bit mono samples of `sample_rate` Hz. One per process: the library has one state."""

    def __init__(self, words_per_minute: int = 168, pitch: int = 46, pitch_range: int = 62) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self.sample_rate: int = self._library.espeak_Initialize(SYNCHRONOUS, 0, data, 0)
        self._samples = bytearray()
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = kind(self._keep)
        self._library.espeak_SetSynthCallback(self._callback)
        if self._library.espeak_SetVoiceByName(b"cmn") != 0:
            raise SystemExit("espeak-ng has no Mandarin voice here: install espeakng-loader 0.2.4")
        for parameter, value in ((RATE, words_per_minute), (PITCH, pitch), (PITCH_RANGE, pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)

    def _keep(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int | None) -> int:
        if samples and count > 0:
            self._samples.extend(ctypes.string_at(samples, count * 2))
        return 0

    def say(self, sentence: str) -> bytes:
        """One sentence, without the silence that the engine puts around it."""
        self._samples.clear()
        text = sentence.encode()
        self._library.espeak_Synth(text, len(text) + 1, 0, CHARACTERS, 0, UTF8, None, None)
        samples = array("h", bytes(self._samples))
        loud = [place for place, sample in enumerate(samples) if abs(sample) > SILENCE]
        return samples[loud[0] : loud[-1] + 1].tobytes() if loud else b""
