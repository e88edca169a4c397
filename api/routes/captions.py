"""Captions of lessons: WebVTT, SubRip, TTML or ASS in, small WebVTT files out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel
from starlette.requests import Request

from api.errors import language_of, problems
from api.security import CentreDep, PersonDep
from catalog.courses.captions import service
from catalog.courses.captions.cues import MAX_OFFSET_S, MAX_RATE, MIN_RATE, Retiming
from catalog.courses.captions.markup import plain
from catalog.courses.captions.remarks import FIRST_CUES, remarks_on_reading, remarks_on_times
from catalog.courses.schemas import CaptionOut, CaptionRead, CueOut, RemarkOut
from catalog.formats.ids import Id
from catalog.formats.release import Language
from catalog.look.language import translate
from catalog.names import Label
from catalog.publishing.repository import duration_of

router = APIRouter(prefix="/api", tags=["captions"], responses=problems(401, 403, 404, 422, 503))


class Captions(BaseModel):
    """A lesson's captions by language."""

    captions: list[CaptionOut]


@router.get("/lessons/{lesson_id}/captions")
def list_captions(lesson_id: Id, person: PersonDep, centre: CentreDep) -> Captions:
    """List a lesson's captions by language."""
    with centre.session() as session:
        rows = service.captions_of_lesson(session, person, lesson_id)
    return Captions(captions=[CaptionOut.model_validate(row.model_dump()) for row in rows])


async def raw_body(request: Request) -> bytes:
    """Return the request's body, whatever type the client calls it."""
    return await request.body()


CAPTIONS_FILE = {
    "requestBody": {
        "required": True,
        "description": "the captions file, 1 MB at most; its format and encoding are recognised by what is in it",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("text/vtt", "application/x-subrip", "application/ttml+xml", "text/x-ssa")
        },
    }
}


def retiming(
    offset_s: Annotated[
        float, Query(ge=-MAX_OFFSET_S, le=MAX_OFFSET_S, description="seconds to add to every time, after the rate")
    ] = 0.0,
    rate: Annotated[
        float, Query(ge=MIN_RATE, le=MAX_RATE, description="what to multiply every time by: 0.95904 from 23.976 to 25")
    ] = 1.0,
) -> Retiming:
    """Return how the captions are to be moved in time."""
    return Retiming(offset_s, rate)


@router.put("/lessons/{lesson_id}/captions/{language}", responses=problems(413), openapi_extra=CAPTIONS_FILE)
def put_captions(
    request: Request,
    lesson_id: Id,
    language: Annotated[Language, Path()],
    data: Annotated[bytes, Depends(raw_body)],
    moved: Annotated[Retiming, Depends(retiming)],
    person: PersonDep,
    centre: CentreDep,
    name: Annotated[Label, Query(description="what the player shows; the language's own name if left out")] = "",
) -> CaptionRead:
    """Store captions in one language, in place of any before; kept as WebVTT, and cue by cue checked.

    WebVTT, SubRip, TTML (IMSC, DFXP) and ASS are taken, in UTF-8, UTF-16, GB18030, Big5 and others.
    """
    with centre.session() as session:
        row, reading = service.put_caption(session, centre.store, person, lesson_id, language, name, data, moved)
        remarks = remarks_on_reading(reading) + remarks_on_times(reading.cues, duration_of(session, lesson_id))
        stored = CaptionOut.model_validate(row.model_dump())
    reader = language_of(request)
    return CaptionRead(
        **stored.model_dump(),
        format=reading.format,
        encoding=reading.encoding,
        cues=len(reading.cues),
        first=[CueOut(start_ms=c.start_ms, end_ms=c.end_ms, text=plain(c.payload)) for c in reading.cues[:FIRST_CUES]],
        remarks=[RemarkOut(code=r.code, detail=translate(r.message, reader, **r.data)) for r in remarks],
    )


@router.delete("/lessons/{lesson_id}/captions/{language}", status_code=204, response_class=Response)
def delete_captions(lesson_id: Id, language: Annotated[Language, Path()], person: PersonDep, centre: CentreDep) -> None:
    """Leave captions out of the next release."""
    with centre.session() as session:
        service.delete_caption(session, person, lesson_id, language)
