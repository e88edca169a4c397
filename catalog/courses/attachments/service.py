"""Attachments of lessons: looked at, cut, stored as blobs; a file takes the place of another of its name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import structlog
from sqlmodel import Session

from catalog.accounts.schemas import Person
from catalog.courses import repository
from catalog.courses.attachments.errors import (
    AttachmentEmpty,
    AttachmentTooLarge,
    AttachmentUnknown,
    BadFileName,
    TooManyAttachments,
)
from catalog.courses.attachments.kinds import kind_of
from catalog.courses.models import Attachment
from catalog.courses.service import find_lesson
from catalog.formats.attachments import PART_BYTES, check_file_name, cut
from catalog.formats.hashing import sha256_hex
from catalog.storage.base import Bucket, ObjectStore

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Limits:
    """What a centre takes: bytes of a file, and files of a lesson."""

    bytes: int
    count: int


def put_attachment(
    session: Session, store: ObjectStore, person: Person, lesson_id: str, name: str, data: bytes, limits: Limits
) -> Attachment:
    """Store a file with a lesson, in place of any of that name; the row is written when all of it is stored.

    Raises LessonUnknown, NotAllowed, TooManyAttachments, AttachmentTooLarge, BadAttachment.
    """
    lesson = find_lesson(session, person, lesson_id, change=True)
    kind = _look_at(name, data, limits)
    repository.lesson(session, lesson.id, lock=True)  # two files at once are counted one after the other
    attachment = repository.attachment(session, lesson.id, name)
    if attachment is None and len(repository.attachments_of(session, [lesson.id])) >= limits.count:
        raise TooManyAttachments(limit=limits.count)
    digest, parts = sha256_hex(data), cut(data)
    digests = [sha256_hex(part) for part in parts]
    for name_in_store, part in zip(digests, parts, strict=True):
        store.put(Bucket.PUBLIC, f"blobs/{name_in_store}", part)
    attachment = attachment or Attachment(
        lesson_id=lesson.id, name=name, type=kind, sha256=digest, length=len(data), parts=digests
    )
    attachment.type, attachment.sha256, attachment.length, attachment.parts = kind, digest, len(data), digests
    session.add(attachment)
    session.flush()
    log.info("attachment.stored", lesson=lesson.id, type=kind, bytes=len(data))
    return attachment


def _look_at(name: str, data: bytes, limits: Limits) -> str:
    """Return the file's media type."""
    try:
        check_file_name(name)
    except ValueError as error:
        raise BadFileName(name=name[:100]) from error
    if not data:
        raise AttachmentEmpty(name=name)
    if len(data) > limits.bytes:
        raise AttachmentTooLarge(name=name, size=len(data), limit=limits.bytes)
    return kind_of(name, data)


def attachments_of_lesson(session: Session, person: Person, lesson_id: str) -> Sequence[Attachment]:
    """Return a lesson's attachments by name. Raises LessonUnknown."""
    lesson = find_lesson(session, person, lesson_id)
    return repository.attachments_of(session, [lesson.id])


def find_attachment(session: Session, person: Person, lesson_id: str, name: str) -> Attachment:
    """Return a lesson's attachment. Raises LessonUnknown, AttachmentUnknown."""
    lesson = find_lesson(session, person, lesson_id)
    attachment = repository.attachment(session, lesson.id, name)
    if attachment is None:
        raise AttachmentUnknown(name=name[:100])
    return attachment


def stored_bytes(store: ObjectStore, parts: Sequence[str]) -> Iterator[bytes]:
    """Yield a file's parts from the store."""
    for digest in parts:
        yield store.get(Bucket.PUBLIC, f"blobs/{digest}", PART_BYTES)


def delete_attachment(session: Session, person: Person, lesson_id: str, name: str) -> None:
    """Leave a file out of the next release. Raises LessonUnknown, NotAllowed, AttachmentUnknown."""
    find_lesson(session, person, lesson_id, change=True)
    session.delete(find_attachment(session, person, lesson_id, name))
