"""Whose turn it is: all SQL about doorbells, lapsed leases and the lengths of queues. Times are the database's."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Float, and_, cast, func, or_, update
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from catalog.jobs.models import FIRST, LIVE, Job, Task, TaskKind, TaskState
from catalog.jobs.repository import from_now
from catalog.jobs.schemas import Ring

AGEING_S = 2 * 3600.0
"""A better rung that has waited so long for its turn is as urgent as one a step below it."""


def claim_rings(session: Session, kind: TaskKind, limit: int, lost_after_s: float | None) -> list[Ring]:
    """Return up to `limit` tasks of `kind` whose doorbell should ring now, the most urgent first, and note it.

    Those that never rang, and with `lost_after_s` also those that rang so long ago and still wait. Several relays may
    ask at once: each task goes to one.

    A better rung waits while any lesson of its course has no floor yet. Besides, a lower priority goes first, and what
    has waited for `AGEING_S` counts as one step more urgent; among equals the courses take turns, so that a large
    course does not hold up a small one.
    """
    now = func.clock_timestamp()
    may_ring: ColumnElement[bool] = col(Task.rung_at).is_(None)
    if lost_after_s is not None:
        may_ring = or_(may_ring, col(Task.rung_at) < from_now(-lost_after_s))
    first, its_job = aliased(Task), aliased(Job)
    floors_first = (
        select(1)
        .select_from(first)
        .join(its_job, col(its_job.id) == col(first.job_id))
        .where(
            col(its_job.course_id) == col(Job.course_id),
            col(its_job.state).in_(LIVE),
            col(first.priority) == FIRST,
            col(first.state).in_((TaskState.HELD, TaskState.WAITING, TaskState.RUNNING)),
        )
        .exists()
    )
    age = cast(func.extract("epoch", now - col(Job.created_at)), Float)
    turn = func.row_number().over(
        partition_by=(col(Job.course_id), col(Task.priority)), order_by=(col(Job.created_at), col(Task.number))
    )
    ranked = (
        sa_select(
            col(Task.id), func.greatest(col(Task.priority) - age / AGEING_S, 0.0).label("urgency"), turn.label("turn")
        )
        .join(Job, col(Job.id) == col(Task.job_id))
        .where(
            col(Task.state) == TaskState.WAITING,
            col(Task.kind) == kind,
            col(Job.state).in_(LIVE),
            or_(col(Task.not_before).is_(None), col(Task.not_before) <= now),
            may_ring,
            or_(col(Task.priority) == FIRST, ~floors_first),
        )
        .subquery()
    )
    urgent = sa_select(ranked.c.id).order_by(ranked.c.urgency, ranked.c.turn, ranked.c.id).limit(limit)
    ordered = session.scalars(urgent).all()
    still = sa_select(col(Task.id)).where(col(Task.id).in_(ordered), col(Task.state) == TaskState.WAITING, may_ring)
    claimed = set(session.scalars(still.with_for_update(skip_locked=True)).all())
    if claimed:
        session.exec(update(Task).where(col(Task.id).in_(claimed)).values(rung_at=now))
    return [Ring(task_id=task_id, kind=kind) for task_id in ordered if task_id in claimed]


def forget_rings(session: Session, task_ids: Sequence[str]) -> None:
    """Take back that these doorbells rang: the broker did not take them."""
    session.exec(update(Task).where(col(Task.id).in_(task_ids)).values(rung_at=None))


def lapsed_tasks(session: Session, limit: int) -> list[str]:
    """Return tasks whose lease ran out: whoever held it is gone."""
    query = select(Task.id).where(col(Task.state) == TaskState.RUNNING, col(Task.lease_until) < func.clock_timestamp())
    return list(session.exec(query.order_by(col(Task.job_id)).limit(limit)).all())


@dataclass(frozen=True, slots=True)
class Queue:
    """Tasks of one kind in one state; `first` says that a lesson's floors need them."""

    kind: TaskKind
    state: TaskState
    first: bool


def queue_lengths(session: Session) -> dict[Queue, int]:
    """Return how many unfinished tasks there are in each queue; what waits for a job that has ended does not count."""
    is_first = (col(Task.priority) == FIRST).label("first")
    query = (
        sa_select(col(Task.kind), col(Task.state), is_first, func.count())
        .join(Job, col(Job.id) == col(Task.job_id))
        .where(
            or_(
                col(Task.state) == TaskState.RUNNING,
                and_(col(Task.state) == TaskState.WAITING, col(Job.state).in_(LIVE)),
            )
        )
        .group_by(col(Task.kind), col(Task.state), is_first)
    )
    rows = session.execute(query).all()
    return {Queue(TaskKind(kind), TaskState(state), first): count for kind, state, first, count in rows}
