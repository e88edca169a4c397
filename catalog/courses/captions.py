"""Captions of lessons: checked, stored as blobs, one file a language."""

from collections.abc import Sequence

import structlog
from sqlmodel import Session

from catalog.accounts.schemas import Person
from catalog.courses import repository
from catalog.courses.errors import CaptionUnknown
from catalog.courses.languages import name_of_language
from catalog.courses.models import Caption
from catalog.courses.service import find_lesson
from catalog.courses.webvtt import check_webvtt
from catalog.formats.hashing import sha256_hex
from catalog.storage.base import Bucket, ObjectStore

log = structlog.get_logger(__name__)


def put_caption(
    session: Session, store: ObjectStore, person: Person, lesson_id: str, language: str, name: str, data: bytes
) -> Caption:
    """Store captions in place of any in that language. Raises LessonUnknown, CaptionTooLarge, BadCaption.

    `language` is a BCP 47 tag (`catalog.formats.release.Language`); `name` is what the player shows; empty, it is
    the language's own name.
    """
    lesson = find_lesson(session, person, lesson_id, change=True)
    name = name or name_of_language(language)
    cues = check_webvtt(data)
    digest = sha256_hex(data)
    store.put(Bucket.PUBLIC, f"blobs/{digest}", data, "text/vtt; charset=utf-8")
    caption = repository.caption(session, lesson.id, language) or Caption(
        lesson_id=lesson.id, language=language, name=name, sha256=digest, length=len(data)
    )
    caption.name, caption.sha256, caption.length = name, digest, len(data)
    session.add(caption)
    session.flush()
    log.info("caption.stored", lesson=lesson.id, language=language, cues=cues)
    return caption


def captions_of_lesson(session: Session, person: Person, lesson_id: str) -> Sequence[Caption]:
    """Return a lesson's captions by language. Raises LessonUnknown."""
    lesson = find_lesson(session, person, lesson_id)
    return repository.captions_of(session, [lesson.id])


def delete_caption(session: Session, person: Person, lesson_id: str, language: str) -> None:
    """Leave captions out of the next release. Raises LessonUnknown, CaptionUnknown."""
    lesson = find_lesson(session, person, lesson_id, change=True)
    if not repository.delete_caption(session, lesson.id, language):
        raise CaptionUnknown(language=language)
