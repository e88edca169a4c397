"""Uploading sources straight to the object store.

1. `POST /api/lessons/{id}/sources` with name, size and type of the file begins an upload, or finds the one begun.
2. `GET /api/sources/{id}/parts` says which parts are there; `POST /api/sources/{id}/part-urls` where to PUT others.
3. `POST /api/sources/{id}/complete` makes the file whole and starts the job.
"""

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request

from api.errors import problems
from api.routes.jobs import JobOut, job_out
from api.security import CentreDep, PersonDep
from catalog.courses import uploads
from catalog.courses.models import Source, SourceKind
from catalog.courses.schemas import PartHeld, PartNumbers, PartUrl, SourceIn, SourceOut
from catalog.formats.ids import Id
from catalog.jobs.models import Job
from catalog.jobs.repository import jobs_of_lesson
from catalog.jobs.service import create_job, job_for_deck, ring_job

router = APIRouter(prefix="/api", tags=["sources"], responses=problems(401, 403, 404, 422, 503))


class Sources(BaseModel):
    """A lesson's sources, newest first."""

    sources: list[SourceOut]


class PartsHeld(BaseModel):
    """The parts that the store has whole."""

    parts: list[PartHeld]


class PartUrls(BaseModel):
    """Where to PUT each part."""

    urls: list[PartUrl]


class Completed(BaseModel):
    """A source that is whole, and the job that works on it; null for a deck whose lesson has no recording yet."""

    source: SourceOut
    job: JobOut | None


@router.get("/lessons/{lesson_id}/sources")
def list_sources(lesson_id: Id, person: PersonDep, centre: CentreDep) -> Sources:
    """List a lesson's sources; one that is `uploading` can be gone on with."""
    with centre.session() as session:
        return Sources(sources=uploads.sources_of_lesson(session, person, lesson_id))


@router.post("/lessons/{lesson_id}/sources", status_code=201)
def start_source(lesson_id: Id, new: SourceIn, person: PersonDep, centre: CentreDep) -> SourceOut:
    """Begin an upload. The same file (name and size) again gives the upload that was begun."""
    with centre.session() as session:
        return uploads.source_out(uploads.start_source(session, centre.store, person, lesson_id, new))


@router.get("/sources/{source_id}", responses=problems(409))
def get_source(source_id: Id, person: PersonDep, centre: CentreDep) -> SourceOut:
    """Return a source."""
    with centre.session() as session:
        return uploads.source_out(uploads.find_source(session, person, source_id))


@router.get("/sources/{source_id}/parts", responses=problems(409, 410))
def list_parts(source_id: Id, person: PersonDep, centre: CentreDep) -> PartsHeld:
    """List the parts that the store has whole; the rest is still to be sent."""
    with centre.session() as session:
        return PartsHeld(parts=uploads.parts_held(session, centre.store, person, source_id))


@router.post("/sources/{source_id}/part-urls", responses=problems(409))
def part_urls(source_id: Id, wanted: PartNumbers, person: PersonDep, centre: CentreDep) -> PartUrls:
    """Return where to PUT parts (up to 100 at once), each for an hour."""
    with centre.session() as session:
        return PartUrls(urls=uploads.part_urls(session, centre.store, person, source_id, wanted.numbers))


@router.post("/sources/{source_id}/complete", responses=problems(409, 410))
def complete_source(source_id: Id, request: Request, person: PersonDep, centre: CentreDep) -> Completed:
    """Make the file whole and start its job. Once more is harmless: it returns the same job.

    A deck goes to the job of its lesson's recording; where that was encoded already, a new job begins.
    """
    with centre.session() as session:
        source, is_new = uploads.complete_source(session, centre.store, person, source_id)
        job = _job_of(session, source, is_new)
        shown = job_out(session, request, job.id) if job else None
    if job is not None:
        with centre.session() as session:
            ring_job(session, centre.doorbell, job.id)
    return Completed(source=uploads.source_out(source), job=shown)


def _job_of(session: Session, source: Source, is_new: bool) -> Job | None:
    """Return the job that a source which has become whole belongs to, made if it `is_new`."""
    jobs = [] if is_new else list(jobs_of_lesson(session, source.lesson_id))
    if source.kind == SourceKind.DECK:
        return job_for_deck(session, source.lesson_id) if is_new else max(jobs, key=lambda each: each.id, default=None)
    mine = [job for job in jobs if job.source_id == source.id]
    return max(mine, key=lambda each: each.id) if mine else create_job(session, source.lesson_id, source.id)


@router.delete("/lessons/{lesson_id}/deck", status_code=204, response_class=Response)
def remove_deck(lesson_id: Id, person: PersonDep, centre: CentreDep) -> None:
    """Leave the deck out of the lesson's next job."""
    with centre.session() as session:
        uploads.remove_decks(session, person, lesson_id)


@router.delete("/sources/{source_id}", responses=problems(409))
def abandon_source(source_id: Id, person: PersonDep, centre: CentreDep) -> SourceOut:
    """Give an upload up and free its parts."""
    with centre.session() as session:
        return uploads.source_out(uploads.abandon_source(session, centre.store, person, source_id))
