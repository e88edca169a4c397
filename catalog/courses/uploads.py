"""Sources on their way into the store: in parts, by addresses that the store checks, never through this program.

The store knows which parts it has, so an upload goes on after a reload, a crash or a week: whoever starts the same
file (name and size) for the same lesson again gets the upload that was begun.
"""

import structlog
from sqlmodel import Session

from catalog.accounts.schemas import Person
from catalog.courses import repository
from catalog.courses.errors import (
    NoSuchPart,
    NotADeckFile,
    PartsMissing,
    SourceEmpty,
    SourceNotUploading,
    SourceTooLarge,
    SourceUnknown,
    SourceWrongSize,
)
from catalog.courses.models import Source, SourceKind, SourceState
from catalog.courses.schemas import PartHeld, PartUrl, SourceIn, SourceOut
from catalog.courses.service import find_lesson, may_change, may_see
from catalog.db import utc_now
from catalog.formats.ids import new_id
from catalog.storage.base import Bucket, NoSuchUpload, ObjectStore, UploadPart

log = structlog.get_logger(__name__)

MAX_SOURCE_BYTES = 256 << 30
MAX_DECK_BYTES = 500_000_000
DECK_ENDINGS = (".pdf", ".pptx")
SMALLEST_PART = 8 << 20
MOST_PARTS = 9_000
_MIB = 1 << 20


def part_size_for(size: int) -> int:
    """Return the part size in bytes for a file of `size` bytes: 8 MiB, or so much that S3's 10,000 parts do."""
    needed = -(-size // MOST_PARTS)
    return max(SMALLEST_PART, -(-needed // _MIB) * _MIB)


def part_count(source: Source) -> int:
    """Return into how many parts the file is cut."""
    return -(-source.size // source.part_size)


def part_length(source: Source, number: int) -> int:
    """Return the length in bytes of part `number` (from 1)."""
    return min(source.part_size, source.size - (number - 1) * source.part_size)


def source_out(source: Source) -> SourceOut:
    """Return what the outside says of a source."""
    return SourceOut.model_validate({**source.model_dump(), "parts": part_count(source)})


def start_source(session: Session, store: ObjectStore, person: Person, lesson_id: str, new: SourceIn) -> Source:
    """Begin an upload, or give back the one that was begun.

    Raises LessonUnknown, SourceEmpty, SourceTooLarge, NotADeckFile.
    """
    lesson = find_lesson(session, person, lesson_id, change=True)
    limit = MAX_DECK_BYTES if new.kind is SourceKind.DECK else MAX_SOURCE_BYTES
    if new.size == 0:
        raise SourceEmpty(name=new.name)
    if new.size > limit:
        raise SourceTooLarge(name=new.name, size=new.size, limit=limit)
    if new.kind is SourceKind.DECK and not new.name.lower().endswith(DECK_ENDINGS):
        raise NotADeckFile(name=new.name)
    begun = repository.unfinished_source(session, lesson.id, new.kind, new.name, new.size)
    if begun is not None and _is_known(store, begun):
        return begun
    source_id = new_id()
    key = f"sources/{source_id}"
    source = Source(
        id=source_id,
        lesson_id=lesson.id,
        kind=new.kind,
        name=new.name,
        content_type=new.content_type,
        size=new.size,
        object_key=key,
        upload_id=store.start_upload(Bucket.SOURCES, key, new.content_type),
        part_size=part_size_for(new.size),
    )
    session.add(source)
    session.flush()
    log.info("source.started", source=source.id, lesson=lesson.id, size=new.size)
    return source


def _is_known(store: ObjectStore, source: Source) -> bool:
    try:
        store.list_parts(Bucket.SOURCES, source.object_key, source.upload_id)
    except NoSuchUpload:
        source.state = SourceState.ABANDONED
        return False
    return True


def find_source(
    session: Session, person: Person, source_id: str, *, change: bool = False, lock: bool = False
) -> Source:
    """Return a source that the person may see, or `change`. Raises SourceUnknown."""
    source = repository.source(session, source_id, lock=lock)
    lesson = repository.lesson(session, source.lesson_id) if source else None
    allowed = may_change if change else may_see
    if source is None or lesson is None or not allowed(person, lesson.partner_id):
        raise SourceUnknown(source=source_id)
    return source


def part_urls(
    session: Session, store: ObjectStore, person: Person, source_id: str, numbers: list[int]
) -> list[PartUrl]:
    """Return where to PUT these parts. Raises SourceUnknown, SourceNotUploading, NoSuchPart."""
    source = _uploading(find_source(session, person, source_id, change=True))
    parts = part_count(source)
    urls = []
    for number in sorted(set(numbers)):
        if not 1 <= number <= parts:
            raise NoSuchPart(parts=parts, number=number)
        url = store.presign_part(Bucket.SOURCES, source.object_key, source.upload_id, number)
        start = (number - 1) * source.part_size
        urls.append(PartUrl(number=number, url=url, start=start, length=part_length(source, number)))
    return urls


def parts_held(session: Session, store: ObjectStore, person: Person, source_id: str) -> list[PartHeld]:
    """Return the parts that the store has whole; all others are still to be sent.

    Raises SourceUnknown, SourceNotUploading, NoSuchUpload.
    """
    source = _uploading(find_source(session, person, source_id, change=True))
    held = _whole_parts(store, source)
    return [PartHeld(number=part.number, length=part.length) for part in held.values()]


def _whole_parts(store: ObjectStore, source: Source) -> dict[int, UploadPart]:
    found = store.list_parts(Bucket.SOURCES, source.object_key, source.upload_id)
    count = part_count(source)
    return {p.number: p for p in found if p.number <= count and p.length == part_length(source, p.number)}


def complete_source(session: Session, store: ObjectStore, person: Person, source_id: str) -> tuple[Source, bool]:
    """Make the file whole in the store. Return the source, and whether this call did it (a job is then due).

    Completing twice is harmless, also when the first answer was lost. Raises SourceUnknown, SourceNotUploading,
    PartsMissing, SourceWrongSize, NoSuchUpload.
    """
    source = find_source(session, person, source_id, change=True, lock=True)
    if source.state == SourceState.UPLOADED:
        return source, False
    _uploading(source)
    try:
        held = _whole_parts(store, source)
        _require_all(source, held)
        wanted = [held[number] for number in range(1, part_count(source) + 1)]
        store.complete_upload(Bucket.SOURCES, source.object_key, source.upload_id, wanted)
    except NoSuchUpload:
        # The store may have completed it while our transaction was lost; its size tells.
        if store.stat(Bucket.SOURCES, source.object_key) is None:
            raise
    found = store.stat(Bucket.SOURCES, source.object_key)
    if found is None or found.length != source.size:
        raise SourceWrongSize(name=source.name, length=found.length if found else 0, size=source.size)
    source.state, source.uploaded_at = SourceState.UPLOADED, utc_now()
    session.add(source)
    session.flush()
    log.info("source.uploaded", source=source.id, lesson=source.lesson_id, size=source.size)
    return source, True


def _require_all(source: Source, held: dict[int, UploadPart]) -> None:
    count = part_count(source)
    missing = [number for number in range(1, count + 1) if number not in held]
    if missing:
        raise PartsMissing(count=len(missing), parts=count, first=missing[0])


def abandon_source(session: Session, store: ObjectStore, person: Person, source_id: str) -> Source:
    """Give an upload up and free its parts; once more is harmless. Raises SourceUnknown, SourceNotUploading."""
    source = find_source(session, person, source_id, change=True, lock=True)
    if source.state == SourceState.UPLOADED:
        raise SourceNotUploading(state=source.state)
    store.abort_upload(Bucket.SOURCES, source.object_key, source.upload_id)
    source.state = SourceState.ABANDONED
    session.add(source)
    return source


def deck_of_lesson(session: Session, person: Person, lesson_id: str) -> SourceOut | None:
    """Return the deck that belongs to the lesson's next job. Raises LessonUnknown."""
    find_lesson(session, person, lesson_id)
    deck = repository.newest_whole(session, lesson_id, SourceKind.DECK)
    return source_out(deck) if deck else None


def remove_decks(session: Session, person: Person, lesson_id: str) -> None:
    """Leave the deck out of the lesson's next job, and any that it replaced. Once more is harmless.

    The file stays in the store, as every source does: a job that is at work may be reading it. Raises LessonUnknown.
    """
    lesson = find_lesson(session, person, lesson_id, change=True)
    for source in repository.sources_of(session, lesson.id):
        if source.kind == SourceKind.DECK and source.state == SourceState.UPLOADED:
            source.state = SourceState.ABANDONED
            session.add(source)
            log.info("deck.removed", source=source.id, lesson=lesson.id)


def _uploading(source: Source) -> Source:
    if source.state != SourceState.UPLOADING:
        raise SourceNotUploading(state=source.state)
    return source


def sources_of_lesson(session: Session, person: Person, lesson_id: str) -> list[SourceOut]:
    """Return a lesson's sources, newest first. Raises LessonUnknown."""
    find_lesson(session, person, lesson_id)
    return [source_out(source) for source in repository.sources_of(session, lesson_id)]
