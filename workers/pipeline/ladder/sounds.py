"""How many bits the voice needs: windows of it are coded with more and more of them until nothing is missed."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path

from catalog.formats.rungs import Tier
from workers.pipeline.commands import probes
from workers.pipeline.desk import Desk
from workers.pipeline.gates.speech import AIM_DEFICIT, ANCHOR_BITS, is_voice, mean_deficit, read_samples, score_speech
from workers.pipeline.ladder.voices import CANDIDATES, CODEC, anchor_of, recipe_with
from workers.pipeline.look.model import SoundLook
from workers.pipeline.probe import Facts
from workers.pipeline.recipe import SAMPLE_RATE, SoundHandling, SoundRecipe

WINDOW_S, WINDOWS = 6.0, 3


def choose_sounds(
    desk: Desk, source: Path, facts: Facts, stream: int, look: SoundLook, hearing: SoundHandling
) -> tuple[SoundRecipe, ...]:
    """Return how each tier encodes a sound stream: with the fewest bits at which a voice loses nothing that matters.

    Where nobody speaks there is nothing to measure, and the anchor's bits are taken. Raises what `process.run` raises.
    """
    voices = [
        _voice(desk, source, stream, facts.start + at, number)
        for number, at in enumerate(voice_windows(facts.end - facts.start, look.silences))
    ]
    recipes = tuple(_choose(desk, voices, tier, hearing.channels) for tier in Tier)
    for voice in voices:
        voice.unlink()
    return recipes


def _choose(desk: Desk, voices: Sequence[Path], tier: Tier, channels: int) -> SoundRecipe:
    """Return the recipe with the fewest bits among the candidates at which these windows are clear."""
    anchors = [_score(desk, voice, recipe_with(tier, 1, ANCHOR_BITS[CODEC[tier]])) for voice in voices]

    def is_clear(bits: int) -> bool:
        scores = [_score(desk, voice, recipe_with(tier, 1, bits)) for voice in voices]
        pairs = zip(scores, anchors, strict=True)
        heard = [(score, anchor) for score, anchor in pairs if score is not None and anchor is not None]
        return bool(heard) and mean_deficit(heard) <= AIM_DEFICIT[CODEC[tier]]

    bits = fewest(CANDIDATES[tier], is_clear) if is_voice(anchors) else None
    return anchor_of(tier, channels) if bits is None else recipe_with(tier, channels, bits)


def fewest(candidates: Sequence[int], is_clear: Callable[[int], bool]) -> int | None:
    """Return a candidate that is clear and has none below it that is, or None where the last is not.

    They are halved: more bits are taken to be as clear, which holds but for chance of about a candidate's width.
    """
    at = bisect_left(candidates, True, key=is_clear)
    return candidates[at] if at < len(candidates) else None


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


def _score(desk: Desk, voice: Path, recipe: SoundRecipe) -> float | None:
    """Return ESTOI of a window in one channel that is coded so, or None where nobody speaks."""
    coded, heard = desk.folder / "voice.mp4", desk.folder / "voice.s16"
    desk.run(probes.encode_voice(desk.tools, voice, recipe, coded), 120)
    desk.run(probes.decode_voice(desk.tools, coded, heard), 120)
    score = score_speech(read_samples(voice), read_samples(heard), SAMPLE_RATE)
    coded.unlink()
    heard.unlink()
    return score
