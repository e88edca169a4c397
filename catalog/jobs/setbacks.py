"""What becomes of a task that did not come to its end: it waits again, is cancelled, or fails with its job.

Every function runs within the caller's transaction.
"""

import structlog
from sqlmodel import Session

from catalog.formats.errors import AppError
from catalog.jobs import repository, turns
from catalog.jobs.errors import JobGaveUp
from catalog.jobs.models import LIVE, Job, JobState, Task, TaskState
from catalog.jobs.schemas import Fault, Lease

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 4
"""So often may a worker vanish in the middle of one task before a person has to look."""
MAX_OUTAGES = 40
"""So often is a task tried again while a server it needs is away: about half an hour with `outage_delay`."""


def _fault_of(error: AppError) -> Fault:
    """Return `error` as a row keeps it."""
    return Fault(code=error.code, message=error.message, data=error.data)


def fail_task(session: Session, lease: Lease, error: AppError) -> bool:
    """End task and job with `error`; a person decides about another try. False if the lease was lost."""
    job = repository.job(session, lease.job_id, lock=True)
    if job is None or repository.leased_task(session, lease.task_id, lease.holder) is None:
        return False
    _fail(session, lease.task_id, job, error)
    return True


def _fail(session: Session, task_id: str, job: Job, error: AppError) -> None:
    repository.end_task(session, task_id, TaskState.FAILED, None, _fault_of(error))
    if job.state in LIVE:
        repository.end_job(session, job.id, JobState.FAILED, _fault_of(error))
        log.warning("job.failed", job=job.id, task=task_id, code=error.code)


def give_up(session: Session, task: Task, job: Job) -> None:
    """Fail a task, and its job, that was begun too often."""
    _fail(session, task.id, job, JobGaveUp(attempts=task.attempts, kind=task.kind, number=task.number))


def cancel_task(session: Session, lease: Lease) -> bool:
    """End the task as cancelled, because its job was. If that was retried meanwhile, the task waits again."""
    job = repository.job(session, lease.job_id, lock=True)
    if job is None or repository.leased_task(session, lease.task_id, lease.holder) is None:
        return False
    if job.state in LIVE:
        repository.put_back(session, lease.task_id, 0, outage=True, fault=None)
    else:
        repository.end_task(session, lease.task_id, TaskState.CANCELLED, None, None)
    return True


def outage_delay(outages: int) -> float:
    """Return how many seconds to wait after so many outages of one task: 1, 2, 4, … up to 60."""
    return float(min(60, 2 ** min(outages, 6)))


def put_back(session: Session, lease: Lease, error: AppError) -> bool:
    """Let the task wait for a server that is away, longer each time; fail it when that lasts. False if lease lost."""
    if lease.outages >= MAX_OUTAGES:
        return fail_task(session, lease, error)
    return _wait_again(session, lease, error, outage_delay(lease.outages), outage=True)


def try_again(session: Session, lease: Lease, error: AppError) -> bool:
    """Let the task wait for another attempt after an error that may pass; the last attempt fails it. False as above."""
    if lease.attempts >= MAX_ATTEMPTS:
        return fail_task(session, lease, error)
    return _wait_again(session, lease, error, float(lease.attempts), outage=False)


def _wait_again(session: Session, lease: Lease, error: AppError, after_s: float, *, outage: bool) -> bool:
    repository.job(session, lease.job_id, lock=True)
    if repository.leased_task(session, lease.task_id, lease.holder) is None:
        return False
    repository.put_back(session, lease.task_id, after_s, outage=outage, fault=_fault_of(error))
    return True


def return_lapsed(session: Session, limit: int = 100) -> int:
    """Let tasks whose worker is gone wait again, or give up on those that lost too many. Return how many there were."""
    count = 0
    for task_id in turns.lapsed_tasks(session, limit):
        job = repository.job_of_task(session, task_id)
        task = repository.takeable_task(session, task_id)
        if job is None or task is None or task.state != TaskState.RUNNING:
            continue
        count += 1
        log.warning("task.lapsed", task=task.id, job=job.id, holder=task.lease_holder, attempts=task.attempts)
        if job.state == JobState.CANCELLED:
            repository.end_task(session, task.id, TaskState.CANCELLED, None, None)
        elif task.attempts >= MAX_ATTEMPTS:
            give_up(session, task, job)
        else:
            repository.put_back(session, task.id, 0, outage=False, fault=None)
    return count
