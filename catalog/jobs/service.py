"""The rules of jobs: ingest → for each track encode (many at once) and pack → done, and what happens when a step fails.

Floors go first: when the tracks that they need are whole a release can hold the lesson, and better rungs follow.

Every function runs within the caller's transaction. Doorbells ring after it commits (`ring_job`, or the relay).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog
from sqlmodel import Session

from catalog.courses import repository as courses
from catalog.courses.errors import SourceUnknown
from catalog.courses.models import SourceKind, SourceState
from catalog.db import utc_now
from catalog.formats.errors import AppError
from catalog.jobs import repository, turns
from catalog.jobs.doorbell import Doorbell, DoorbellAway
from catalog.jobs.errors import JobGaveUp, JobNotCancellable, JobNotRetriable, JobUnknown, SourceNotUploaded
from catalog.jobs.media import GivenUp, MediaBase, Packed, compose
from catalog.jobs.models import FIRST, LIVE, Job, JobState, Task, TaskKind, TaskState
from catalog.jobs.schemas import EncodeRow, Fault, Lease, NewJob, NewTask, Ring

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 4
"""So often may a worker vanish in the middle of one task before a person has to look."""
MAX_OUTAGES = 40
"""So often is a task tried again while a server it needs is away: about half an hour with `outage_delay`."""

PART_LOST = "job.part-lost"
"""The error after which a retry begins with the source again."""
PARTS_KEPT = timedelta(days=7)
"""So long after its end a job's parts wait for a retry."""


def create_job(session: Session, lesson_id: str, source_id: str) -> Job:
    """Make a job for an uploaded source, with its first task; the one at work on that source if there is one.

    Raises SourceUnknown if the lesson has no such recording, and SourceNotUploaded until it is whole in the store.
    """
    source = courses.source(session, source_id, lock=True)
    if source is None or source.lesson_id != lesson_id or source.kind != SourceKind.RECORDING:
        raise SourceUnknown(source=source_id)
    if source.state != SourceState.UPLOADED:
        raise SourceNotUploaded(source=source_id)
    at_work = repository.live_job_of_source(session, source_id)
    if at_work is not None:
        return at_work
    lesson = courses.lesson(session, lesson_id)
    if lesson is None:
        raise SourceUnknown(source=source_id)
    job = Job(lesson_id=lesson_id, course_id=lesson.course_id, source_id=source_id)
    session.add(job)
    session.flush()
    session.add(Task(job_id=job.id, kind=TaskKind.INGEST))
    session.flush()
    session.refresh(job)
    log.info("job.created", job=job.id, lesson=lesson_id, source=source_id)
    return job


def job_for_deck(session: Session, lesson_id: str) -> Job | None:
    """Give a deck that came, or went, to a job: one that has not read it yet, or a new one for the lesson's recording.

    A job past its ingest is cancelled for that; what it has encoded is found again by its keys. None where the lesson
    has no whole recording yet: its first job takes the deck.
    """
    recording = courses.newest_whole(session, lesson_id, SourceKind.RECORDING)
    if recording is None:
        return None
    at_work = repository.live_job_of_source(session, recording.id)
    # locked, for a worker that takes the ingest before this commits would not see the deck
    if at_work is not None and _locked(session, at_work.id).state in LIVE:
        ingest = repository.tasks_of(session, at_work.id, TaskKind.INGEST)
        if any(task.state == TaskState.WAITING for task in ingest):
            return at_work
        cancel_job(session, at_work.id)
    return create_job(session, lesson_id, recording.id)


def find_job(session: Session, job_id: str) -> Job:
    """Return the job. Raises JobUnknown."""
    job = repository.job(session, job_id)
    if job is None:
        raise JobUnknown(job=job_id)
    return job


def retry_job(session: Session, job_id: str) -> Job:
    """Try a failed or cancelled job again; what it has done stays done. Raises JobUnknown, JobNotRetriable.

    Where its parts are gone, or may be, it begins with the source again; what was encoded is found by its keys.
    """
    job = _locked(session, job_id)
    if job.state not in (JobState.FAILED, JobState.CANCELLED):
        raise JobNotRetriable(state=job.state)
    if job.error_code == PART_LOST or _is_long_over(job):
        repository.begin_anew(session, job_id)
    repository.revive_job(session, job_id)
    session.refresh(job)
    log.info("job.retried", job=job_id)
    return job


def cancel_job(session: Session, job_id: str) -> Job:
    """Stop a job: waiting tasks at once, running ones at their next heartbeat. Raises JobUnknown, JobNotCancellable."""
    job = _locked(session, job_id)
    if job.state not in LIVE:
        raise JobNotCancellable(state=job.state)
    repository.cancel_waiting(session, job_id)
    repository.end_job(session, job_id, JobState.CANCELLED, None)
    session.refresh(job)
    log.info("job.cancelled", job=job_id)
    return job


def is_long_over(session: Session, job_id: str) -> bool:
    """Say whether nobody needs a job's parts any more; locks it, so that nobody tries it again meanwhile."""
    job = repository.job(session, job_id, lock=True)
    return job is None or _is_long_over(job)


def _is_long_over(job: Job) -> bool:
    return job.state not in LIVE and job.finished_at is not None and job.finished_at < utc_now() - PARTS_KEPT


def _locked(session: Session, job_id: str) -> Job:
    job = repository.job(session, job_id, lock=True)
    if job is None:
        raise JobUnknown(job=job_id)
    return job


def ring_job(session: Session, doorbell: Doorbell, job_id: str) -> None:
    """Ring for the job's waiting tasks, after commit. A broker that is away is logged: the relay rings again."""
    tasks = [t for t in repository.tasks_of(session, job_id) if t.state == TaskState.WAITING]
    try:
        for task in tasks:
            doorbell.ring(Ring(task_id=task.id, kind=TaskKind(task.kind)))
    except DoorbellAway as error:
        log.warning("doorbell.missed", rings=len(tasks), error=str(error))


def take_lease(session: Session, task_id: str, holder: str, seconds: float) -> Lease | None:
    """Take the task for `seconds`, or None if there is nothing to do: taken, done, cancelled, or its job has ended."""
    job = repository.job_of_task(session, task_id)
    task = repository.takeable_task(session, task_id) if job is not None and job.state in LIVE else None
    if job is None or task is None:
        return None
    if task.attempts >= MAX_ATTEMPTS:
        _give_up(session, task, job)
        return None
    attempts = task.attempts + 1
    repository.set_lease(session, task.id, holder, seconds)
    repository.set_job_running(session, job.id)
    return Lease(
        task_id=task.id,
        job_id=job.id,
        lesson_id=job.lesson_id,
        source_id=job.source_id,
        kind=TaskKind(task.kind),
        number=task.number,
        track=task.track,
        priority=task.priority,
        holder=holder,
        attempts=attempts,
        outages=task.outages,
        payload=task.payload,
    )


def extend_lease(session: Session, lease: Lease, seconds: float, progress: float) -> JobState | None:
    """Extend the lease and note the progress. Return the job's state, or None if somebody else has the task now."""
    return repository.extend_lease(session, lease.task_id, lease.holder, seconds, progress)


def finish_ingest(session: Session, lease: Lease, found: NewJob) -> bool:
    """End the ingest and make the encode tasks. False if the lease was lost: nothing is written."""
    job = repository.job(session, lease.job_id, lock=True)
    if job is None or repository.held_task(session, lease.task_id, lease.holder) is None:
        return False
    repository.end_task(session, lease.task_id, TaskState.DONE, {}, None)
    repository.delete_tasks(session, lease.job_id, (TaskKind.ENCODE, TaskKind.PACK))
    job.content_seconds, job.recipe, job.plan = found.content_seconds, found.recipe, found.plan
    job.base = found.base.model_dump(mode="json")
    job.given_up = [given.model_dump(mode="json") for given in found.given_up]
    session.add(job)
    state = TaskState.WAITING if job.state in LIVE else TaskState.CANCELLED
    session.add_all(
        Task(
            job_id=job.id, kind=TaskKind.ENCODE, number=n, payload=t.payload, weight=t.weight, track=t.track,
            priority=t.priority, state=state if t.result is None else TaskState.DONE, result=t.result,
            progress=0.0 if t.result is None else 1.0,
        )
        for n, t in enumerate(found.tasks)
    )  # fmt: skip
    session.flush()
    priorities = {task.track: task.priority for task in found.tasks}
    for track in priorities.keys() - {task.track for task in found.tasks if task.result is None}:
        _pack_later(session, job, track, priorities[track])
    return True


def _pack_later(session: Session, job: Job, track: str, priority: int) -> None:
    """Make the task that packs a track, all of whose segments are there."""
    state = TaskState.WAITING if job.state in LIVE else TaskState.CANCELLED
    number = len(repository.tasks_of(session, job.id, TaskKind.PACK))
    session.add(Task(job_id=job.id, kind=TaskKind.PACK, number=number, track=track, priority=priority, state=state))
    session.flush()


def finish_encode(session: Session, lease: Lease, result: dict[str, Any]) -> bool:
    """End an encode task; the last one of its track makes the track's pack task. False if the lease was lost."""
    job = repository.job(session, lease.job_id, lock=True)
    task = repository.held_task(session, lease.task_id, lease.holder)
    if job is None or task is None:
        return False
    repository.end_task(session, lease.task_id, TaskState.DONE, result, None)
    if repository.unfinished(session, lease.job_id, task.track) == 0:
        _pack_later(session, job, task.track, task.priority)
    return True


def encode_results(session: Session, lease: Lease) -> list[EncodeRow]:
    """Return what was asked and what came out of the encode tasks of the lease's track, in their order."""
    tasks = repository.encodes_of(session, lease.job_id, lease.track)
    return [EncodeRow(number=task.number, payload=task.payload, result=task.result or {}) for task in tasks]


def earlier_tries(session: Session, lease: Lease) -> list[dict[str, Any]]:
    """Return what the earlier packs of the lease's track said of their tries, in order."""
    packs = repository.tasks_of(session, lease.job_id, TaskKind.PACK)
    return [p.result["again"] for p in packs if p.track == lease.track and p.result and "again" in p.result]


def encode_again(session: Session, lease: Lease, attempt: dict[str, Any], tasks: Mapping[int, NewTask]) -> bool:
    """End a pack task whose track is not good enough; `attempt` says what was tried, for the next one.

    These encode tasks, by number, wait again. False if the lease was lost, or the job has ended: when that is retried,
    the track is judged again.
    """
    job = repository.job(session, lease.job_id, lock=True)
    if job is None or repository.held_task(session, lease.task_id, lease.holder) is None:
        return False
    if job.state not in LIVE:
        repository.end_task(session, lease.task_id, TaskState.CANCELLED, None, None)
        return False
    repository.end_task(session, lease.task_id, TaskState.DONE, {"again": attempt}, None)
    for number, task in tasks.items():
        repository.encode_again(session, lease.job_id, number, task.payload, task.weight)
    return True


def finish_pack(session: Session, lease: Lease, packed: Packed, given_up: GivenUp | None = None) -> bool:
    """End a track; an empty `packed` leaves it out, and `given_up` says why. False if the lease was lost.

    When the floors are whole a release can hold the lesson; when all tracks are, the job is done.
    """
    job = repository.job(session, lease.job_id, lock=True)
    if job is None or repository.held_task(session, lease.task_id, lease.holder) is None:
        return False
    if job.state not in LIVE:
        repository.end_task(session, lease.task_id, TaskState.CANCELLED, None, None)
        return False
    repository.end_task(session, lease.task_id, TaskState.DONE, packed.model_dump(mode="json"), None)
    if given_up is not None:
        job.given_up = [*job.given_up, given_up.model_dump(mode="json")]
    left = repository.tracks_unpacked(session, job.id)
    if not left or (job.media is None and FIRST not in left.values()):
        media = compose(MediaBase.model_validate(job.base), _packed(session, job.id))
        job.media = media.model_dump(mode="json")
        job.floors_at = job.floors_at or utc_now()
        log.info("job.floors-ready", job=job.id, lesson=lease.lesson_id, left=len(left))
    session.add(job)
    session.flush()
    if not left:
        repository.end_job(session, lease.job_id, JobState.DONE, None)
        log.info("job.finished", job=lease.job_id, lesson=lease.lesson_id)
    return True


def _packed(session: Session, job_id: str) -> list[Packed]:
    """Return the tracks of a job that are whole."""
    packs = repository.tasks_of(session, job_id, TaskKind.PACK)
    results = [task.result for task in packs if task.state == TaskState.DONE and task.result]
    return [Packed.model_validate(result) for result in results if "again" not in result]


def fault_of(error: AppError) -> Fault:
    """Return `error` as a row keeps it."""
    return Fault(code=error.code, message=error.message, data=error.data)


def fail_task(session: Session, lease: Lease, error: AppError) -> bool:
    """End task and job with `error`; a person decides about another try. False if the lease was lost."""
    job = repository.job(session, lease.job_id, lock=True)
    if job is None or repository.held_task(session, lease.task_id, lease.holder) is None:
        return False
    _fail(session, lease.task_id, job, error)
    return True


def _fail(session: Session, task_id: str, job: Job, error: AppError) -> None:
    repository.end_task(session, task_id, TaskState.FAILED, None, fault_of(error))
    if job.state in LIVE:
        repository.end_job(session, job.id, JobState.FAILED, fault_of(error))
        log.warning("job.failed", job=job.id, task=task_id, code=error.code)


def _give_up(session: Session, task: Task, job: Job) -> None:
    _fail(session, task.id, job, JobGaveUp(attempts=task.attempts, kind=task.kind, number=task.number))


def cancel_task(session: Session, lease: Lease) -> bool:
    """End the task as cancelled, because its job was. If that was retried meanwhile, the task waits again."""
    job = repository.job(session, lease.job_id, lock=True)
    if job is None or repository.held_task(session, lease.task_id, lease.holder) is None:
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
    _locked(session, lease.job_id)
    if repository.held_task(session, lease.task_id, lease.holder) is None:
        return False
    repository.put_back(session, lease.task_id, outage_delay(lease.outages), outage=True, fault=fault_of(error))
    return True


def try_again(session: Session, lease: Lease, error: AppError) -> bool:
    """Let the task wait for another attempt after an error that may pass; the last attempt fails it. False as above."""
    if lease.attempts >= MAX_ATTEMPTS:
        return fail_task(session, lease, error)
    _locked(session, lease.job_id)
    if repository.held_task(session, lease.task_id, lease.holder) is None:
        return False
    repository.put_back(session, lease.task_id, float(lease.attempts), outage=False, fault=fault_of(error))
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
            _give_up(session, task, job)
        else:
            repository.put_back(session, task.id, 0, outage=False, fault=None)
    return count
