"""What is inside a cue: runs of text with the few looks that a school's player has, and their canonical WebVTT form.

Bold, italic, underline and the voice are kept; colours, fonts, classes, karaoke times and languages are not. A `<` that
begins none of the tags of captions is text: lessons on mathematics have `a<b`.
"""

import html
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

MAX_VOICE = 100
_TAG = re.compile(r"<(/?)([A-Za-z]{1,6}|[0-9][0-9:.]{4,15})((?:[.\s][^<>]*)?)/?>")
_SWITCHES = {"i": "i", "em": "i", "b": "b", "strong": "b", "u": "u"}
_DROPPED = {"c", "lang", "font", "span", "s", "strike", "ruby"}
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BREAKS = re.compile("[\n\v\f\r\x85\u2028\u2029]")
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")


class Look(NamedTuple):
    """How a run of text is said and shown; `voice` is who says it, "" where nobody is named."""

    voice: str = ""
    bold: bool = False
    italic: bool = False
    underline: bool = False


PLAIN = Look()


class Run(NamedTuple):
    """Text (not escaped, `\\n` between lines) in one look."""

    text: str
    look: Look = PLAIN


def switched(look: Look, letter: str, is_on: bool) -> Look:
    """Return the look with bold ("b"), italic ("i") or underline ("u") on or off."""
    if letter == "b":
        return look._replace(bold=is_on)
    return look._replace(italic=is_on) if letter == "i" else look._replace(underline=is_on)


def voice_name(name: str) -> str:
    """Return a speaker's name as a voice tag can carry it: one line, MAX_VOICE characters at most."""
    return " ".join(_UNSEEN.sub("", name).split())[:MAX_VOICE].strip()


def canonical(runs: Iterable[Run]) -> str:
    """Return the payload of a WebVTT cue: tags nested voice, b, i, u; no empty line, no blanks at a line's ends."""
    made: list[str] = []
    opened: list[tuple[str, str]] = []
    for number, line in enumerate(_lines(runs)):
        for place, (text, look) in enumerate(line):
            wanted = _tags(look)
            shared = 0
            while shared < min(len(opened), len(wanted)) and opened[shared] == wanted[shared]:
                shared += 1
            made += [f"</{name}>" for name, _ in reversed(opened[shared:])]
            if number and not place:
                made.append("\n")
            made += [f"<{name} {_escaped(more)}>" if more else f"<{name}>" for name, more in wanted[shared:]]
            opened = wanted
            made.append(_escaped(text))
    made += [f"</{name}>" for name, _ in reversed(opened)]
    return "".join(made)


def plain(payload: str) -> str:
    """Return the text of a canonical payload without its tags."""
    return "".join(run.text for run in tagged(payload, references=True))


def tagged(text: str, references: bool) -> list[Run]:
    """Return the runs of a WebVTT or SubRip cue. `references`: `&amp;` and its like stand for characters (WebVTT)."""
    runs: list[Run] = []
    look = PLAIN
    in_reading = False
    end = 0
    for found in _TAG.finditer(text):
        closing, name, rest = found[1] == "/", found[2].lower(), found[3]
        changed = _changed(look, closing, name, rest, references)
        is_reading, is_break = name == "rt" and _bare(rest), name == "br" and _bare(rest)
        if changed is None and not is_reading and not is_break:
            continue
        runs.append(Run(_words(text[end : found.start()], references), look))
        end = found.end()
        if is_break:
            runs.append(Run("\n", look))
        elif is_reading and closing == in_reading:
            runs.append(Run(")" if closing else "(", look))
            in_reading = not closing
        look = changed or look
    runs.append(Run(_words(text[end:], references), look))
    return runs


def _changed(look: Look, closing: bool, name: str, rest: str, references: bool) -> Look | None:
    """Return the look after a tag; None where it is no tag of captions."""
    if name in _SWITCHES and _bare(rest):
        return switched(look, _SWITCHES[name], not closing)
    if name == "v" and (closing or rest):
        annotation = re.sub(r"^\.\S*", "", rest)
        return look._replace(voice="" if closing else voice_name(_words(annotation, references)))
    return look if name in _DROPPED or name[0].isdigit() else None


def _bare(rest: str) -> bool:
    """Say whether nothing but classes follows a tag's name, as in `<b.loud>` and unlike `<b and c>`."""
    return not rest.strip(" \t\n/") or (rest.startswith(".") and len(rest.split()) == 1)


def _words(text: str, references: bool) -> str:
    return _REFERENCE.sub(lambda found: html.unescape(found[0]), text) if references else text


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _tags(look: Look) -> list[tuple[str, str]]:
    flags = (("b", look.bold), ("i", look.italic), ("u", look.underline))
    return ([("v", look.voice)] if look.voice else []) + [(name, "") for name, is_on in flags if is_on]


def _lines(runs: Iterable[Run]) -> list[list[Run]]:
    """Return the lines that have something to show, each with its runs joined by look and without blanks around."""
    lines: list[list[Run]] = [[]]
    for text, look in runs:
        for number, piece in enumerate(_BREAKS.split(text)):
            if number:
                lines.append([])
            lines[-1].append(Run(_UNSEEN.sub("", piece.replace("\t", " ")), look))
    trimmed = (_trimmed(line) for line in lines)
    return [line for line in trimmed if line]


def _trimmed(line: Sequence[Run]) -> list[Run]:
    joined: list[Run] = []
    for run in line:
        if joined and joined[-1].look == run.look:
            joined[-1] = Run(joined[-1].text + run.text, run.look)
        elif run.text:
            joined.append(run)
    while joined and not joined[0].text.strip():
        joined.pop(0)
    while joined and not joined[-1].text.strip():
        joined.pop()
    if joined:
        joined[0] = Run(joined[0].text.lstrip(), joined[0].look)
        joined[-1] = Run(joined[-1].text.rstrip(), joined[-1].look)
    return joined
