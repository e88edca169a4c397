"""Jobs: how far they are, and trying again."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request

from api.errors import language_of, problems
from api.security import CentreDep, PersonDep
from catalog.accounts.schemas import Person
from catalog.courses.errors import LessonUnknown
from catalog.courses.service import find_lesson
from catalog.formats.ids import Id
from catalog.formats.release import Media
from catalog.jobs import service
from catalog.jobs.errors import JobUnknown, NothingMade
from catalog.jobs.media import GivenUp
from catalog.jobs.progress import job_progress
from catalog.jobs.repository import jobs_of_lesson
from catalog.jobs.schemas import JobFacts
from catalog.look.language import translate
from catalog.overview.lessons import lessons_made

router = APIRouter(prefix="/api", tags=["jobs"], responses=problems(401, 404, 422, 503))


class JobFault(BaseModel):
    """Why a job failed: a stable code, and what was wrong and what to do, in your language."""

    code: str
    detail: str
    data: dict[str, Any]


class JobOut(JobFacts):
    """How far a job is: percent, content seconds per second (`rate`), seconds left (`eta_s`); null while unknown.

    `floors_ready`: the lesson can be published now, with the smallest pictures of every tier; better ones follow while
    the job goes on. `floors_eta_s` is in seconds until then. `given_up` says what is not made, or not as good as it
    might be, and why: `budget`, `source` (it is as small) or `gate` (not good enough however it was encoded).
    """

    fault: JobFault | None


class MadeOut(BaseModel):
    """What a release can hold of a lesson now, with what was measured on each rendition, and what was given up.

    `whole`: its job is done; until then better renditions may follow.
    """

    lesson_id: Id
    job_id: Id
    whole: bool
    media: Media
    given_up: list[GivenUp]


class Jobs(BaseModel):
    """A lesson's jobs, newest first."""

    jobs: list[JobOut]


def job_out(session: Session, request: Request, job_id: str) -> JobOut:
    """Return how far a job is, its fault in the reader's language. Raises JobUnknown."""
    progress = job_progress(session, job_id)
    fault = None
    if progress.fault is not None:
        detail = translate(progress.fault.message, language_of(request), **progress.fault.data)
        fault = JobFault(code=progress.fault.code, detail=detail, data=progress.fault.data)
    return JobOut.model_validate({**progress.model_dump(exclude={"fault"}), "fault": fault})


def _guard(session: Session, person: Person, job_id: str, *, change: bool) -> None:
    job = service.find_job(session, job_id)
    try:
        find_lesson(session, person, job.lesson_id, change=change)
    except LessonUnknown as error:
        raise JobUnknown(job=job_id) from error


@router.get("/lessons/{lesson_id}/jobs")
def list_jobs(lesson_id: Id, request: Request, person: PersonDep, centre: CentreDep) -> Jobs:
    """List a lesson's jobs, newest first."""
    with centre.session() as session:
        find_lesson(session, person, lesson_id)
        rows = sorted(jobs_of_lesson(session, lesson_id), key=lambda job: job.id, reverse=True)
        return Jobs(jobs=[job_out(session, request, row.id) for row in rows])


@router.get("/lessons/{lesson_id}/media")
def get_media(lesson_id: Id, person: PersonDep, centre: CentreDep) -> MadeOut:
    """Return what a release can hold of a lesson now. 404 until its floors are made."""
    with centre.session() as session:
        find_lesson(session, person, lesson_id)
        made = lessons_made(session, [lesson_id]).get(lesson_id)
    if made is None:
        raise NothingMade(lesson=lesson_id)
    return MadeOut(
        lesson_id=lesson_id, job_id=made.job_id, whole=made.whole, media=made.media, given_up=list(made.given_up)
    )


@router.get("/jobs/{job_id}")
def get_job(job_id: Id, request: Request, person: PersonDep, centre: CentreDep) -> JobOut:
    """Say how far a job is."""
    with centre.session() as session:
        _guard(session, person, job_id, change=False)
        return job_out(session, request, job_id)


@router.post("/jobs/{job_id}/retry", responses=problems(403, 409))
def retry_job(job_id: Id, request: Request, person: PersonDep, centre: CentreDep) -> JobOut:
    """Try a failed or cancelled job again; what it has done stays done.

    Where another job is at work on the same source by now, that one is returned.
    """
    with centre.session() as session:
        _guard(session, person, job_id, change=True)
        at_work = service.retry_job(session, job_id).id
        shown = job_out(session, request, at_work)
    with centre.session() as session:
        service.ring_job(session, centre.doorbell, at_work)
    return shown


@router.post("/jobs/{job_id}/cancel", responses=problems(403, 409))
def cancel_job(job_id: Id, request: Request, person: PersonDep, centre: CentreDep) -> JobOut:
    """Stop a job."""
    with centre.session() as session:
        _guard(session, person, job_id, change=True)
        service.cancel_job(session, job_id)
        return job_out(session, request, job_id)
