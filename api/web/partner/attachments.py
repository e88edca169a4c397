"""The forms for a lesson's attachments: adding and removing."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.web.desk import Faults, TheDesk, TheForm, ThePartner, see_other
from api.web.partner.lessons import show_lesson
from catalog.courses.attachments.errors import AttachmentTooLarge, BadAttachment, TooManyAttachments
from catalog.courses.attachments.service import delete_attachment, put_attachment
from catalog.formats.errors import N_, AppError
from catalog.look.language import translate, translate_error

NO_FILE = N_("Choose a file first.")

router = APIRouter(prefix="/partner/lessons/{lesson_id}/attachments", include_in_schema=False)


@router.post("")
def add_attachment(request: Request, desk: TheDesk, viewer: ThePartner, lesson_id: str, sent: TheForm) -> Response:
    """Attach a file, in place of any of that name."""
    language = desk.pages.language(request)
    if sent.file is None:
        return show_lesson(
            request, desk, viewer, lesson_id, errors=Faults({"attachment": translate(NO_FILE, language)})
        )
    centre = desk.centre
    limits = centre.settings.attachment_limits
    try:
        with centre.session() as session:
            put_attachment(session, centre.store, viewer.person, lesson_id, sent.file_name, sent.file, limits)
    except (BadAttachment, AttachmentTooLarge, TooManyAttachments) as error:
        faults = Faults({"attachment": translate_error(error, language)})
        return show_lesson(request, desk, viewer, lesson_id, errors=faults)
    except AppError as error:
        return show_lesson(request, desk, viewer, lesson_id, error=error)
    return see_other(f"/partner/lessons/{lesson_id}?said=attached")


@router.post("/remove")
def remove_attachment(desk: TheDesk, viewer: ThePartner, lesson_id: str, sent: TheForm) -> Response:
    """Leave a file out of the next release."""
    with desk.centre.session() as session:
        delete_attachment(session, viewer.person, lesson_id, sent.fields["name"])
    return see_other(f"/partner/lessons/{lesson_id}?said=attachment-removed")
