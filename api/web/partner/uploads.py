"""What upload.js asks: begin, which parts are there, where to send the next ones, done. Answers are JSON.

The bytes themselves go from the browser to the object store; nothing of them passes through here.
"""

import re
from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from api.security import CSRF_HEADER, guard_cookie
from api.web.desk import TheDesk, ThePartner
from api.web.views import one_line
from catalog.courses import uploads
from catalog.courses.models import SourceKind
from catalog.courses.schemas import CONTENT_TYPE, PartNumbers, SourceIn
from catalog.jobs.service import create_job, job_for_deck, ring_job


def from_our_page(request: Request) -> None:
    """Make sure that our own script sent this. Raises ForeignOrigin."""
    guard_cookie(request, request.headers.get(CSRF_HEADER))


class Chosen(BaseModel):
    """The file that somebody chose, as the browser describes it; `size` in bytes."""

    name: str = Field(max_length=1000)
    size: int = Field(ge=0, le=1 << 53)
    content_type: str = Field(max_length=100)
    kind: SourceKind = SourceKind.RECORDING


router = APIRouter(prefix="/partner", include_in_schema=False, dependencies=[Depends(from_our_page)])


@router.post("/lessons/{lesson_id}/uploads")
def begin(desk: TheDesk, viewer: ThePartner, lesson_id: str, chosen: Chosen) -> dict[str, Any]:
    """Begin an upload, or go on with the one of the same file: say how to cut it and which parts are there."""
    kind = chosen.content_type if re.match(CONTENT_TYPE, chosen.content_type) else "application/octet-stream"
    new = SourceIn(name=one_line(chosen.name) or "video", size=chosen.size, content_type=kind, kind=chosen.kind)
    with desk.centre.session() as session:
        source = uploads.start_source(session, desk.centre.store, viewer.person, lesson_id, new)
    with desk.centre.session() as session:
        held = uploads.parts_held(session, desk.centre.store, viewer.person, source.id)
    return {
        "source": source.id,
        "part_size": source.part_size,
        "parts": [part.number for part in held],
        "base": f"/partner/uploads/{source.id}",
    }


@router.post("/uploads/{source_id}/parts")
def addresses(desk: TheDesk, viewer: ThePartner, source_id: str, wanted: PartNumbers) -> dict[str, Any]:
    """Return where to PUT these parts, for an hour."""
    with desk.centre.session() as session:
        urls = uploads.part_urls(session, desk.centre.store, viewer.person, source_id, wanted.numbers)
    return {"urls": {part.number: part.url for part in urls}}


@router.post("/uploads/{source_id}/complete")
def complete(desk: TheDesk, viewer: ThePartner, source_id: str) -> dict[str, Any]:
    """Make the file whole and have it encoded; once more is harmless."""
    with desk.centre.session() as session:
        source, is_new = uploads.complete_source(session, desk.centre.store, viewer.person, source_id)
        deck = source.kind == SourceKind.DECK
        job = None
        if is_new:
            job = job_for_deck(session, source.lesson_id) if deck else create_job(session, source.lesson_id, source.id)
    if job is not None:
        with desk.centre.session() as session:
            ring_job(session, desk.centre.doorbell, job.id)
    return {"next": f"/partner/lessons/{source.lesson_id}?said={'deck-uploaded' if deck else 'uploaded'}"}


@router.post("/uploads/{source_id}/abandon")
def abandon(desk: TheDesk, viewer: ThePartner, source_id: str) -> dict[str, Any]:
    """Give the upload up and free its parts."""
    with desk.centre.session() as session:
        uploads.abandon_source(session, desk.centre.store, viewer.person, source_id)
    return {}
