"""The page of jobs, and trying one again."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.web.desk import Desk, TheDesk, TheForm, TheOps, see_other, show
from api.web.views import state_view
from catalog.formats.errors import N_
from catalog.jobs.models import LIVE, JobState, TaskKind, TaskState
from catalog.jobs.service import retry_job, ring_job
from catalog.jobs.turns import Queue, queue_lengths
from catalog.look.language import Language, translate
from catalog.overview.lessons import STAGES, list_jobs
from catalog.overview.schemas import JobRow, LessonStage, LessonState
from catalog.paging import parse_cursor

TABS = {
    "": (N_("All"), ()),
    "live": (N_("At work"), LIVE),
    "failed": (N_("Failed"), (JobState.FAILED,)),
    "done": (N_("Done"), (JobState.DONE,)),
}

router = APIRouter(prefix="/ops/jobs", include_in_schema=False)


@router.get("")
def jobs_page(request: Request, desk: TheDesk, viewer: TheOps, state: str = "", after: str = "") -> Response:
    """Show jobs, the newest first."""
    context = _jobs(request, desk, state if state in TABS else "", after)
    return show(request, desk, viewer, "ops/jobs.html", section="jobs", **context)


@router.get("/live")
def jobs_live(request: Request, desk: TheDesk, viewer: TheOps, state: str = "") -> Response:
    """Return just the first page of the list, for the page that watches it."""
    context = _jobs(request, desk, state if state in TABS else "", "")
    return show(request, desk, viewer, "ops/jobs_live.html", **context)


def _jobs(request: Request, desk: Desk, state: str, after: str) -> dict[str, Any]:
    language = desk.pages.language(request)
    with desk.centre.session() as session:
        page = list_jobs(session, TABS[state][1], parse_cursor(after))
        queues = queue_lengths(session)
    here = f"/ops/jobs?state={state}" if state else "/ops/jobs"
    return {
        "jobs": [_view(row, language) for row in page.rows],
        "queue": queue_words(queues, language),
        "tabs": [
            (value, translate(label, language), f"/ops/jobs?state={value}" if value else "/ops/jobs")
            for value, (label, _) in TABS.items()
        ],
        "chosen": state,
        "after": after,
        "live": here.replace("/ops/jobs", "/ops/jobs/live", 1),
        "next": f"/ops/jobs?state={state}&after={page.next}" if page.next else None,
        "first": here if after else None,
    }


QUEUES = (
    (N_("videos to look at"), TaskKind.INGEST, (True, False)),
    (N_("segments for thin lines"), TaskKind.ENCODE, (True,)),
    (N_("segments of better pictures"), TaskKind.ENCODE, (False,)),
    (N_("tracks to measure and pack"), TaskKind.PACK, (True, False)),
)


def queue_words(queues: Mapping[Queue, int], language: Language) -> list[tuple[int, str]]:
    """Return what waits and what is at work, as (figure, word); better pictures wait for the floors of a course."""
    waits = [
        (sum(queues.get(Queue(kind, TaskState.WAITING, first), 0) for first in firsts), translate(words, language))
        for words, kind, firsts in QUEUES
    ]
    at_work = sum(count for queue, count in queues.items() if queue.state is TaskState.RUNNING)
    return [*waits, (at_work, translate(N_("at work now"), language))]


def _view(row: JobRow, language: Language) -> dict[str, Any]:
    job = row.progress
    stage = STAGES.get(job.state, LessonStage.READY)
    state = LessonState(stage=stage, job=job, publishable=job.floors_ready)
    took = (job.finished_at - job.started_at).total_seconds() if job.finished_at and job.started_at else None
    return {
        "id": job.job_id,
        "lesson": row.lesson,
        "course": row.course,
        "partner": row.partner,
        "state": state_view(state, language),
        "since": job.created_at,
        "took_s": took,
    }


@router.post("/{job_id}/retry")
def retry(desk: TheDesk, viewer: TheOps, job_id: str, _sent: TheForm) -> Response:
    """Try a job again."""
    with desk.centre.session() as session:
        at_work = retry_job(session, job_id).id
    with desk.centre.session() as session:
        ring_job(session, desk.centre.doorbell, at_work)
    return see_other("/ops/jobs?said=retried")
