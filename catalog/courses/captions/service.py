"""Captions of lessons: read, stored as blobs, one file a language."""

from collections.abc import Sequence

import structlog
from sqlmodel import Session

from catalog.accounts.schemas import Person
from catalog.courses import repository
from catalog.courses.captions import webvtt
from catalog.courses.captions.cues import Cue, Retiming
from catalog.courses.captions.errors import CaptionUnknown
from catalog.courses.captions.reading import MAX_BYTES, Reading, read_captions
from catalog.courses.languages import name_of_language
from catalog.courses.models import Caption
from catalog.courses.service import find_lesson
from catalog.formats.hashing import sha256_hex
from catalog.storage.base import Bucket, ObjectStore

log = structlog.get_logger(__name__)


def put_caption(
    session: Session,
    store: ObjectStore,
    person: Person,
    lesson_id: str,
    language: str,
    name: str,
    data: bytes,
    retiming: Retiming | None = None,
) -> tuple[Caption, Reading]:
    """Store captions in place of any in that language, as canonical WebVTT, and say how the file was understood.

    `language` is a BCP 47 tag (`catalog.formats.release.Language`); `name` is what the player shows; empty, it is
    the language's own name. Raises LessonUnknown, CaptionTooLarge, BadCaption.
    """
    lesson = find_lesson(session, person, lesson_id, change=True)
    name = name or name_of_language(language)
    reading = read_captions(data, language, retiming)
    digest, length = sha256_hex(reading.data), len(reading.data)
    store.put(Bucket.PUBLIC, f"blobs/{digest}", reading.data, "text/vtt; charset=utf-8")
    caption = repository.caption(session, lesson.id, language) or Caption(
        lesson_id=lesson.id, language=language, name=name, sha256=digest, length=length
    )
    caption.name, caption.sha256, caption.length = name, digest, length
    session.add(caption)
    session.flush()
    log.info(
        "caption.stored",
        lesson=lesson.id,
        language=language,
        cues=len(reading.cues),
        format=reading.format,
        encoding=reading.encoding,
    )
    return caption, reading


def captions_of_lesson(session: Session, person: Person, lesson_id: str) -> Sequence[Caption]:
    """Return a lesson's captions by language. Raises LessonUnknown."""
    lesson = find_lesson(session, person, lesson_id)
    return repository.captions_of(session, [lesson.id])


def stored_cues(session: Session, store: ObjectStore, person: Person, lesson_id: str, language: str) -> list[Cue]:
    """Return the captions in a language as they are stored. Raises LessonUnknown, CaptionUnknown."""
    lesson = find_lesson(session, person, lesson_id)
    caption = repository.caption(session, lesson.id, language)
    if caption is None:
        raise CaptionUnknown(language=language)
    return webvtt.parse(store.get(Bucket.PUBLIC, f"blobs/{caption.sha256}", MAX_BYTES).decode())


def delete_caption(session: Session, person: Person, lesson_id: str, language: str) -> None:
    """Leave captions out of the next release. Raises LessonUnknown, CaptionUnknown."""
    lesson = find_lesson(session, person, lesson_id, change=True)
    if not repository.delete_caption(session, lesson.id, language):
        raise CaptionUnknown(language=language)
