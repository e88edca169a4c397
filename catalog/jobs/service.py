"""The rules of jobs: ingest → for each track encode (many at once) and pack → done (`setbacks`: where a step fails).

Of a track those segments are encoded first by which it is judged: what is not good enough is found by an eighth of it.
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
from catalog.jobs import repository
from catalog.jobs.doorbell import Doorbell, DoorbellAway
from catalog.jobs.errors import JobNotCancellable, JobNotRetriable, JobUnknown, SourceNotUploaded
from catalog.jobs.media import GivenUp, MediaBase, Packed, compose
from catalog.jobs.models import FIRST, LIVE, Job, JobState, Task, TaskKind, TaskState
from catalog.jobs.schemas import EncodeRow, Lease, NewJob, NewTask, Ring
from catalog.jobs.setbacks import MAX_ATTEMPTS, give_up

log = structlog.get_logger(__name__)

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
    """Try a failed or cancelled job again, or return the one that is at work on its source by now.

    What it has done stays done. Where its parts are gone, or may be, it begins with the source again; what was encoded
    is found by its keys. Raises JobUnknown and JobNotRetriable.
    """
    job = _locked(session, job_id)
    if job.state not in (JobState.FAILED, JobState.CANCELLED):
        raise JobNotRetriable(state=job.state)
    courses.source(session, job.source_id, lock=True)  # so that nobody makes one meanwhile
    at_work = repository.live_job_of_source(session, job.source_id)
    if at_work is not None:
        return at_work
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
        give_up(session, task, job)
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
    """End the ingest and make the encode tasks: of a track that is judged by some, the others are held.

    False if the lease was lost: nothing is written.
    """
    job = repository.job(session, lease.job_id, lock=True)
    if job is None or repository.leased_task(session, lease.task_id, lease.holder) is None:
        return False
    repository.end_task(session, lease.task_id, TaskState.DONE, {}, None)
    repository.delete_tasks(session, lease.job_id, (TaskKind.ENCODE, TaskKind.PACK))
    job.content_seconds, job.recipe, job.plan = found.content_seconds, found.recipe, found.plan
    job.base = found.base.model_dump(mode="json")
    job.given_up = [given.model_dump(mode="json") for given in found.given_up]
    session.add(job)
    judged_first = {task.track for task in found.tasks if task.looked_at and task.result is None}

    def state_of(task: NewTask) -> TaskState:
        if task.result is not None:
            return TaskState.DONE
        if task.track in judged_first and not task.looked_at:
            return TaskState.HELD
        return TaskState.WAITING if job.state in LIVE else TaskState.CANCELLED

    session.add_all(
        Task(
            job_id=job.id, kind=TaskKind.ENCODE, number=n, payload=t.payload, weight=t.weight, track=t.track,
            priority=t.priority, state=state_of(t), result=t.result, progress=0.0 if t.result is None else 1.0,
        )
        for n, t in enumerate(found.tasks)
    )  # fmt: skip
    session.flush()
    priorities = {task.track: task.priority for task in found.tasks}
    for track in priorities.keys() - {task.track for task in found.tasks if task.result is None}:
        _pack_later(session, job, track, priorities[track])
    return True


def _pack_later(session: Session, job: Job, track: str, priority: int) -> None:
    """Make the task that judges and packs a track, all of whose segments are there that are not held."""
    state = TaskState.WAITING if job.state in LIVE else TaskState.CANCELLED
    number = len(repository.tasks_of(session, job.id, TaskKind.PACK))
    session.add(Task(job_id=job.id, kind=TaskKind.PACK, number=number, track=track, priority=priority, state=state))
    session.flush()


def finish_encode(session: Session, lease: Lease, result: dict[str, Any]) -> bool:
    """End an encode task; the last one of its track that is not held makes the track's pack task.

    False if the lease was lost.
    """
    job = repository.job(session, lease.job_id, lock=True)
    task = repository.leased_task(session, lease.task_id, lease.holder)
    if job is None or task is None:
        return False
    repository.end_task(session, lease.task_id, TaskState.DONE, result, None)
    if repository.unfinished(session, lease.job_id, task.track) == 0:
        _pack_later(session, job, task.track, task.priority)
    return True


def encode_results(session: Session, lease: Lease) -> list[EncodeRow]:
    """Return what was asked, and what came out, of the encode tasks of the lease's track that are done, in order."""
    tasks = repository.encodes_of(session, lease.job_id, lease.track)
    return [EncodeRow(number=t.number, payload=t.payload, result=t.result) for t in tasks if t.result is not None]


def encodes_left(session: Session, lease: Lease) -> dict[int, dict[str, Any]]:
    """Return what is asked of the encode tasks of the lease's track that are not done, by number: they are held."""
    tasks = repository.encodes_of(session, lease.job_id, lease.track)
    return {task.number: task.payload for task in tasks if task.result is None}


def earlier_tries(session: Session, lease: Lease) -> list[dict[str, Any]]:
    """Return what the earlier packs of the lease's track said of their tries, in order."""
    packs = repository.tasks_of(session, lease.job_id, TaskKind.PACK)
    return [p.result["again"] for p in packs if p.track == lease.track and p.result and p.result.get("again")]


def encode_again(session: Session, lease: Lease, attempt: dict[str, Any], tasks: Mapping[int, NewTask]) -> bool:
    """End a pack task whose track is not good enough; `attempt` says what was tried, for the next one.

    These encode tasks, by number, wait again. False if the lease was lost, or the job has ended: when that is retried,
    the track is judged again.
    """
    if _judged(session, lease, {"again": attempt}) is None:
        return False
    for number, task in tasks.items():
        repository.encode_again(session, lease.job_id, number, task.payload, task.weight)
    return True


def encode_rest(session: Session, lease: Lease) -> bool:
    """End a pack task whose track is good enough as far as it is looked at: what was held is encoded like it.

    False as for `encode_again`.
    """
    if _judged(session, lease, {"again": None}) is None:
        return False
    count = repository.let_go_held(session, lease.job_id, lease.track)
    log.info("track.good-enough", job=lease.job_id, track=lease.track, left=count)
    return True


def _judged(session: Session, lease: Lease, result: dict[str, Any]) -> Job | None:
    """End a pack task with its result and return its job; None if the lease was lost, or the job has ended."""
    job = repository.job(session, lease.job_id, lock=True)
    if job is None or repository.leased_task(session, lease.task_id, lease.holder) is None:
        return None
    if job.state not in LIVE:
        repository.end_task(session, lease.task_id, TaskState.CANCELLED, None, None)
        return None
    repository.end_task(session, lease.task_id, TaskState.DONE, result, None)
    return job


def finish_pack(session: Session, lease: Lease, packed: Packed, given_up: GivenUp | None = None) -> bool:
    """End a track; an empty `packed` leaves it out, and `given_up` says why. False if the lease was lost.

    When the floors are whole a release can hold the lesson; when all tracks are, the job is done.
    """
    job = _judged(session, lease, packed.model_dump(mode="json"))
    if job is None:
        return False
    repository.drop_held(session, job.id, lease.track)  # of a track that is left out
    if given_up is not None:
        job.given_up = [*job.given_up, given_up.model_dump(mode="json")]
    left = repository.tracks_unpacked(session, job.id)
    if not left or (job.media is None and FIRST not in left.values()):
        media = compose(MediaBase.model_validate(job.base), _packed(session, job.id))
        job.media = media.model_dump(mode="json")
        repository.set_floors_ready(session, job.id)
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
