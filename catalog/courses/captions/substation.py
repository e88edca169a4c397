"""SubStation Alpha (.ass, .ssa): the spoken lines, by the file's own order of fields.

What a style says of a whole kind of line (font, colour, bold) is looks and left out, but for being at the top of the
picture; switches inside a line are kept. Drawings, karaoke times and animation are left out.
"""

import re

from catalog.courses.captions.cues import Cue
from catalog.courses.captions.errors import BadCueTime
from catalog.courses.captions.markup import Look, Run, canonical, switched, voice_name
from catalog.courses.captions.subrip import TOP

HEAD = re.compile(r"^\[(?:script info|v4\+? styles|events)\]", re.IGNORECASE | re.MULTILINE)
_TIME = re.compile(r"\s*(\d{1,4}):([0-5]?\d):([0-5]?\d)(?:[.,:](\d{1,3}))?\s*")
_EVENT_FIELDS = ["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"]
_STYLE_FIELDS = ["name"]
_BLOCK = re.compile(r"\{([^{}]*)\}")
_SWITCH = re.compile(r"\\(?:(an|a|b|i|u|p)(\d{0,4})(?=[\\\s]|$)|(r)[^\\]*)")
_ALIGNMENTS_AT_TOP = {"an": {"7", "8", "9"}, "a": {"5", "6", "7"}}


def parse(text: str) -> list[Cue]:
    """Return the cues of the file's `Dialogue:` lines. Raises BadCueTime."""
    is_ssa = re.search(r"^\[v4 styles\]", text, re.IGNORECASE | re.MULTILINE) is not None
    tops = _ALIGNMENTS_AT_TOP["a" if is_ssa else "an"]
    section, at_top, cues = "", set[str](), list[Cue]()
    event_fields, style_fields = _EVENT_FIELDS, _STYLE_FIELDS
    for number, line in enumerate(text.split("\n"), start=1):
        kind, _, rest = line.strip().partition(":")
        kind = kind.lower()
        if kind.startswith("["):
            section = kind
        elif kind == "format":
            names = [name.strip().lower() for name in rest.split(",", 60)]
            if section == "[events]" and "text" in names:
                event_fields = names
            elif "styles]" in section:
                style_fields = names
        elif kind == "style":
            style = dict(zip(style_fields, (value.strip() for value in rest.split(",", 60)), strict=False))
            if style.get("alignment") in tops:
                at_top.add(style.get("name", ""))
        elif kind == "dialogue" and section in ("", "[events]"):
            cues.append(_cue(rest, event_fields, number, at_top))
    return cues


def _cue(rest: str, fields: list[str], line: int, at_top: set[str]) -> Cue:
    values = dict(zip(fields, rest.split(",", len(fields) - 1), strict=False))
    start, end = (_milliseconds(values.get(name, ""), line) for name in ("start", "end"))
    runs, is_top = _runs(values.get("text", ""), voice_name(values.get("name", values.get("actor", ""))))
    if is_top is None:
        is_top = values.get("style", "").strip() in at_top
    return Cue(start, end, canonical(runs), TOP if is_top else "", line)


def _milliseconds(text: str, line: int) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise BadCueTime(line=line)
    hours, minutes, seconds = (int(part) for part in found.groups()[:3])
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + int((found[4] or "0").ljust(3, "0"))


def _runs(text: str, voice: str) -> tuple[list[Run], bool | None]:
    """Return a line's runs, and whether it says itself that it stands at the top; None where it does not say."""
    plain = Look(voice)
    look, runs, end = plain, list[Run](), 0
    is_top: bool | None = None
    is_drawing = False
    for found in (*_BLOCK.finditer(text), None):
        words = text[end : found.start() if found else len(text)]
        if not is_drawing:
            runs.append(Run(words.replace("\\N", "\n").replace("\\n", " ").replace("\\h", " "), look))
        if found is None:
            break
        end = found.end()
        for name, value, reset in _SWITCH.findall(found[1]):
            if reset:
                look = plain
            elif name in ("an", "a"):
                is_top = value in _ALIGNMENTS_AT_TOP[name]
            elif name == "p":
                is_drawing = value not in ("", "0")
            else:
                is_on = value not in ("", "0") and (name != "b" or value == "1" or int(value) >= 600)
                look = switched(look, name, is_on)
    return runs, is_top
