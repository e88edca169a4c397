"""TTML's times (w3.org/TR/ttml2, clause 12.3): clock times with fractions or frames, offsets, ticks, SMPTE drop frames.

Exact fractions, because 30000/1001 frames a second drift by 3.6 seconds an hour when taken for 30.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from catalog.courses.captions.errors import BadCueTime

_CLOCK = re.compile(r"(\d{2,4}):([0-5]?\d):([0-5]?\d|60)(?:\.(\d{1,20})|[:;](\d{1,4})(?:\.(\d{1,4}))?)?")
_OFFSET = re.compile(r"(\d{1,15})(?:\.(\d{1,20}))?(h|ms|m|s|f|t)")


@dataclass(frozen=True)
class Clock:
    """How a document counts: frames a second as labelled (`frames`), as they pass (`rate`), sub-frames and ticks."""

    frames: Fraction = Fraction(30)
    rate: Fraction = Fraction(30)
    sub_frames: int = 1
    ticks: Fraction = Fraction(1)
    is_smpte: bool = False
    drop_mode: str = ""


def clock_of(values: dict[str, str]) -> Clock:
    """Return the clock that the attributes of `<tt>` set up; what cannot be read is as if it were not there."""
    frames = _positive(values.get("frameRate")) or 30
    numerator, _, denominator = values.get("frameRateMultiplier", "1 1").replace(":", " ").strip().partition(" ")
    multiplier = Fraction(_positive(numerator) or 1, _positive(denominator) or 1)
    sub_frames = _positive(values.get("subFrameRate")) or 1
    ticks = Fraction(_positive(values.get("tickRate")) or 0)
    rate = frames * multiplier
    if not ticks:
        ticks = rate * sub_frames if "frameRate" in values else Fraction(1)
    is_smpte = values.get("timeBase") == "smpte"
    return Clock(Fraction(frames), rate, sub_frames, ticks, is_smpte, values.get("dropMode", "") if is_smpte else "")


def _positive(text: str | None) -> int:
    text = (text or "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def seconds_of(text: str | None, clock: Clock, line: int) -> Fraction | None:
    """Return the seconds that a time expression says; None for no expression. Raises BadCueTime."""
    if text is None:
        return None
    text = text.strip()
    offset = _OFFSET.fullmatch(text)
    if offset:
        value = _number(offset[1], offset[2])
        units = {"h": Fraction(3600), "m": Fraction(60), "s": Fraction(1), "ms": Fraction(1, 1000)}
        units |= {"f": 1 / clock.rate, "t": 1 / clock.ticks}
        return value * units[offset[3]]
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise BadCueTime(line=line)
    hours, minutes, seconds = (int(part) for part in found.groups()[:3])
    whole = Fraction((hours * 60 + minutes) * 60 + seconds)
    frames = Fraction(int(found[5] or 0)) + Fraction(int(found[6] or 0), clock.sub_frames)
    if not clock.is_smpte:
        return whole + _number("0", found[4]) + frames / clock.rate
    counted = whole * clock.frames + frames - _left_out(hours * 60 + minutes, clock.drop_mode)
    return counted / clock.rate + _number("0", found[4])


def _number(whole: str, fraction: str | None) -> Fraction:
    return Fraction(int(whole)) + (Fraction(int(fraction), 10 ** len(fraction)) if fraction else 0)


def _left_out(minutes: int, drop_mode: str) -> int:
    """Return how many frame numbers were skipped: NTSC skips 2 at each minute but every tenth, PAL 4 at each even
    minute but every twentieth."""
    if drop_mode == "dropNTSC":
        return 2 * (minutes - minutes // 10)
    if drop_mode == "dropPAL":
        return 4 * (minutes // 2 - minutes // 20)
    return 0
