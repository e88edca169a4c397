"""WebVTT (w3.org/TR/webvtt1), read with some patience and written canonically: UTF-8, `\\n`, full times, no ids."""

import re
from collections.abc import Sequence

from catalog.courses.captions.cues import Cue, timing_of
from catalog.courses.captions.markup import canonical, tagged

HEAD = re.compile(r"WEBVTT(?:[ \t][^\n]*)?(?:\n|$)")
_ASIDE = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t]|$)")
_PERCENT = r"(?:\d{1,2}(?:\.\d{1,3})?|100(?:\.0{1,3})?)%"
_SETTINGS = {
    "vertical": re.compile("rl|lr"),
    "line": re.compile(rf"(?:-?\d{{1,3}}|{_PERCENT})(?:,(?:start|center|end))?"),
    "position": re.compile(rf"{_PERCENT}(?:,(?:line-left|center|line-right))?"),
    "size": re.compile(_PERCENT),
    "align": re.compile("start|center|end|left|right"),
}


def parse(text: str) -> list[Cue]:
    """Return the cues of a WebVTT file. Raises BadCueTime."""
    cues: list[Cue] = []
    lines = text.split("\n")
    number = 1  # the line after the one that says WEBVTT
    in_aside = False
    while number < len(lines):
        line = lines[number]
        number += 1
        if not line.strip():
            in_aside = False
        elif _ASIDE.match(line) and not lines[number - 2].strip():
            in_aside = True
        elif "-->" in line and not in_aside:
            start, end, settings = timing_of(line, number)
            first, payload = number, []
            while number < len(lines) and lines[number].strip() and "-->" not in lines[number]:
                payload.append(lines[number])
                number += 1
            words = canonical(tagged("\n".join(payload), references=True))
            cues.append(Cue(start, end, words, _place(settings), first))
    return cues


def write(cues: Sequence[Cue]) -> bytes:
    """Return the canonical WebVTT file; reading it gives the same cues."""
    blocks = ["WEBVTT\n"]
    for cue in cues:
        place = f" {cue.place}" if cue.place else ""
        blocks.append(f"{_stamp(cue.start_ms)} --> {_stamp(cue.end_ms)}{place}\n{cue.payload}\n")
    return "\n".join(blocks).encode()


def _place(settings: str) -> str:
    """Return the settings that say where a cue stands, in one order, without what is unknown or wrong."""
    found = {}
    for word in settings.split():
        name, _, value = word.partition(":")
        if name in _SETTINGS and _SETTINGS[name].fullmatch(value):
            found[name] = value
    return " ".join(f"{name}:{found[name]}" for name in _SETTINGS if name in found)


def _stamp(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"
