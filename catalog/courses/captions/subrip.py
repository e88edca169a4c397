"""SubRip (.srt), which nobody specified: cues of a number, a time line and text, which may have overrides as in ASS."""

import re

from catalog.courses.captions.cues import Cue, timing_of
from catalog.courses.captions.markup import Run, canonical, tagged

TIMING = re.compile(r"\s*\d{1,4}:\d{1,2}(?::\d{1,2})?(?:[.,]\d{1,3})?[ \t]*-->")
TOP = "line:0"
"""Where a cue stands that its author put at the top of the picture."""

_OVERRIDE = re.compile(r"\{(\\[^{}]*)\}")
_SWITCH = re.compile(r"\\([biu])([01])(?=[\\\s]|$)")
_AT_TOP = re.compile(r"\\an[789](?=[\\\s]|$)")
_POINTER = re.compile(r"\s*\d{1,9}\s*")


def parse(text: str) -> list[Cue]:
    """Return the cues of a SubRip file. An empty line inside a cue's text does not end it. Raises BadCueTime."""
    lines = text.split("\n")
    times = [number for number, line in enumerate(lines) if "-->" in line]
    cues = []
    for place, number in enumerate(times):
        start, end, _ = timing_of(lines[number], number + 1)
        last = times[place + 1] if place + 1 < len(times) else len(lines)
        own_number = _number(lines, number - 1)
        words = lines[number + 1 : last]
        if last < len(lines) and words and _is_counter(words, own_number):
            words.pop()
        payload, is_top = _payload("\n".join(words))
        cues.append(Cue(start, end, payload, TOP if is_top else "", number + 1))
    return cues


def _number(lines: list[str], index: int) -> int | None:
    return int(lines[index]) if index >= 0 and _POINTER.fullmatch(lines[index]) else None


def _is_counter(words: list[str], own: int | None) -> bool:
    """Say whether the line before the next time line is the next cue's number, and not this one's text."""
    if not _POINTER.fullmatch(words[-1]):
        return False
    return len(words) == 1 or not words[-2].strip() or (own is not None and int(words[-1]) == own + 1)


def _payload(text: str) -> tuple[str, bool]:
    def as_tags(found: re.Match[str]) -> str:
        switches = _SWITCH.findall(found[1])
        return "".join(f"<{name}>" if value == "1" else f"</{name}>" for name, value in switches)

    is_top = any(_AT_TOP.search(found) for found in _OVERRIDE.findall(text))
    runs: list[Run] = tagged(_OVERRIDE.sub(as_tags, text.replace("\\N", "\n")), references=False)
    return canonical(runs), is_top
