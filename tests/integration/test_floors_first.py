"""Which task goes next on the real database, and what a lesson is before all of it is made."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from catalog.courses.models import Attachment
from catalog.db import session_scope
from catalog.formats.ids import new_id
from catalog.formats.release import Media as ReleaseMedia
from catalog.formats.rungs import Rung, Tier
from catalog.jobs import briefing, service, setbacks, turns
from catalog.jobs.media import GivenUp
from catalog.jobs.models import Job, JobState, Task, TaskKind, TaskState
from catalog.jobs.schemas import NewTask
from catalog.publishing.repository import newest_media
from tests.fakes.doorbell import FakeDoorbell
from tests.jobs import begin_beside, do_ingest, encode, encode_track, finish_track, kinds, packed_of, sure, take
from tests.media import Media
from tests.workshop import Workshop, workshop
from workers.pipeline.errors import NotDecodable, PartLost
from workers.relay import DEPTH, ring_due

__all__ = ["workshop"]

LADDER = {"compatible/sound": 1, "compatible/floor": 1, "compatible/clear": 1, "compatible/best": 1}


def begin(workshop: Workshop, media: Media) -> Job:
    """A job of a course of its own."""
    source = workshop.upload(media.plain)
    with session_scope(workshop.engine) as session:
        return service.create_job(session, source.lesson_id, source.id)


def next_tracks(workshop: Workshop, limit: int = 100) -> list[tuple[str, str]]:
    """The (job, track) of encode tasks in the order in which they would ring; nothing is noted."""
    with session_scope(workshop.engine) as session:
        rings = turns.claim_rings(session, TaskKind.ENCODE, limit, None)
        turns.forget_rings(session, [ring.task_id for ring in rings])
        tasks = [session.get_one(Task, ring.task_id) for ring in rings]
        return [(task.job_id, task.track) for task in tasks]


def older(workshop: Workshop, job_id: str, hours: float) -> None:
    with session_scope(workshop.engine) as session:
        made = text("update job set created_at = created_at - make_interval(secs => :s) where id = :id")
        session.connection().execute(made, {"s": hours * 3600, "id": job_id})


def media_of(workshop: Workshop, lesson_id: str) -> ReleaseMedia | None:
    with session_scope(workshop.engine) as session:
        found = newest_media(session, [lesson_id]).get(lesson_id)
        return ReleaseMedia.model_validate(found) if found is not None else None


def test_every_floor_of_a_course_goes_before_any_better_rung(workshop: Workshop, media: Media) -> None:
    first = begin(workshop, media)
    second = begin_beside(workshop, first.lesson_id)
    do_ingest(workshop, first.id, LADDER)
    finish_track(workshop, first.id, "compatible/sound")
    finish_track(workshop, first.id, "compatible/floor")
    assert next_tracks(workshop) == []  # the second lesson has not even been looked at
    do_ingest(workshop, second, LADDER)
    assert next_tracks(workshop) == [(second, "compatible/sound"), (second, "compatible/floor")]
    finish_track(workshop, second, "compatible/sound")
    floor = encode_track(workshop, second, "compatible/floor")  # being packed
    assert next_tracks(workshop) == []
    with session_scope(workshop.engine) as session:
        assert service.finish_pack(session, floor, packed_of("compatible/floor"))
    tracks = [track for _, track in next_tracks(workshop)]
    assert tracks == ["compatible/clear", "compatible/clear", "compatible/best", "compatible/best"]


def test_a_course_whose_lesson_failed_does_not_wait_for_its_floor(workshop: Workshop, media: Media) -> None:
    first = begin(workshop, media)
    second = begin_beside(workshop, first.lesson_id)
    do_ingest(workshop, first.id, LADDER)
    finish_track(workshop, first.id, "compatible/sound")
    finish_track(workshop, first.id, "compatible/floor")
    with session_scope(workshop.engine) as session:
        service.cancel_job(session, second)
    assert next_tracks(workshop, 1) == [(first.id, "compatible/clear")]


def test_another_courses_floors_go_before_a_better_rung_until_that_is_old(workshop: Workshop, media: Media) -> None:
    ours, others = begin(workshop, media), begin(workshop, media)
    for job in (ours, others):
        do_ingest(workshop, job.id, LADDER)
    finish_track(workshop, ours.id, "compatible/sound")
    finish_track(workshop, ours.id, "compatible/floor")
    floors = [(others.id, "compatible/sound"), (others.id, "compatible/floor")]
    assert next_tracks(workshop) == [*floors, (ours.id, "compatible/clear"), (ours.id, "compatible/best")]
    older(workshop, ours.id, 1.1 * turns.AGEING_S / 3600)
    aged = next_tracks(workshop)
    assert set(aged[:3]) == {*floors, (ours.id, "compatible/clear")}
    assert aged[3] == (ours.id, "compatible/best")
    older(workshop, ours.id, turns.AGEING_S / 3600)
    assert (ours.id, "compatible/best") in next_tracks(workshop, 4)[:4]


def test_courses_take_turns(workshop: Workshop, media: Media) -> None:
    """A course of many lessons that came first does not hold up the one lesson of another."""
    large, small = begin(workshop, media), begin(workshop, media)
    lessons = [large.id, *(begin_beside(workshop, large.lesson_id, number) for number in (2, 3))]
    for job_id in lessons:
        do_ingest(workshop, job_id, {"compatible/floor": 4})
    do_ingest(workshop, small.id, {"compatible/floor": 2})
    order = [job_id for job_id, _ in next_tracks(workshop)]
    assert len(order) == 14
    assert max(order.index(small.id), 13 - order[::-1].index(small.id)) <= 3
    assert [job_id for job_id in order if job_id != small.id] == [job_id for job_id in lessons for _ in range(4)]


def test_no_more_bells_wait_in_a_queue_than_its_depth(workshop: Workshop, media: Media) -> None:
    job = begin(workshop, media)
    do_ingest(workshop, job.id, {"compatible/floor": 3 * DEPTH, "compatible/clear": 2})
    bell = FakeDoorbell()
    assert ring_due(workshop.engine, bell) == DEPTH
    assert ring_due(workshop.engine, bell) == 0
    del bell.rings[:5]  # a worker has heard five
    assert ring_due(workshop.engine, bell) == 5
    assert bell.unheard(TaskKind.ENCODE) == DEPTH


def test_cancelled_jobs_are_not_offered(workshop: Workshop, media: Media) -> None:
    job = begin(workshop, media)
    first, *_ = do_ingest(workshop, job.id, LADDER)
    with session_scope(workshop.engine) as session:
        service.cancel_job(session, job.id)
    assert next_tracks(workshop) == []
    assert take(workshop, first) is None
    assert ring_due(workshop.engine, FakeDoorbell()) == 0


def test_a_lesson_can_be_published_when_its_floors_are_whole(workshop: Workshop, media: Media) -> None:
    job = begin(workshop, media)
    tracks = {f"{tier}/{name}": 1 for tier in Tier for name in ("sound", "floor", "clear")}
    do_ingest(workshop, job.id, tracks)
    assert media_of(workshop, job.lesson_id) is None
    for track in ("compatible/sound", "compatible/floor", "modern/sound"):
        finish_track(workshop, job.id, track)
        assert media_of(workshop, job.lesson_id) is None, track
        assert not workshop.progress(job.id).floors_ready
    finish_track(workshop, job.id, "modern/floor")
    row = workshop.job(job.id)
    assert (row.state, row.floors_at is not None) == (JobState.RUNNING, True)
    floors = media_of(workshop, job.lesson_id)
    assert floors is not None
    shown = [(r.tier, r.rung) for r in floors.renditions]
    assert shown == [(tier, rung) for tier in Tier for rung in (Rung.LISTEN, Rung.FLOOR)]
    assert workshop.progress(job.id).floors_ready
    finish_track(workshop, job.id, "modern/clear")
    assert media_of(workshop, job.lesson_id) == floors  # it grows once, when all is made
    finish_track(workshop, job.id, "compatible/clear")
    whole = media_of(workshop, job.lesson_id)
    assert whole is not None
    assert [(r.tier, r.rung) for r in whole.renditions] == [
        (tier, rung) for tier in Tier for rung in (Rung.LISTEN, Rung.FLOOR, Rung.CLEAR)
    ]
    done = workshop.job(job.id)
    assert (done.state, done.floors_at) == (JobState.DONE, row.floors_at)


def test_a_job_that_fails_over_a_better_rung_keeps_its_floors(workshop: Workshop, media: Media) -> None:
    job = begin(workshop, media)
    *_, clear = do_ingest(workshop, job.id, {"compatible/floor": 1, "compatible/clear": 1})
    finish_track(workshop, job.id, "compatible/floor")
    lease = sure(take(workshop, clear))
    with session_scope(workshop.engine) as session:
        assert setbacks.fail_task(session, lease, PartLost(key="x"))
    assert workshop.job(job.id).state == JobState.FAILED
    assert media_of(workshop, job.lesson_id) is not None


def test_a_track_that_fails_its_gate_is_encoded_again_with_what_was_tried(workshop: Workshop, media: Media) -> None:
    job = begin(workshop, media)
    do_ingest(workshop, job.id, {"compatible/sound": 1, "compatible/floor": 2})
    finish_track(workshop, job.id, "compatible/sound")
    for crf in (33, 30):
        lease = encode_track(workshop, job.id, "compatible/floor")
        with session_scope(workshop.engine) as session:
            numbers = [row.number for row in service.encode_results(session, lease)]
            assert numbers == [1, 2]
            before = service.earlier_tries(session, lease)
            assert [attempt["crf"] for attempt in before] == list(range(33, crf, -3))
            anew = {n: NewTask(payload={"n": n, "crf": crf - 3}, weight=3.0, track=lease.track) for n in numbers}
            assert service.encode_again(session, lease, {"crf": crf}, anew)
        waiting = [t for t in kinds(workshop, job.id, TaskKind.ENCODE) if t.state == TaskState.WAITING]
        assert [(t.number, t.payload["crf"], t.result, t.rung_at) for t in waiting] == [
            (n, crf - 3, None, None) for n in numbers
        ]
        assert workshop.job(job.id).media is None
    finish_track(workshop, job.id, "compatible/floor")
    done = workshop.job(job.id)
    assert done.state == JobState.DONE
    assert [r["rung"] for r in (done.media or {})["renditions"]] == ["listen", "floor"]


@pytest.mark.parametrize("state", [JobState.CANCELLED, JobState.FAILED])
def test_a_track_that_is_judged_after_its_job_ended_is_judged_again_at_a_retry(
    workshop: Workshop, media: Media, state: JobState
) -> None:
    job = begin(workshop, media)
    *_, other = do_ingest(workshop, job.id, {"compatible/floor": 2, "compatible/clear": 1})
    lease = encode_track(workshop, job.id, "compatible/floor")
    with session_scope(workshop.engine) as session:
        if state is JobState.CANCELLED:
            service.cancel_job(session, job.id)
        else:
            taken = sure(service.take_lease(session, other, new_id(), 60))
            setbacks.fail_task(session, taken, NotDecodable(start=0, end=8, why="broken"))
    with session_scope(workshop.engine) as session:
        anew = {0: NewTask(payload={"n": 0}, weight=3.0, track=lease.track)}
        assert not service.encode_again(session, lease, {"crf": 30}, anew)
    with session_scope(workshop.engine) as session:
        service.retry_job(session, job.id)
    (pack,) = kinds(workshop, job.id, TaskKind.PACK)
    again = sure(take(workshop, pack.id))
    with session_scope(workshop.engine) as session:
        assert service.earlier_tries(session, again) == []
        assert service.finish_pack(session, again, packed_of("compatible/floor"))
    finish_track(workshop, job.id, "compatible/clear")
    assert workshop.job(job.id).state == JobState.DONE


def test_a_better_rung_that_is_never_good_enough_is_given_up_and_the_job_is_done(
    workshop: Workshop, media: Media
) -> None:
    job = begin(workshop, media)
    do_ingest(workshop, job.id, {"compatible/floor": 1, "compatible/clear": 1})
    finish_track(workshop, job.id, "compatible/floor")
    lost = GivenUp(tier=Tier.COMPATIBLE, rung=Rung.CLEAR, why="gate", vmaf=81.5)
    finish_track(workshop, job.id, "compatible/clear", lost)
    done = workshop.job(job.id)
    assert done.state == JobState.DONE
    assert [r["rung"] for r in (done.media or {})["renditions"]] == ["floor"]
    assert workshop.progress(job.id).given_up == (lost,)


def test_a_cancelled_jobs_pack_writes_nothing(workshop: Workshop, media: Media) -> None:
    job = begin(workshop, media)
    do_ingest(workshop, job.id, {"compatible/floor": 1})
    lease = encode_track(workshop, job.id, "compatible/floor")
    with session_scope(workshop.engine) as session:
        service.cancel_job(session, job.id)
    with session_scope(workshop.engine) as session:
        assert not service.finish_pack(session, lease, packed_of("compatible/floor"))
    assert workshop.job(job.id).media is None
    with session_scope(workshop.engine) as session:
        service.retry_job(session, job.id)
    finish = [t for t in kinds(workshop, job.id, TaskKind.PACK) if t.state == TaskState.WAITING]
    assert len(finish) == 1


def test_a_budget_is_shared_by_the_lessons_of_a_course(workshop: Workshop, media: Media) -> None:
    """Of a lesson with several recordings the newest counts, not the longest."""
    first = begin(workshop, media)
    others = [begin_beside(workshop, first.lesson_id, number) for number in (2, 3, 4)]
    do_ingest(workshop, others[0])
    with session_scope(workshop.engine) as session:
        service.cancel_job(session, others[0])
        known = service.find_job(session, others[0])
        longer = Job(
            lesson_id=known.lesson_id, course_id=known.course_id, source_id=known.source_id, state=JobState.FAILED,
            content_seconds=2000.0, created_at=known.created_at - timedelta(days=1),
        )  # fmt: skip
        session.add(longer)
    lease = sure(take(workshop, workshop.tasks(first.id)[0].id))
    with session_scope(workshop.engine) as session:
        assert briefing.budget_of(session, lease) is None
        session.connection().execute(text("update course set budget_bytes = 4000"))
        session.expire_all()
        budget = briefing.budget_of(session, lease)
    assert budget is not None
    assert (budget.course_bytes, budget.known, budget.known_s, budget.unknown) == (4000, 1, 24.0, 2)
    assert budget.share(24.0) == pytest.approx(1000)
    with session_scope(workshop.engine) as session:
        for name in ("练习.pdf", "the same file.pdf"):
            attached = Attachment(
                lesson_id=first.lesson_id, name=name, type="application/pdf", sha256="a" * 64, length=1500, parts=[]
            )
            session.add(attached)
        session.flush()
        beside = briefing.budget_of(session, lease)
    assert beside is not None
    assert beside.course_bytes == 2500, "attachments are paid first, each file once"


def test_the_floors_are_told_to_be_ready_before_the_whole(workshop: Workshop, media: Media) -> None:
    job = begin(workshop, media)
    ids = do_ingest(workshop, job.id, {"compatible/floor": 2, "compatible/clear": 2})
    encode(workshop, ids[0])
    with session_scope(workshop.engine) as session:
        earlier = text("update task set started_at = started_at - interval '10 s' where kind = 'encode'")
        session.connection().execute(earlier)
    now = workshop.progress(job.id)
    assert now.floors_eta_s is not None
    assert now.eta_s is not None
    assert now.floors_eta_s == pytest.approx(10 + 1, rel=0.1)
    assert now.eta_s == pytest.approx(30 + 2, rel=0.1)
