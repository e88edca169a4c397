"""Captions as the lesson's page shows them: how a file was understood, its first cues, and the form for the next."""

import re
from dataclasses import dataclass
from math import isfinite
from typing import Any
from urllib.parse import urlencode

from sqlmodel import Session
from starlette.requests import Request

from api.web.desk import Desk, Fields, Viewer
from catalog.courses.captions.cues import MAX_OFFSET_S, MAX_RATE, MIN_RATE, Retiming
from catalog.courses.captions.encodings import ENCODINGS
from catalog.courses.captions.errors import CaptionUnknown
from catalog.courses.captions.markup import plain
from catalog.courses.captions.reading import FORMATS, Reading
from catalog.courses.captions.remarks import FIRST_CUES, remarks_on_reading, remarks_on_times
from catalog.courses.captions.service import stored_cues
from catalog.courses.languages import name_of_language
from catalog.look.filters import clock_time
from catalog.look.language import translate
from catalog.publishing.repository import duration_of

RATES = [
    ("0.95904096", "23.976 → 25"),
    ("0.96", "24 → 25"),
    ("1.0427083", "25 → 23.976"),
    ("1.0416667", "25 → 24"),
]
"""What times are multiplied by, and the frame rates between which captions drift so."""

_NUMBER = re.compile(r"[+-]?\d{1,6}(?:\.\d{1,6})?")
_COUNTS = ("moved", "doubles", "clipped", "dropped")


@dataclass(frozen=True)
class CaptionsForm:
    """What stands in the form for captions: a language's tag, and how to move them in time, as it was typed."""

    language: str = "zh-CN"
    offset_s: str = ""
    rate: str = "1"

    @staticmethod
    def of(fields: Fields) -> "CaptionsForm":
        """Return what was sent."""
        return CaptionsForm(fields["language"], fields["offset_s"][:20].strip(), fields["rate"][:20] or "1")

    def retiming(self) -> Retiming | None:
        """Return the retiming; None where it is no number or beyond what is taken. `−2,5` is one too."""
        offset, rate = (_number(text) for text in (self.offset_s or "0", self.rate))
        if offset is None or abs(offset) > MAX_OFFSET_S or rate is None or not MIN_RATE <= rate <= MAX_RATE:
            return None
        return Retiming(offset, rate)


def _number(text: str) -> float | None:
    text = text.replace("−", "-").replace("－", "-").replace(",", ".").replace("，", ".")
    value = float(text) if _NUMBER.fullmatch(text) else None
    return value if value is None or isfinite(value) else None


def address_of(lesson_id: str, language: str, reading: Reading) -> str:
    """Return where the page shows captions just stored, with what is known of their file only now."""
    told: dict[str, str | int] = {"said": "captions-added", "captions": language}
    told |= {"format": reading.format, "encoding": reading.encoding}
    told |= {name: getattr(reading, name) for name in _COUNTS if getattr(reading, name)}
    return f"/partner/lessons/{lesson_id}?{urlencode(told)}#captions-look"


def captions_look(
    session: Session, desk: Desk, request: Request, viewer: Viewer, lesson_id: str
) -> dict[str, Any] | None:
    """Return the first cues of the captions that the address names, and what to know of them; None for none."""
    tag = request.query_params.get("captions", "")
    if not tag:
        return None
    try:
        cues = stored_cues(session, desk.centre.store, viewer.person, lesson_id, tag)
    except CaptionUnknown:
        return None
    told = _told(request)
    remarks = remarks_on_reading(told) if told else []
    remarks += remarks_on_times(cues, duration_of(session, lesson_id))
    language = desk.pages.language(request)
    first = [
        {"start": clock_time(cue.start_ms / 1000), "lines": plain(cue.payload).split("\n")} for cue in cues[:FIRST_CUES]
    ]
    return {
        "tag": tag,
        "name": name_of_language(tag),
        "count": len(cues),
        "end": clock_time(cues[-1].end_ms / 1000),
        "format": told.format if told else None,
        "encoding": told.encoding if told else None,
        "remarks": [translate(remark.message, language, **remark.data) for remark in remarks],
        "first": first,
    }


def _told(request: Request) -> Reading | None:
    """Return how the file was understood, as `address_of` wrote it; None where somebody else wrote the address."""
    query = request.query_params
    if query.get("format") not in FORMATS or query.get("encoding") not in ENCODINGS:
        return None
    counts = {name: query.get(name, "0") for name in _COUNTS}
    if not all(re.fullmatch("[0-9]{1,5}", count) for count in counts.values()):
        return None
    numbers = {name: int(count) for name, count in counts.items()}
    return Reading(query["format"], query["encoding"], (), b"", **numbers)
