"""How far a job is, and when it will be done: from the weights of its tasks and how fast they went of late."""

from sqlmodel import Session

from catalog.jobs import repository
from catalog.jobs.media import GivenUp
from catalog.jobs.models import LIVE, Job, JobState, TaskKind
from catalog.jobs.schemas import Fault, JobProgress
from catalog.jobs.service import find_job

INGEST_SHARE, PACK_SHARE = 0.05, 0.05


def job_progress(session: Session, job_id: str) -> JobProgress:
    """Return how far the job is. Raises JobUnknown."""
    job = find_job(session, job_id)
    totals = repository.stage_totals(session, job_id)
    encode = totals.get(TaskKind.ENCODE)
    done = _share_done(totals)
    is_live = job.state in LIVE
    rate = eta = floors_eta = None
    if is_live and encode is not None and encode.recent > 0 and encode.recent_s > 0.5:
        weight_rate = encode.recent / encode.recent_s
        rate = weight_rate / encode.weight * (job.content_seconds or 0)
        encode_s = (encode.weight - encode.weight_done) / weight_rate
        eta = encode_s + PACK_SHARE * encode.weight / weight_rate
        if job.floors_at is None:
            first_s = (encode.first - encode.first_done) / weight_rate
            floors_eta = first_s + PACK_SHARE * encode.first / weight_rate
    return JobProgress(
        job_id=job.id,
        lesson_id=job.lesson_id,
        source_id=job.source_id,
        state=JobState(job.state),
        stage=_stage(totals) if is_live else None,
        percent=100.0 if job.state == JobState.DONE else round(100 * done, 1),
        rate=rate,
        eta_s=eta,
        content_seconds=job.content_seconds,
        segments_done=encode.tasks_done if encode else 0,
        segments=encode.tasks if encode else 0,
        floors_ready=is_publishable(job),
        floors_eta_s=floors_eta,
        given_up=tuple(GivenUp.model_validate(given) for given in job.given_up),
        fault=fault_kept(job),
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )


def is_publishable(job: Job) -> bool:
    """Say whether a release can hold what the job has made; what was cancelled is not wanted."""
    return job.media is not None and job.state != JobState.CANCELLED


def fault_kept(job: Job) -> Fault | None:
    """Return why a job failed, if it did."""
    if job.error_code is None or job.error_message is None:
        return None
    return Fault(code=job.error_code, message=job.error_message, data=job.error_data or {})


def _share_done(totals: dict[TaskKind, repository.StageTotals]) -> float:
    shares = {TaskKind.INGEST: INGEST_SHARE, TaskKind.ENCODE: 1 - INGEST_SHARE - PACK_SHARE, TaskKind.PACK: PACK_SHARE}
    done = sum(shares[kind] * sums.weight_done / sums.weight for kind, sums in totals.items() if sums.weight > 0)
    return min(done, 1.0)


def _stage(totals: dict[TaskKind, repository.StageTotals]) -> TaskKind:
    return next((k for k in TaskKind if k in totals and totals[k].tasks_done < totals[k].tasks), TaskKind.PACK)
