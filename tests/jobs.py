"""Jobs driven by hand, as a worker drives them, without any encoding: for tests of their rules."""

from collections.abc import Mapping

from sqlalchemy import text

from catalog.courses.models import Lesson, Source, SourceState
from catalog.db import session_scope
from catalog.formats.ids import new_id
from catalog.formats.index import TrackKind
from catalog.formats.release import Quality, Rendition
from catalog.formats.rungs import Rung, Tier
from catalog.jobs import service
from catalog.jobs.media import GivenUp, MediaBase, Packed
from catalog.jobs.models import Task, TaskKind, TaskState
from catalog.jobs.schemas import Lease, NewJob, NewTask
from tests.factories import make_track, sound_track, video_track
from tests.workshop import Workshop
from workers.pipeline.works import PRIORITY

FLOOR = {"compatible/floor": 3}
QUALITY = Quality(vmaf_mean=90.0, vmaf_p5=85.0, vmaf_min=80.0, legibility=0.95)


def take(workshop: Workshop, task_id: str, seconds: float = 60) -> Lease | None:
    """Take the lease of a task, as somebody new."""
    with session_scope(workshop.engine) as session:
        return service.take_lease(session, task_id, new_id(), seconds)


def sure(lease: Lease | None) -> Lease:
    """The lease, which was taken."""
    assert lease is not None
    return lease


def priority_of_track(track: str) -> int:
    """The priority that ingest gives to a track of this name."""
    name = track.partition("/")[2]
    return 0 if name == "sound" else PRIORITY[Rung(name)]


def new_job(tracks: Mapping[str, int], weight: float = 2.0, looked_at: int = 0) -> NewJob:
    """What an ingest finds: tracks by name, each with so many segments, of which the first are looked at."""
    names = [(track, number) for track, count in tracks.items() for number in range(count)]
    tasks = tuple(
        NewTask(
            payload={"n": n}, weight=weight, track=track, priority=priority_of_track(track),
            looked_at=number < looked_at,
        )
        for n, (track, number) in enumerate(names)
    )  # fmt: skip
    return NewJob(content_seconds=24.0, recipe={}, plan={}, base=MediaBase(duration_ms=24_000), tasks=tasks)


def do_ingest(
    workshop: Workshop, job_id: str, tracks: Mapping[str, int] | None = None, looked_at: int = 0
) -> list[str]:
    """End the job's ingest; return its encode tasks in their order."""
    lease = sure(take(workshop, workshop.tasks(job_id)[0].id))
    with session_scope(workshop.engine) as session:
        found = new_job(FLOOR if tracks is None else tracks, looked_at=looked_at)
        assert service.finish_ingest(session, lease, found)
    return [task.id for task in kinds(workshop, job_id, TaskKind.ENCODE)]


def kinds(workshop: Workshop, job_id: str, kind: TaskKind) -> list[Task]:
    """The job's tasks of one kind."""
    return [task for task in workshop.tasks(job_id) if task.kind == kind]


def encode(workshop: Workshop, task_id: str) -> bool:
    """Take an encode task and end it."""
    lease = sure(take(workshop, task_id))
    with session_scope(workshop.engine) as session:
        return service.finish_encode(session, lease, {"key": task_id})


def end_days_ago(workshop: Workshop, job_id: str, days: int) -> None:
    """Let a job that is over have ended so long ago."""
    with session_scope(workshop.engine) as session:
        ended = text("update job set finished_at = finished_at - make_interval(days => :days) where id = :id")
        session.connection().execute(ended, {"days": days, "id": job_id})


def encode_track(workshop: Workshop, job_id: str, track: str) -> Lease:
    """End all segments of a track that wait; return the lease of its pack task."""
    for task in kinds(workshop, job_id, TaskKind.ENCODE):
        if task.track == track and task.state == TaskState.WAITING:
            assert encode(workshop, task.id)
    (waiting,) = (
        task
        for task in kinds(workshop, job_id, TaskKind.PACK)
        if task.track == track and task.state == TaskState.WAITING
    )
    return sure(take(workshop, waiting.id))


def packed_of(track: str) -> Packed:
    """What a worker says of a track that is whole."""
    tier, name = Tier(track.partition("/")[0]), track.partition("/")[2]
    if name == "sound":
        return Packed(sound=sound_track(make_track(TrackKind.SOUND, seed=track), tier))
    video = video_track(make_track(seed=track), tier)
    return Packed(rendition=Rendition(rung=Rung(name), tier=tier, video=video, quality=QUALITY))


def finish_track(workshop: Workshop, job_id: str, track: str, given_up: GivenUp | None = None) -> None:
    """Encode and pack a track; with `given_up` it is left out."""
    lease = encode_track(workshop, job_id, track)
    with session_scope(workshop.engine) as session:
        assert service.finish_pack(session, lease, Packed() if given_up else packed_of(track), given_up)


def begin_beside(workshop: Workshop, beside: str, number: int = 2) -> str:
    """Make a job for the lesson of this number in the course of the lesson `beside`; return the job."""
    with session_scope(workshop.engine) as session:
        first = session.get_one(Lesson, beside)
        lesson = Lesson(
            course_id=first.course_id, partner_id=first.partner_id, number=number,
            title="浮力",
        )  # fmt: skip
        session.add(lesson)
        session.flush()
        source = Source(
            lesson_id=lesson.id, name="a.mp4", content_type="video/mp4", size=1, object_key=f"sources/{new_id()}",
            upload_id="x", part_size=8 << 20, state=SourceState.UPLOADED,
        )  # fmt: skip
        session.add(source)
        session.flush()
        return service.create_job(session, lesson.id, source.id).id
