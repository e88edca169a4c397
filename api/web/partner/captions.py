"""The forms for a lesson's captions: adding and removing."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.web.caption_views import CaptionsForm, address_of
from api.web.desk import Faults, TheDesk, TheForm, ThePartner, see_other
from api.web.partner.lessons import show_lesson
from catalog.courses.captions.cues import MAX_OFFSET_S
from catalog.courses.captions.errors import BadCaption, CaptionTooLarge
from catalog.courses.captions.service import delete_caption, put_caption
from catalog.courses.languages import CAPTION_LANGUAGES
from catalog.formats.errors import N_, AppError
from catalog.look.language import translate, translate_error

NO_FILE = N_("Choose a captions file first.")
NO_LANGUAGE = N_("Choose the captions' language.")
NO_NUMBER = N_("Give a number of seconds, such as -2.5; %(limit)s at most.")

router = APIRouter(prefix="/partner/lessons/{lesson_id}/captions", include_in_schema=False)


@router.post("")
def add_captions(request: Request, desk: TheDesk, viewer: ThePartner, lesson_id: str, sent: TheForm) -> Response:
    """Store captions in place of any in that language, and show how they were understood."""
    language = desk.pages.language(request)
    form = CaptionsForm.of(sent.fields)
    retiming = form.retiming()
    faults = Faults()
    if sent.file is None or form.language not in CAPTION_LANGUAGES:
        why = NO_FILE if form.language in CAPTION_LANGUAGES else NO_LANGUAGE
        faults["captions"] = translate(why, language)
    if retiming is None:
        faults["offset_s"] = translate(NO_NUMBER, language, limit=MAX_OFFSET_S)
    if faults or sent.file is None:
        return show_lesson(request, desk, viewer, lesson_id, form, errors=faults)
    try:
        with desk.centre.session() as session:
            store = desk.centre.store
            _, reading = put_caption(session, store, viewer.person, lesson_id, form.language, "", sent.file, retiming)
    except (BadCaption, CaptionTooLarge) as error:
        faults["captions"] = translate_error(error, language)
        return show_lesson(request, desk, viewer, lesson_id, form, errors=faults)
    except AppError as error:
        return show_lesson(request, desk, viewer, lesson_id, form, error=error)
    return see_other(address_of(lesson_id, form.language, reading))


@router.post("/{language}/remove")
def remove_captions(desk: TheDesk, viewer: ThePartner, lesson_id: str, language: str, _sent: TheForm) -> Response:
    """Leave captions out of the next release."""
    with desk.centre.session() as session:
        delete_caption(session, viewer.person, lesson_id, language)
    return see_other(f"/partner/lessons/{lesson_id}?said=captions-removed")
