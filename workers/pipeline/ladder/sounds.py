"""How many bits the voice needs: windows of it are coded with more and more of them until nothing is missed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from catalog.formats.rungs import Tier
from workers.pipeline.commands import probes
from workers.pipeline.desk import Desk
from workers.pipeline.gates.speech import ANCHOR_BITS, Codec, Samples, choose_sound, score_speech
from workers.pipeline.look.model import SoundLook
from workers.pipeline.probe import Facts
from workers.pipeline.recipe import SAMPLE_RATE, SoundHandling, SoundRecipe

CODEC: dict[Tier, Codec] = {Tier.COMPATIBLE: "aac", Tier.MODERN: "opus"}
CANDIDATES = {
    Tier.COMPATIBLE: (32_000, 34_000, 36_000, 38_000, 40_000, 44_000),
    Tier.MODERN: (14_000, 16_000, 18_000, 20_000, 24_000),
}
"""Bits per second for one channel, in the order in which they are tried."""
BAND_HZ = {Tier.COMPATIBLE: 7000, Tier.MODERN: 8000}
"""Speech is coded up to here: what lies above costs the bits that the voice needs (docs/encoding.md)."""
STEREO_COSTS = 1.7
WINDOW_S, WINDOWS = 6.0, 3


def choose_sounds(
    desk: Desk, source: Path, facts: Facts, look: SoundLook, hearing: SoundHandling
) -> tuple[SoundRecipe, ...]:
    """Return how to encode the sound in each tier: with the fewest bits at which a voice loses nothing that matters.

    Where nobody speaks there is nothing to measure, and the anchor's bits are taken. Raises what `process.run` raises.
    """
    assert facts.sound is not None  # noqa: S101 - the caller has looked
    voices = [
        _voice(desk, source, facts.sound.stream, facts.start + at, number)
        for number, at in enumerate(voice_windows(facts.end - facts.start, look.silences))
    ]
    recipes = []
    for tier in Tier:
        anchor = [_score(desk, voice, tier, ANCHOR_BITS[CODEC[tier]]) for voice in voices]
        found: int | None = None
        for bits in CANDIDATES[tier] if any(score is not None for score in anchor) else ():
            found = choose_sound(CODEC[tier], {bits: [_score(desk, voice, tier, bits) for voice in voices]}, anchor)
            if found is not None:
                break
        bits = found or ANCHOR_BITS[CODEC[tier]]
        if hearing.channels == 2:
            bits = round(STEREO_COSTS * bits)
        recipes.append(SoundRecipe(tier=tier, channels=hearing.channels, bits_per_s=bits, band_hz=BAND_HZ[tier]))
    for voice in voices:
        voice.unlink()
    return tuple(recipes)


def voice_windows(duration: float, silences: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    """Return where the windows begin, in seconds from the zero: spread over the lesson, where least is silent. Pure."""
    if duration <= WINDOW_S * WINDOWS:
        return (0.0,)
    part = duration / WINDOWS
    starts = []
    for number in range(WINDOWS):
        places = [number * part + step * (part - WINDOW_S) / 8 for step in range(9)]
        starts.append(min(places, key=lambda at: _silent(at, silences)))
    return tuple(starts)


def _silent(at: float, silences: Sequence[tuple[float, float]]) -> float:
    return sum(max(0.0, min(end, at + WINDOW_S) - max(start, at)) for start, end in silences)


def _voice(desk: Desk, source: Path, stream: int, at: float, number: int) -> Path:
    out = desk.folder / f"voice-{number}.s16"
    desk.run(probes.cut_voice(desk.tools, source, stream, at, round(WINDOW_S * SAMPLE_RATE), out), 300)
    return out


def _score(desk: Desk, voice: Path, tier: Tier, bits: int) -> float | None:
    """Return ESTOI of a window coded so in one channel, or None where nobody speaks."""
    coded, heard = desk.folder / "voice.mp4", desk.folder / "voice.s16"
    recipe = SoundRecipe(tier=tier, channels=1, bits_per_s=bits, band_hz=BAND_HZ[tier])
    desk.run(probes.encode_voice(desk.tools, voice, recipe, coded), 120)
    desk.run(probes.decode_voice(desk.tools, coded, heard), 120)
    score = score_speech(read_samples(voice), read_samples(heard), SAMPLE_RATE)
    coded.unlink()
    heard.unlink()
    return score


def read_samples(path: Path) -> Samples:
    """Return the 16-bit samples of a file of one channel."""
    return np.fromfile(path, dtype=np.int16)
