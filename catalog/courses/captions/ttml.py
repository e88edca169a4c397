"""TTML, IMSC and DFXP (w3.org/TR/ttml2): the paragraphs with their times, from XML that may be an attack.

One pass of expat over a text of bounded length, an own stack of bounded depth, and no document type, so that there
is no entity to expand and nothing outside to fetch.
"""

import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from xml.parsers import expat

from catalog.courses.captions.cues import MAX_CUES, Cue
from catalog.courses.captions.errors import (
    CueWithoutEnd,
    NotTimedText,
    TooManyCues,
    XmlBroken,
    XmlDoctype,
    XmlTooDeep,
)
from catalog.courses.captions.markup import PLAIN, Look, Run, canonical
from catalog.courses.captions.subrip import TOP
from catalog.courses.captions.ttml_time import Clock, clock_of, seconds_of

MAX_DEPTH = 100
_NAMESPACE = re.compile(r"http://www\.w3\.org/(?:ns/ttml|2006/(?:04|10)/ttaf1)(#[a-z-]+)?")
_SPACES = re.compile(r"[ \t\n]+")
_PERCENT = re.compile(r"\s*\S+\s+(\d{1,3}(?:\.\d{1,9})?)%\s*")
_STYLES = (
    "fontWeight",
    "fontStyle",
    "textDecoration",
    "display",
    "visibility",
    "ruby",
    "displayAlign",
    "origin",
)
"""The styles that mean something here; no other is kept, so that a document cannot make us carry its weight."""

_ASIDE = {"metadata", "set", "animate", "image", "audio", "chunk", "source", "data", "font", "initial"}


@dataclass
class _Span:
    """An element that is open: its time in seconds from zero (`end` None: nothing ends it yet) and its look."""

    name: str
    begin: Fraction = Fraction(0)
    end: Fraction | None = None
    look: Look = PLAIN
    region: str = ""
    keeps_space: bool = False
    is_sequence: bool = False
    is_hidden: bool = False
    ruby: str = ""
    cursor: Fraction = Fraction(0)
    """Where the next child of a sequence begins."""


@dataclass
class _Paragraph:
    """What a `<p>` holds: runs by the stretch of time in which they are shown, in the order of their first word."""

    line: int
    region: str
    runs: dict[tuple[Fraction, Fraction | None], list[Run]] = field(default_factory=dict)


def parse(text: str) -> list[Cue]:
    """Return the cues of a TTML document.

    Raises NotTimedText, XmlBroken, XmlDoctype, XmlTooDeep, BadCueTime, CueWithoutEnd, TooManyCues.
    """
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    parser.buffer_text = True
    reader = _Reader(parser)
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.words
    try:
        parser.Parse(text.lstrip().encode(), True)
    except expat.ExpatError as error:
        raise XmlBroken(line=error.lineno + _lines_before(text)) from None
    return [replace(cue, line=cue.line + _lines_before(text)) for cue in reader.cues]


def _lines_before(text: str) -> int:
    return text[: len(text) - len(text.lstrip())].count("\n")


class _Reader:
    """Takes expat's events in and gives cues out."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self.cues: list[Cue] = []
        self._parser = parser
        self._open: list[_Span] = []
        self._clock = Clock()
        self._looks: dict[str, dict[str, str]] = {}
        self._tops: set[str] = set()
        self._region = ""
        self._paragraph: _Paragraph | None = None

    def doctype(self, name: str, *_: object) -> None:
        """Refuse a document type, and so every entity."""
        line = self._parser.CurrentLineNumber
        raise XmlDoctype(line=line) if name.rpartition(":")[2] == "tt" else NotTimedText(line=line)

    def start(self, full_name: str, given: dict[str, str]) -> None:
        """Open an element."""
        space, _, name = full_name.rpartition(" ")
        line = self._parser.CurrentLineNumber
        if len(self._open) >= MAX_DEPTH:
            raise XmlTooDeep(line=line, limit=MAX_DEPTH)
        values = {key.rpartition(" ")[2]: value for key, value in given.items()}
        if not self._open:
            if name != "tt" or (space and not _NAMESPACE.fullmatch(space)):
                raise NotTimedText(line=line)
            self._clock = clock_of(values)
            self._open.append(_Span(name, keeps_space=values.get("space") == "preserve"))
            return
        over = self._open[-1]
        found = _NAMESPACE.fullmatch(space)
        is_aside = name in _ASIDE or (space and (found is None or found[1])) or over.name == "aside"
        if is_aside:
            self._open.append(_Span("aside", over.begin, over.end))
            return
        self._define(name, values)
        self._open.append(self._span(name, values, over, line))
        if name == "p" and self._paragraph is None:
            self._paragraph = _Paragraph(line, self._open[-1].region)
        elif name == "br":
            self._add("\n")
        if self._open[-1].ruby == "text":
            self._add("(")

    def _define(self, name: str, values: dict[str, str]) -> None:
        """Note a style or a region of the document's head."""
        key = values.get("id", "")
        if name == "style" and key and not self._region:
            self._looks[key] = self._said(values)
        elif name == "region":
            self._region = key
        if name == "region" or (name == "style" and self._region):
            said = self._said(values)
            origin = _PERCENT.fullmatch(said.get("origin", ""))
            if said.get("displayAlign") == "before" and (origin is None or float(origin[1]) < 50):
                self._tops.add(self._region)
            elif "origin" in said or "displayAlign" in said:
                self._tops.discard(self._region)

    def _said(self, values: dict[str, str]) -> dict[str, str]:
        """Return the styles that an element has: those that it names, then its own."""
        said: dict[str, str] = {}
        for key in values.get("style", "").split()[:20]:
            said.update(self._looks.get(key, {}))
        return said | {key: values[key] for key in _STYLES if key in values}

    def _span(self, name: str, values: dict[str, str], over: _Span, line: int) -> _Span:
        begin = seconds_of(values.get("begin"), self._clock, line)
        end = seconds_of(values.get("end"), self._clock, line)
        length = seconds_of(values.get("dur"), self._clock, line)
        base = over.cursor if over.is_sequence else over.begin
        starts = base + (begin or 0)
        ends = [base + end] if end is not None else []
        ends += [starts + length] if length is not None else []
        ends += [over.end] if over.end is not None else []
        if over.is_sequence and not ends:
            ends = [starts]  # in a sequence, what has no end lasts no time
        said = self._said(values)
        span = _Span(name, starts, min(ends, default=None), _look(over.look, said), cursor=starts)
        span.region = values.get("region") or over.region
        span.keeps_space = values.get("space", "preserve" if over.keeps_space else "") == "preserve"
        span.is_sequence = values.get("timeContainer") == "seq"
        span.is_hidden = over.is_hidden or said.get("display") == "none" or said.get("visibility") == "hidden"
        span.ruby = said.get("ruby", "")
        return span

    def end(self, _name: str) -> None:
        """Close the element."""
        closed = self._open[-1]
        if closed.ruby == "text":
            self._add(")")
        self._open.pop()
        if self._open and self._open[-1].is_sequence and closed.end is not None:
            self._open[-1].cursor = closed.end
        if closed.name == "region":
            self._region = ""
        if closed.name == "p" and self._paragraph and all(span.name != "p" for span in self._open):
            self._finish(self._paragraph)
            self._paragraph = None

    def words(self, text: str) -> None:
        """Take text in; what stands outside of a paragraph is layout."""
        if self._paragraph and self._open[-1].name in ("p", "span"):
            self._add(text if self._open[-1].keeps_space else _SPACES.sub(" ", text))

    def _add(self, text: str) -> None:
        span = self._open[-1]
        if self._paragraph and not span.is_hidden and span.ruby != "delimiter":
            self._paragraph.runs.setdefault((span.begin, span.end), []).append(Run(text, span.look))

    def _finish(self, paragraph: _Paragraph) -> None:
        for (begin, end), runs in paragraph.runs.items():
            payload = canonical(runs)
            if not payload and len(paragraph.runs) > 1:
                continue  # the blanks between spans that have times of their own
            if end is None:
                raise CueWithoutEnd(line=paragraph.line)
            place = TOP if paragraph.region in self._tops else ""
            self.cues.append(Cue(round(begin * 1000), round(end * 1000), payload, place, paragraph.line))
            if len(self.cues) > 4 * MAX_CUES:
                raise TooManyCues(line=paragraph.line, limit=MAX_CUES)


def _look(over: Look, said: dict[str, str]) -> Look:
    look = over
    if "fontWeight" in said:
        look = look._replace(bold=said["fontWeight"] == "bold")
    if "fontStyle" in said:
        look = look._replace(italic=said["fontStyle"] in ("italic", "oblique"))
    if "textDecoration" in said:
        words = said["textDecoration"].split()
        look = look._replace(underline="underline" in words or (look.underline and "noUnderline" not in words))
        if "none" in words:
            look = look._replace(underline=False)
    return look
