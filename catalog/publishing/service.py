"""Making a release of a course: what goes in, who signs it, and when it is published."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from pydantic import ValidationError
from sqlmodel import Session

from catalog.accounts.schemas import Person
from catalog.accounts.service import find_partner
from catalog.courses import repository as courses_repository
from catalog.courses.models import PLACE_FIELDS, Course
from catalog.courses.models import Lesson as LessonRow
from catalog.courses.service import find_course
from catalog.db import utc_now
from catalog.formats.release import Attachment, Caption, Lesson, Media, Place, Release, first_fault
from catalog.publishing import repository
from catalog.publishing.errors import NotAName, NothingToPublish, PublicationOver, PublicationUnknown
from catalog.publishing.models import Publication, PublicationState
from catalog.publishing.schemas import LeftOut, PublicationOut
from catalog.publishing.signer_client import DraftState, Signer

log = structlog.get_logger(__name__)

SUPERSEDED = "superseded by a newer draft"
STILL_SIGNABLE = timedelta(days=2)


def publication_out(publication: Publication, left_out: Sequence[LeftOut] = ()) -> PublicationOut:
    """Return what the outside says of a publication."""
    return PublicationOut.model_validate({**publication.model_dump(exclude={"draft"}), "left_out": left_out})


def publish(session: Session, signer: Signer, person: Person, course_id: str) -> tuple[Publication, list[LeftOut]]:
    """Draft the course's next release and hand it to the signer. Return it and the lessons that are not ready.

    A draft that waits is given back where nothing changed since, and superseded otherwise. Nothing is kept where
    the signer does not take the draft. Raises CourseUnknown, NotAllowed, NothingToPublish, NotAName, SignerAway,
    SignerRefused.
    """
    # The row's lock makes two publishers at once two releases, one after the other.
    course = find_course(session, person, course_id, change=True, lock=True)
    release, left_out = draft_release(session, course, utc_now())
    for waiting in repository.awaiting(session, course_id):
        if _says_the_same(waiting, release):
            refresh(session, signer, waiting)
            return waiting, left_out
        waiting.state, waiting.reason = PublicationState.WITHDRAWN, SUPERSEDED
        session.add(waiting)
        session.flush()
    publication = Publication(
        course_id=course_id, number=release.number, draft=release.encoded(), lessons=len(release.lessons)
    )
    draft = signer.post_draft(publication.draft)
    publication.draft_id, publication.sign_url = draft.draft_id, draft.sign_url
    session.add(publication)
    session.flush()
    log.info("publication.drafted", publication=publication.id, course=course_id, number=release.number)
    return publication, left_out


def _says_the_same(waiting: Publication, release: Release) -> bool:
    old = Release.model_validate_json(waiting.draft)
    return release.model_copy(update={"number": old.number, "published": old.published}) == old


def draft_release(session: Session, course: Course, now: datetime) -> tuple[Release, list[LeftOut]]:
    """Return the next release of a course from what is ready, and the lessons that are not.

    A lesson takes the newest media that was finished: a correction that is at work, or failed, takes nothing away.
    Raises NothingToPublish, or NotAName where a text cannot go into a release.
    """
    rows = courses_repository.lessons_of(session, course.id)
    ids = [row.id for row in rows]
    media = repository.newest_media(session, ids)
    captions: dict[str, list[Caption]] = {}
    for row in courses_repository.captions_of(session, ids):
        made = Caption(language=row.language, name=row.name, sha256=row.sha256, length=row.length)
        captions.setdefault(row.lesson_id, []).append(made)
    attachments: dict[str, list[Attachment]] = {}
    for one in courses_repository.attachments_of(session, ids):
        attached = Attachment.model_validate(one.model_dump(include=set(Attachment.model_fields)))
        attachments.setdefault(one.lesson_id, []).append(attached)
    if not media:
        raise NothingToPublish
    try:
        release = Release(
            course=course.id,
            number=repository.last_number(session, course.id) + 1,
            partner=course.partner_id,
            partner_name=find_partner(session, course.partner_id).name,
            title=course.title,
            description=course.description,
            place=_place(course),
            published=now.replace(microsecond=0),
            lessons=tuple(
                Lesson(
                    id=row.id,
                    number=row.number,
                    title=row.title,
                    place=_place(row),
                    media=Media.model_validate(media[row.id]),
                    captions=tuple(captions.get(row.id, ())),
                    attachments=tuple(attachments.get(row.id, ())),
                )
                for row in rows
                if row.id in media
            ),
        )
    except ValidationError as error:
        raise NotAName(where=first_fault(error)) from error
    left_out = [LeftOut(lesson_id=r.id, number=r.number, title=r.title) for r in rows if r.id not in media]
    return release, left_out


def _place(row: Course | LessonRow) -> Place:
    return Place(**{name: getattr(row, name) for name in PLACE_FIELDS})


def find_publication(session: Session, person: Person, publication_id: str, *, change: bool = False) -> Publication:
    """Return a publication whose course the person may see, or `change`. Raises PublicationUnknown."""
    publication = repository.publication(session, publication_id, lock=change)
    if publication is None:
        raise PublicationUnknown(publication=publication_id)
    find_course(session, person, publication.course_id, change=change)
    return publication


def publications_of_course(session: Session, person: Person, course_id: str) -> Sequence[Publication]:
    """Return a course's publications, newest first. Raises CourseUnknown."""
    find_course(session, person, course_id)
    return repository.publications_of(session, course_id)


def unsettled_publications(session: Session, now: datetime) -> Sequence[str]:
    """Return the ids of publications of which the signer may have news: awaited ones, and those given up lately."""
    return repository.unsettled(session, now - STILL_SIGNABLE)


def refresh_one(session: Session, signer: Signer, publication_id: str) -> str | None:
    """Refresh a publication; return its course's id if it has just been published."""
    publication = repository.publication(session, publication_id, lock=True)
    if publication is None or not refresh(session, signer, publication):
        return None
    return publication.course_id


def refresh(session: Session, signer: Signer, publication: Publication) -> bool:
    """Ask the signer what became of a draft; say whether it has just been published.

    Raises SignerAway, SignerRefused. What the signer says is what holds, also for a draft that was withdrawn here.
    """
    if publication.state == PublicationState.PUBLISHED or publication.draft_id is None:
        return False
    draft = signer.draft_state(publication.draft_id)
    return _take(session, publication, draft)


def _take(session: Session, publication: Publication, draft: DraftState) -> bool:
    if draft.state == "waiting":
        return False
    if draft.state == "refused":
        publication.state = PublicationState.WITHDRAWN
        publication.reason = (draft.reason or "")[:1000]
    else:
        publication.state, publication.reason = PublicationState.PUBLISHED, ""
        publication.target_path, publication.published_at = draft.target_path, utc_now()
        log.info("publication.published", publication=publication.id, target=draft.target_path)
    session.add(publication)
    session.flush()
    return draft.state == "published"


def withdraw(session: Session, signer: Signer, person: Person, publication_id: str) -> Publication:
    """Give a draft up before it is signed. Raises PublicationUnknown, PublicationOver, SignerAway, SignerRefused."""
    publication = find_publication(session, person, publication_id, change=True)
    refresh(session, signer, publication)
    if publication.state != PublicationState.AWAITING_SIGNATURE:
        raise PublicationOver(state=publication.state)
    publication.state = PublicationState.WITHDRAWN
    session.add(publication)
    return publication
