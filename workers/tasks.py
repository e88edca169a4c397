"""What a worker does when a doorbell rings: takes the lease, works, writes the result, rings for what follows."""

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog
from sqlmodel import Session

from catalog.db import DatabaseAway, session_scope
from catalog.formats.errors import AppError
from catalog.formats.ids import new_id
from catalog.jobs import briefing, service, setbacks
from catalog.jobs.doorbell import DoorbellAway
from catalog.jobs.errors import JobBroke
from catalog.jobs.media import GivenUp, Packed
from catalog.jobs.models import JobState, TaskKind
from catalog.jobs.schemas import Lease, NewJob, NewTask
from catalog.storage.base import Bucket, StoreAway, StoreRefused
from workers.heartbeat import Heartbeat
from workers.pipeline.desk import Desk
from workers.pipeline.encode import Bench as EncodeBench
from workers.pipeline.encode import encode_segment
from workers.pipeline.errors import (
    Cancelled,
    CannotConfine,
    NotDecodable,
    SegmentWrong,
    ToolFailed,
    ToolTooSlow,
    WorkspaceFull,
)
from workers.pipeline.gates.verdict import GATES, Measure
from workers.pipeline.ingest import Asked, ingest
from workers.pipeline.judging import Attempt, Judged, judge_track
from workers.pipeline.pack import Bench, pack_track
from workers.pipeline.process import Watch
from workers.pipeline.recipe import SoundRecipe, VideoRecipe
from workers.pipeline.work import Done, SegmentWork, parse_work
from workers.pipeline.works import priority_of
from workers.pipeline.workspace import workspace
from workers.relay import ring_due
from workers.resources import Resources

log = structlog.get_logger(__name__)

AWAY = (StoreAway, StoreRefused, DatabaseAway, WorkspaceFull)
"""Not the task's fault: it waits, and its attempts do not count."""
MAY_PASS = (CannotConfine, ToolFailed, ToolTooSlow, NotDecodable, SegmentWrong)
"""A killed ffmpeg or a machine in trouble looks like this too: tried a few times before a person hears of it."""

WRITE_AGAIN_S = (0.5, 1, 2, 4, 8, 15, 30, 30, 30)
"""A finished result is worth waiting for the database: it is written again after these pauses."""

Finish = Callable[[Session], bool]


@dataclass(frozen=True, slots=True)
class Bound:
    """A lease, who beats for it, and the resources to work with."""

    resources: Resources
    lease: Lease
    heartbeat: Heartbeat

    def watch(self, unit: float = 1.0) -> Watch:
        """Return the pipeline's view of the heartbeat; `unit` of its progress is the whole task."""

        def note(done: float) -> None:
            self.heartbeat.progress = min(1.0, max(0.0, done / unit))

        return Watch(progress=note, is_cancelled=self.heartbeat.is_stopped)


def run_task(resources: Resources, task_id: str) -> str:
    """Do the task if it is to be done; return what became of it, for the log.

    Never raises for what the rows can say. If the database is away already when the bell rings, the relay rings again.
    """
    settings = resources.settings
    holder = f"{socket.gethostname()[:40]}:{os.getpid()}:{new_id()}"
    try:
        with session_scope(resources.engine) as session:
            lease = service.take_lease(session, task_id, holder, settings.worker_lease_seconds)
    except DatabaseAway:
        log.warning("task.put-off", task=task_id, why="the database is away")
        return "put off"
    if lease is None:
        return "nothing to do"
    began = time.monotonic()
    with structlog.contextvars.bound_contextvars(job=lease.job_id, task=task_id, kind=lease.kind, number=lease.number):
        log.info("task.started", attempt=lease.attempts)
        beat = Heartbeat(resources.engine, lease, settings.worker_lease_seconds, settings.worker_heartbeat_seconds)
        with beat:
            outcome = _work(Bound(resources, lease, beat))
        log.info("task.ended", outcome=outcome, seconds=round(time.monotonic() - began, 2))
    with suppress(DatabaseAway, DoorbellAway):  # then the relay rings
        ring_due(resources.engine, resources.doorbell)
    return outcome


def _work(bound: Bound) -> str:
    """Do the work and write what became of it."""
    lease = bound.lease
    try:
        finish, outcome = STAGES[lease.kind](bound), "done"
    except Cancelled:
        if bound.heartbeat.is_lost:
            return "lost"
        finish, outcome = (lambda session: setbacks.cancel_task(session, lease)), "cancelled"
    except AWAY as error:
        finish, outcome = _then(setbacks.put_back, lease, error), f"put back: {error.code}"
    except MAY_PASS as error:
        finish, outcome = _then(setbacks.try_again, lease, error), f"to try again: {error}"
    except AppError as error:
        finish, outcome = _then(setbacks.fail_task, lease, error), f"failed: {error.code}"
    except Exception as error:  # a fault of ours: the row must be let go, or it would wait for its lease to end
        log.exception("task.broke")
        broke = JobBroke(kind=lease.kind, number=lease.number, why=type(error).__name__, task=lease.task_id)
        finish, outcome = _then(setbacks.try_again, lease, broke), "broke"
    if not _write(bound, finish):
        return "lost"
    if lease.kind is TaskKind.PACK:
        _tidy(bound.resources, lease)
    return outcome


def _then(write: Callable[[Session, Lease, AppError], bool], lease: Lease, error: AppError) -> Finish:
    return lambda session: write(session, lease, error)


def _write(bound: Bound, finish: Finish) -> bool:
    """Write the result in one transaction, waiting for the database if it is away. False if the lease was lost."""
    for pause in WRITE_AGAIN_S:
        try:
            with session_scope(bound.resources.engine) as session:
                return finish(session)
        except DatabaseAway:
            log.warning("result.delayed", seconds=pause)
            time.sleep(pause)
    return False


def _ingest(bound: Bound) -> Finish:
    resources, lease = bound.resources, bound.lease
    settings = resources.settings
    with session_scope(resources.engine) as session:
        asked = Asked(
            briefing.source_key(session, lease),
            settings.source_limits,
            briefing.budget_of(session, lease),
            briefing.deck_key(session, lease),
            briefing.corrected_by(session, lease),
        )
    with workspace(settings.worker_folder) as folder:
        prefix = f"jobs/{lease.job_id}"
        desk = Desk(resources.tools, resources.store, folder, prefix, settings.tool_limits, bound.watch())
        done = ingest(desk, asked)
    asked_for: list[tuple[SegmentWork, Done | None]] = [(work, None) for work in done.works]
    asked_for += done.inherited
    asked_for.sort(key=lambda one: (one[0].track, one[0].number))
    tasks = tuple(
        NewTask(
            payload=work.model_dump(mode="json"), weight=work.cost, track=work.track, priority=priority_of(work),
            looked_at=work.is_looked_at, result=result.model_dump(mode="json") if result else None,
        )
        for work, result in asked_for
    )  # fmt: skip
    found = NewJob(
        content_seconds=done.plan.duration,
        recipe=done.recipe.model_dump(mode="json"),
        plan=done.plan.model_dump(mode="json") | {"facts": done.facts.model_dump(mode="json")},
        base=done.base,
        given_up=done.given_up,
        tasks=tasks,
    )
    return lambda session: service.finish_ingest(session, lease, found)


def _encode(bound: Bound) -> Finish:
    resources, lease = bound.resources, bound.lease
    work = parse_work(lease.payload)
    limits = resources.settings.tool_limits
    with workspace(resources.settings.worker_folder) as folder:
        bench = EncodeBench(resources.tools, resources.store, folder, limits, bound.watch(work.seconds))
        done = encode_segment(bench, work)
    return lambda session: service.finish_encode(session, lease, done.model_dump(mode="json"))


def _pack(bound: Bound) -> Finish:
    resources, lease = bound.resources, bound.lease
    with session_scope(resources.engine) as session:
        found, left = service.encode_results(session, lease), service.encodes_left(session, lease)
        before = [Attempt.model_validate(kept) for kept in service.earlier_tries(session, lease)]
    rows = {row.number: (parse_work(row.payload), Done.model_validate(row.result)) for row in found}
    held = {number: parse_work(payload) for number, payload in left.items()}
    judged = judge_track(list(rows.values()), before, list(held.values()))
    if judged.again is not None:
        # not those that are inherited: their part may be gone
        anew = {number: work for number, (work, done) in rows.items() if not done.inherited} | held
        return _again(lease, anew, judged, judged.again)
    if judged.passed and held:
        return lambda session: service.encode_rest(session, lease)
    packed = Packed()
    if judged.passed:
        with workspace(resources.settings.worker_folder) as folder:
            bench = Bench(resources.store, folder, bound.watch())
            packed = pack_track(bench, list(rows.values()), judged.attempt.measures)
    return lambda session: service.finish_pack(session, lease, packed, _given_up(judged))


def _again(lease: Lease, works: Mapping[int, SegmentWork], judged: Judged, recipe: VideoRecipe | SoundRecipe) -> Finish:
    """Let a track's segments, by the number of their task in the job, be encoded by another recipe."""
    log.info("track.encoded-again", track=lease.track, why=list(judged.why), recipe=recipe.model_dump(mode="json"))
    tasks = {}
    for number, work in works.items():
        anew = work.model_copy(update={"recipe": recipe})
        tasks[number] = NewTask(
            payload=anew.model_dump(mode="json"), weight=anew.cost, track=anew.track, priority=lease.priority
        )
    return lambda session: service.encode_again(session, lease, judged.attempt.model_dump(mode="json"), tasks)


def _given_up(judged: Judged) -> GivenUp | None:
    """Say what the gate of a rendition took: all of it, or what its source could not give."""
    recipe, vmaf = judged.attempt.recipe, judged.attempt.measures.vmaf_mean
    if not isinstance(recipe, VideoRecipe) or (judged.passed and not judged.limited):
        return None
    if not judged.passed:
        return GivenUp(tier=recipe.tier, rung=recipe.rung, why="gate", vmaf=vmaf)
    asked = GATES[recipe.rung].vmaf_mean if Measure.VMAF_MEAN in judged.limited else None
    return GivenUp(tier=recipe.tier, rung=recipe.rung, why="gate", vmaf=asked, instead=vmaf)


def _tidy(resources: Resources, lease: Lease) -> None:
    """Remove the parts of a job that is done; the encoded segments stay, for a correction or the same source again.

    What is away now, or is never reached, the sweeper removes.
    """
    try:
        with session_scope(resources.engine) as session:
            if service.find_job(session, lease.job_id).state != JobState.DONE:
                return
        for found in list(resources.store.list_objects(Bucket.SOURCES, f"jobs/{lease.job_id}/")):
            resources.store.delete(Bucket.SOURCES, found.key)
    except (StoreAway, StoreRefused, DatabaseAway) as error:
        log.warning("parts.kept", error=error.code)


STAGES: dict[TaskKind, Callable[[Bound], Finish]] = {
    TaskKind.INGEST: _ingest,
    TaskKind.ENCODE: _encode,
    TaskKind.PACK: _pack,
}
