"""From a file's bytes to captions that every player reads: one function, pure, safe on any bytes."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from catalog.courses.captions import subrip, substation, ttml, webvtt
from catalog.courses.captions.cues import Cue, Retiming, ordered, retimed
from catalog.courses.captions.encodings import decode
from catalog.courses.captions.errors import CaptionTooLarge, NoCues, NotCaptions

MAX_BYTES = 1 << 20
FORMATS = ("WebVTT", "SubRip", "TTML", "ASS")
_MARKUP = re.compile(r"\s*<(?:[?!A-Za-z])")
_LAYERED = ("ASS", "TTML")


@dataclass(frozen=True)
class Reading:
    """Captions as they were understood: `data` is the canonical WebVTT of `cues`.

    `format` and `encoding` are names that people know ("SubRip", "GB18030"). Counts of cues: `moved` stood in another
    place, `doubles` were there twice, `clipped` and `dropped` began and ended before the lesson's zero.
    """

    format: str
    encoding: str
    cues: tuple[Cue, ...]
    data: bytes
    moved: int = 0
    doubles: int = 0
    clipped: int = 0
    dropped: int = 0


def read_captions(data: bytes, language: str = "", retiming: Retiming | None = None) -> Reading:
    """Return what the captions file says, moved in time. `language` (BCP 47) helps where an encoding is in doubt.

    Raises CaptionTooLarge, or a BadCaption that names the line and what is wrong with it; nothing else, whatever the
    bytes.
    """
    if len(data) > MAX_BYTES:
        raise CaptionTooLarge(limit=MAX_BYTES)
    decoded = decode(data, language)
    name, parse = _format_of(decoded.text)
    in_order = ordered(parse(decoded.text), layered=name in _LAYERED)
    in_time = retimed(in_order.cues, retiming or Retiming())
    written = webvtt.write(in_time.cues)
    if len(written) > MAX_BYTES:
        raise CaptionTooLarge(limit=MAX_BYTES)
    return Reading(
        format=name,
        encoding=decoded.encoding,
        cues=in_time.cues,
        data=written,
        moved=in_order.moved,
        doubles=in_order.doubles,
        clipped=in_time.clipped,
        dropped=in_time.dropped,
    )


def _format_of(text: str) -> tuple[str, Callable[[str], list[Cue]]]:
    """Return the format's name and its parser, by what the text is, whatever the file is called."""
    if not text.strip():
        raise NoCues(line=1)
    if webvtt.HEAD.match(text):
        return "WebVTT", webvtt.parse
    if _MARKUP.match(text):
        return "TTML", ttml.parse
    if substation.HEAD.search(text):
        return "ASS", substation.parse
    if any(subrip.TIMING.match(line) for line in text.split("\n")):
        return "SubRip", subrip.parse
    raise NotCaptions(line=1)
