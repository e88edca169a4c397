"""Uploading sources straight to the object store.

1. `POST /api/lessons/{id}/sources` with name, size and type of the file begins an upload, or finds the one begun.
2. `GET /api/sources/{id}/parts` says which parts are there; `POST /api/sources/{id}/part-urls` where to PUT others.
3. `POST /api/sources/{id}/complete` makes the file whole and starts the job.
"""

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request

from api.errors import problems
from api.routes.jobs import JobOut, job_out
from api.security import CentreDep, PersonDep
from catalog.courses import uploads
from catalog.courses.schemas import PartHeld, PartNumbers, PartUrl, SourceIn, SourceOut
from catalog.formats.ids import Id
from catalog.jobs.repository import jobs_of_lesson
from catalog.jobs.service import create_job, ring_job

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
    """A source that is whole, and the job that works on it."""

    source: SourceOut
    job: JobOut


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
    """Make the file whole and start its job. Once more is harmless: it returns the same job."""
    with centre.session() as session:
        source, is_new = uploads.complete_source(session, centre.store, person, source_id)
        jobs = (
            [] if is_new else [job for job in jobs_of_lesson(session, source.lesson_id) if job.source_id == source.id]
        )
        job = max(jobs, key=lambda each: each.id) if jobs else create_job(session, source.lesson_id, source.id)
        shown = job_out(session, request, job.id)
    with centre.session() as session:
        ring_job(session, centre.doorbell, job.id)
    return Completed(source=uploads.source_out(source), job=shown)


@router.delete("/sources/{source_id}", responses=problems(409))
def abandon_source(source_id: Id, person: PersonDep, centre: CentreDep) -> SourceOut:
    """Give an upload up and free its parts."""
    with centre.session() as session:
        return uploads.source_out(uploads.abandon_source(session, centre.store, person, source_id))
