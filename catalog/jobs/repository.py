"""All SQL about jobs and tasks. Times are the database's: workers' clocks may differ."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Float, Interval, and_, bindparam, case, cast, delete, func, or_, update
from sqlalchemy import select as sa_select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from catalog.courses.models import Lesson
from catalog.jobs.models import FIRST, LIVE, Job, JobState, Task, TaskKind, TaskState
from catalog.jobs.schemas import Fault

RATE_WINDOW_S = 120.0
"""The rate of a job is measured over the tasks that ran within this many seconds."""


def from_now(seconds: float) -> ColumnElement[Any]:
    """Return the database's time so many seconds from now."""
    return func.clock_timestamp() + cast(bindparam(None, f"{seconds:.3f} seconds"), Interval)


def job(session: Session, job_id: str, *, lock: bool = False) -> Job | None:
    """Return the job; with `lock`, nobody else advances it before this transaction ends."""
    query = select(Job).where(col(Job.id) == job_id).execution_options(populate_existing=lock)
    return session.exec(query.with_for_update() if lock else query).first()


def jobs_of_lesson(session: Session, lesson_id: str) -> Sequence[Job]:
    """Return the lesson's jobs, the newest first."""
    query = select(Job).where(col(Job.lesson_id) == lesson_id)
    return session.exec(query.order_by(col(Job.created_at).desc(), col(Job.id).desc())).all()


def has_media() -> ColumnElement[bool]:
    """Return the condition that a release can hold what a job made, whatever the job still does.

    A column of JSON holds JSON's null where nothing was made yet, which is not SQL's. What was cancelled is not wanted.
    """
    return and_(col(Job.state) != JobState.CANCELLED, func.jsonb_typeof(col(Job.media)) == "object")


def live_job_of_source(session: Session, source_id: str) -> Job | None:
    """Return the job that is at work on the source, if there is one."""
    return session.exec(select(Job).where(col(Job.source_id) == source_id, col(Job.state).in_(LIVE))).first()


def job_of_task(session: Session, task_id: str) -> Job | None:
    """Return the task's job, locked: whoever changes a task's state locks its job first."""
    query = select(Job).join(Task, col(Task.job_id) == col(Job.id)).where(col(Task.id) == task_id)
    return session.exec(query.with_for_update(of=Job).execution_options(populate_existing=True)).first()


def takeable_task(session: Session, task_id: str) -> Task | None:
    """Return the task, locked, if anyone may take it now: it waits, or its lease ran out."""
    lapsed = and_(col(Task.state) == TaskState.RUNNING, col(Task.lease_until) < func.clock_timestamp())
    query = select(Task).where(col(Task.id) == task_id, or_(col(Task.state) == TaskState.WAITING, lapsed))
    return session.exec(query.with_for_update().execution_options(populate_existing=True)).first()


def leased_task(session: Session, task_id: str, holder: str) -> Task | None:
    """Return the task, locked, if `holder` still holds its lease."""
    query = select(Task).where(
        col(Task.id) == task_id, col(Task.lease_holder) == holder, col(Task.state) == TaskState.RUNNING
    )
    return session.exec(query.with_for_update().execution_options(populate_existing=True)).first()


def set_lease(session: Session, task_id: str, holder: str, seconds: float) -> None:
    """Make `holder` the one who works at the task, for `seconds` from now."""
    session.exec(
        update(Task)
        .where(col(Task.id) == task_id)
        .values(
            state=TaskState.RUNNING,
            lease_holder=holder,
            lease_until=from_now(seconds),
            attempts=Task.attempts + 1,
            started_at=func.clock_timestamp(),
            finished_at=None,
            progress=0.0,
        )
    )


def set_job_running(session: Session, job_id: str) -> None:
    """Say that work at the job has begun, if nobody said so."""
    session.exec(
        update(Job)
        .where(col(Job.id) == job_id, col(Job.state) == JobState.WAITING)
        .values(state=JobState.RUNNING, started_at=func.coalesce(Job.started_at, func.clock_timestamp()))
    )


def extend_lease(session: Session, task_id: str, holder: str, seconds: float, progress: float) -> JobState | None:
    """Extend the lease and note the progress (0 to 1). Return the job's state, or None if the lease is lost."""
    found = session.exec(
        update(Task)
        .where(col(Task.id) == task_id, col(Task.lease_holder) == holder, col(Task.state) == TaskState.RUNNING)
        .where(col(Job.id) == col(Task.job_id))
        .values(lease_until=from_now(seconds), progress=progress)
        .returning(col(Job.state))
    ).first()
    return None if found is None else JobState(found[0])


def end_task(
    session: Session, task_id: str, state: TaskState, result: dict[str, Any] | None, fault: Fault | None
) -> None:
    """End the task in `state`; its lease is over."""
    session.exec(
        update(Task)
        .where(col(Task.id) == task_id)
        .values(
            state=state,
            result=result,
            progress=1.0 if state is TaskState.DONE else 0.0,
            lease_holder=None,
            lease_until=None,
            finished_at=func.clock_timestamp(),
            **_fault_values(fault),
        )
    )


def put_back(session: Session, task_id: str, after_s: float, *, outage: bool, fault: Fault | None) -> None:
    """Let the task wait again, for `after_s` seconds at least; an outage does not count as an attempt."""
    session.exec(
        update(Task)
        .where(col(Task.id) == task_id)
        .values(
            state=TaskState.WAITING,
            lease_holder=None,
            lease_until=None,
            rung_at=None,
            progress=0.0,
            not_before=from_now(after_s),
            attempts=Task.attempts - 1 if outage else Task.attempts,
            outages=Task.outages + 1 if outage and fault is not None else Task.outages,
            **_fault_values(fault),
        )
    )


def _fault_values(fault: Fault | None) -> dict[str, Any]:
    return {
        "error_code": fault.code if fault else None,
        "error_message": fault.message if fault else None,
        "error_data": fault.data if fault else None,
    }


def end_job(session: Session, job_id: str, state: JobState, fault: Fault | None) -> None:
    """End the job in `state`."""
    session.exec(
        update(Job)
        .where(col(Job.id) == job_id)
        .values(state=state, finished_at=func.clock_timestamp(), **_fault_values(fault))
    )


def revive_job(session: Session, job_id: str) -> None:
    """Make a failed or cancelled job wait again; what its tasks have done stays done."""
    session.exec(
        update(Job)
        .where(col(Job.id) == job_id)
        .values(state=JobState.WAITING, finished_at=None, started_at=None, **_fault_values(None))
    )
    session.exec(
        update(Task)
        .where(col(Task.job_id) == job_id, col(Task.state).in_((TaskState.FAILED, TaskState.CANCELLED)))
        .values(state=TaskState.WAITING, progress=0.0, finished_at=None, **_fault_values(None))
    )
    session.exec(
        update(Task)
        .where(col(Task.job_id) == job_id, col(Task.state) == TaskState.WAITING)
        .values(attempts=0, outages=0, not_before=None, rung_at=None)
    )


def set_floors_ready(session: Session, job_id: str) -> None:
    """Note that the job's floors are whole, if nobody has."""
    now = func.coalesce(Job.floors_at, func.clock_timestamp())
    session.exec(update(Job).where(col(Job.id) == job_id).values(floors_at=now))


def cancel_waiting(session: Session, job_id: str) -> None:
    """Cancel the job's tasks that nobody works at."""
    session.exec(
        update(Task)
        .where(col(Task.job_id) == job_id, col(Task.state) == TaskState.WAITING)
        .values(state=TaskState.CANCELLED)
    )


def unfinished(session: Session, job_id: str, track: str) -> int:
    """Count the job's encode tasks of a track that are not done and not held."""
    query = select(func.count()).select_from(Task).where(*_encodes(job_id, track))
    return session.exec(query.where(col(Task.state).not_in((TaskState.DONE, TaskState.HELD)))).one()


def let_go_held(session: Session, job_id: str, track: str) -> int:
    """Let the encode tasks of a track wait that were held; return how many there were."""
    query = update(Task).where(*_encodes(job_id, track), col(Task.state) == TaskState.HELD)
    return len(session.exec(query.values(state=TaskState.WAITING).returning(col(Task.id))).all())


def drop_held(session: Session, job_id: str, track: str) -> None:
    """Forget the encode tasks of a track that are held."""
    session.exec(delete(Task).where(*_encodes(job_id, track), col(Task.state) == TaskState.HELD))


def encodes_of(session: Session, job_id: str, track: str) -> Sequence[Task]:
    """Return the job's encode tasks of a track, in order."""
    return session.exec(select(Task).where(*_encodes(job_id, track)).order_by(col(Task.number))).all()


def _encodes(job_id: str, track: str) -> tuple[ColumnElement[bool], ...]:
    return col(Task.job_id) == job_id, col(Task.kind) == TaskKind.ENCODE, col(Task.track) == track


def tracks_unpacked(session: Session, job_id: str) -> dict[str, int]:
    """Return the tracks that are still being made, with their priority: no pack of them has ended well."""
    pack = aliased(Task)
    packed = (
        select(1)
        .where(
            col(pack.job_id) == job_id,
            col(pack.kind) == TaskKind.PACK,
            col(pack.track) == col(Task.track),
            col(pack.state) == TaskState.DONE,
            col(pack.result)["again"].is_(None),
        )
        .exists()
    )
    query = sa_select(col(Task.track), func.min(col(Task.priority)))
    rows = session.execute(
        query.where(col(Task.job_id) == job_id, col(Task.kind) == TaskKind.ENCODE, ~packed).group_by(col(Task.track))
    )
    return {str(track): int(priority) for track, priority in rows.all()}


def tasks_of(session: Session, job_id: str, kind: TaskKind | None = None) -> Sequence[Task]:
    """Return the job's tasks by kind and number."""
    query = select(Task).where(col(Task.job_id) == job_id)
    if kind is not None:
        query = query.where(col(Task.kind) == kind)
    return session.exec(query.order_by(col(Task.kind), col(Task.number))).all()


def encode_again(session: Session, job_id: str, number: int, payload: dict[str, Any], weight: float) -> None:
    """Let an encode task wait again, with something else to do; one that is held stays held."""
    session.exec(
        update(Task)
        .where(col(Task.job_id) == job_id, col(Task.kind) == TaskKind.ENCODE, col(Task.number) == number)
        .values(
            state=case((col(Task.state) == TaskState.HELD, TaskState.HELD), else_=TaskState.WAITING),
            payload=payload, weight=weight, result=None, progress=0.0, attempts=0, outages=0, not_before=None,
            rung_at=None, finished_at=None,
        )
    )  # fmt: skip


def newest_done(session: Session, lesson_id: str, except_source: str) -> Job | None:
    """Return the lesson's newest job that is done, of another source than this one."""
    query = select(Job).where(
        col(Job.lesson_id) == lesson_id, col(Job.state) == JobState.DONE, col(Job.source_id) != except_source
    )
    return session.exec(query.order_by(col(Job.created_at).desc(), col(Job.id).desc())).first()


def other_lessons(session: Session, course_id: str, lesson_id: str) -> tuple[int, int, float]:
    """Return of a course's other lessons: how many, how many have been looked at, and the seconds of those.

    Of a lesson that was looked at more than once the newest job counts.
    """
    newest = (
        sa_select(col(Job.lesson_id), col(Job.content_seconds).label("seconds"))
        .ext(distinct_on(col(Job.lesson_id)))
        .where(col(Job.course_id) == course_id, col(Job.content_seconds).is_not(None))
        .order_by(col(Job.lesson_id), col(Job.created_at).desc(), col(Job.id).desc())
        .subquery()
    )
    query = (
        sa_select(func.count(), func.count(newest.c.seconds), func.coalesce(func.sum(newest.c.seconds), 0.0))
        .select_from(Lesson)
        .outerjoin(newest, newest.c.lesson_id == col(Lesson.id))
        .where(col(Lesson.course_id) == course_id, col(Lesson.id) != lesson_id)
    )
    count, known, seconds = session.execute(query).one()
    return int(count), int(known), float(seconds)


def begin_anew(session: Session, job_id: str) -> None:
    """Forget all that the job's stages have done; encoded segments are still found by their keys."""
    session.exec(delete(Task).where(col(Task.job_id) == job_id, col(Task.kind) != TaskKind.INGEST))
    session.exec(
        update(Task).where(col(Task.job_id) == job_id).values(state=TaskState.FAILED, result=None, progress=0.0)
    )


def delete_tasks(session: Session, job_id: str, kinds: Iterable[TaskKind]) -> None:
    """Forget the job's tasks of these kinds."""
    session.exec(delete(Task).where(col(Task.job_id) == job_id, col(Task.kind).in_(list(kinds))))


@dataclass(frozen=True, slots=True)
class StageTotals:
    """Sums over a job's tasks of one kind; `recent` is the weight done in the last `recent_s` seconds.

    `first` is the weight of those that the floors need, and `first_done` what of it is done.
    """

    tasks: int
    tasks_done: int
    weight: float
    weight_done: float
    recent: float
    recent_s: float
    first: float
    first_done: float


def stage_totals(session: Session, job_id: str) -> dict[TaskKind, StageTotals]:
    """Return the sums that a job's progress is computed from, for each stage that has tasks."""
    now = func.clock_timestamp()
    is_done, is_first = col(Task.state) == TaskState.DONE, col(Task.priority) == FIRST
    is_recent = or_(
        col(Task.state) == TaskState.RUNNING, and_(is_done, col(Task.finished_at) > from_now(-RATE_WINDOW_S))
    )
    work = col(Task.weight) * col(Task.progress)
    since = func.min(case((is_recent, col(Task.started_at))))
    query = (
        sa_select(
            col(Task.kind),
            func.count(),
            func.count(case((is_done, 1))),
            func.sum(col(Task.weight)),
            func.sum(work),
            func.coalesce(func.sum(case((is_recent, work))), 0.0),
            func.coalesce(cast(func.extract("epoch", now - since), Float), 0.0),
            func.coalesce(func.sum(case((is_first, col(Task.weight)))), 0.0),
            func.coalesce(func.sum(case((is_first, work))), 0.0),
        )
        .where(col(Task.job_id) == job_id)
        .group_by(col(Task.kind))
    )
    return {TaskKind(kind): StageTotals(*sums) for kind, *sums in session.execute(query).all()}
