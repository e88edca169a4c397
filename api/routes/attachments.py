"""Attachments of lessons: worksheets and the like, kept as they are."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from api.errors import problems
from api.routes.captions import raw_body
from api.security import CentreDep, PersonDep
from catalog.courses.attachments import service
from catalog.courses.schemas import AttachmentOut
from catalog.formats.attachments import KINDS
from catalog.formats.ids import Id

router = APIRouter(prefix="/api", tags=["attachments"], responses=problems(401, 403, 404, 422, 503))

FileNameInPath = Annotated[str, Path(description="the file's name, percent-encoded", examples=["课堂练习.pdf"])]
BINARY_SCHEMA = {"schema": {"type": "string", "format": "binary"}}
ATTACHED_FILE = {
    "requestBody": {
        "required": True,
        "description": "the file; what it is is recognised by what is in it, and its name must agree",
        "content": dict.fromkeys(KINDS, BINARY_SCHEMA),
    }
}


class Attachments(BaseModel):
    """A lesson's attachments by name."""

    attachments: list[AttachmentOut]


@router.get("/lessons/{lesson_id}/attachments")
def list_attachments(lesson_id: Id, person: PersonDep, centre: CentreDep) -> Attachments:
    """List a lesson's attachments by name."""
    with centre.session() as session:
        rows = service.attachments_of_lesson(session, person, lesson_id)
    return Attachments(attachments=[AttachmentOut.model_validate(row.model_dump()) for row in rows])


@router.get(
    "/lessons/{lesson_id}/attachments/{name}",
    response_class=StreamingResponse,
    responses={200: {"description": "the file", "content": dict.fromkeys(KINDS, BINARY_SCHEMA)}},
)
def get_attachment(lesson_id: Id, name: FileNameInPath, person: PersonDep, centre: CentreDep) -> StreamingResponse:
    """Return a file as it was sent, to keep and not to show."""
    with centre.session() as session:
        found = service.find_attachment(session, person, lesson_id, name)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
        "Content-Length": str(found.length),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }
    return StreamingResponse(service.stored_bytes(centre.store, found.parts), headers=headers, media_type=found.type)


@router.put("/lessons/{lesson_id}/attachments/{name}", responses=problems(409, 413), openapi_extra=ATTACHED_FILE)
def put_attachment(
    lesson_id: Id,
    name: FileNameInPath,
    person: PersonDep,
    centre: CentreDep,
    data: Annotated[bytes, Depends(raw_body)],
) -> AttachmentOut:
    """Attach a file to a lesson, in place of any of that name. It reaches classrooms with the next release.

    Taken are PDF, DOCX, XLSX, PPTX, ODT, ODS, ODP, JPEG, PNG, GIF, WebP, TXT and ZIP, none with programs or macros.
    """
    with centre.session() as session:
        limits = centre.settings.attachment_limits
        row = service.put_attachment(session, centre.store, person, lesson_id, name, data, limits)
        return AttachmentOut.model_validate(row.model_dump())


@router.delete("/lessons/{lesson_id}/attachments/{name}", status_code=204, response_class=Response)
def delete_attachment(lesson_id: Id, name: FileNameInPath, person: PersonDep, centre: CentreDep) -> None:
    """Leave a file out of the next release."""
    with centre.session() as session:
        service.delete_attachment(session, person, lesson_id, name)
