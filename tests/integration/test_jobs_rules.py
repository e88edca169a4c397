"""The rules of jobs on the real database: leases, stages, retries, cancelling, bells."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from catalog.courses.errors import SourceUnknown
from catalog.courses.models import SourceState
from catalog.db import session_scope
from catalog.formats.ids import new_id
from catalog.jobs import service, setbacks, turns
from catalog.jobs.doorbell import DoorbellAway
from catalog.jobs.errors import JobNotCancellable, JobNotRetriable, JobUnknown, SourceNotUploaded
from catalog.jobs.media import Packed, compose
from catalog.jobs.models import JobState, TaskKind, TaskState
from catalog.jobs.schemas import Lease, NewTask, Ring
from catalog.storage.base import StoreAway
from tests.fakes.doorbell import FakeDoorbell
from tests.jobs import do_ingest, encode, end_days_ago, kinds, new_job, packed_of, sure, take
from tests.media import Media
from tests.workshop import Workshop, workshop
from workers.pipeline.errors import NotDecodable, PartLost
from workers.relay import DEPTH, ring_due

__all__ = ["workshop"]


@pytest.fixture
def job_id(workshop: Workshop, media: Media) -> str:
    source = workshop.upload(media.plain)
    with session_scope(workshop.engine) as session:
        return service.create_job(session, source.lesson_id, source.id).id


def lapse(workshop: Workshop) -> None:
    with session_scope(workshop.engine) as session:
        lapsed = text("update task set lease_until = now() - interval '1 s' where state = 'running'")
        session.connection().execute(lapsed)


def test_a_job_needs_a_whole_source_of_its_lesson(workshop: Workshop, media: Media) -> None:
    source = workshop.upload(media.plain)
    with pytest.raises(SourceUnknown), session_scope(workshop.engine) as session:
        service.create_job(session, new_id(), source.id)
    with session_scope(workshop.engine) as session:
        session.connection().execute(text("update source set state = :s"), {"s": SourceState.UPLOADING})
    with pytest.raises(SourceNotUploaded), session_scope(workshop.engine) as session:
        service.create_job(session, source.lesson_id, source.id)
    with pytest.raises(JobUnknown), session_scope(workshop.engine) as session:
        service.find_job(session, new_id())


def test_a_source_has_one_job_at_a_time(workshop: Workshop, job_id: str) -> None:
    job = workshop.job(job_id)
    with session_scope(workshop.engine) as session:
        assert service.create_job(session, job.lesson_id, job.source_id).id == job_id


def test_who_tries_again_what_another_job_does_by_now_is_led_to_that(workshop: Workshop, job_id: str) -> None:
    job = workshop.job(job_id)
    with session_scope(workshop.engine) as session:
        service.cancel_job(session, job_id)
    with session_scope(workshop.engine) as session:
        other = service.create_job(session, job.lesson_id, job.source_id).id
    assert other != job_id
    with session_scope(workshop.engine) as session:
        assert service.retry_job(session, job_id).id == other
    assert workshop.job(job_id).state == JobState.CANCELLED


def test_one_of_many_takers_gets_the_lease(workshop: Workshop, job_id: str) -> None:
    task_id = workshop.tasks(job_id)[0].id
    with ThreadPoolExecutor(6) as pool:
        leases = list(pool.map(lambda _: take(workshop, task_id), range(6)))
    assert sum(1 for lease in leases if lease is not None) == 1
    assert workshop.job(job_id).state == JobState.RUNNING


def test_a_worker_takes_the_ingest_before_a_deck_comes_or_after_and_never_between(
    workshop: Workshop, job_id: str
) -> None:
    job = workshop.job(job_id)
    task_id = workshop.tasks(job_id)[0].id
    with ThreadPoolExecutor(1) as pool:
        with session_scope(workshop.engine) as session:
            given = service.job_for_deck(session, job.lesson_id)
            assert given is not None
            assert given.id == job_id
            taking = pool.submit(take, workshop, task_id)
            with pytest.raises(TimeoutError):
                taking.result(0.5)
        assert taking.result(30) is not None
    with session_scope(workshop.engine) as session:
        another = service.job_for_deck(session, job.lesson_id)
        assert another is not None
        assert another.id != job_id, "the ingest has begun without the deck"


def test_a_lapsed_lease_is_worth_nothing_any_more(workshop: Workshop, job_id: str) -> None:
    task_id = workshop.tasks(job_id)[0].id
    first = sure(take(workshop, task_id))
    lapse(workshop)
    second = sure(take(workshop, task_id))
    with session_scope(workshop.engine) as session:
        assert service.extend_lease(session, first, 60, 0.5) is None
        assert not service.finish_ingest(session, first, new_job({}))
        assert not setbacks.fail_task(session, first, StoreAway(why="x"))
        assert service.extend_lease(session, second, 60, 0.5) is JobState.RUNNING
    assert workshop.job(job_id).state == JobState.RUNNING


def test_a_vanished_worker_costs_its_task_an_attempt_and_the_last_one_fails_the_job(
    workshop: Workshop, job_id: str
) -> None:
    first, *others = do_ingest(workshop, job_id)
    for attempt in range(1, setbacks.MAX_ATTEMPTS + 1):
        assert sure(take(workshop, first)).attempts == attempt
        lapse(workshop)
        with session_scope(workshop.engine) as session:
            assert setbacks.return_lapsed(session) == 1
    job = workshop.job(job_id)
    assert (job.state, job.error_code) == (JobState.FAILED, "job.gave-up")
    assert job.error_data == {"attempts": 4, "kind": "encode", "number": 0}
    assert take(workshop, others[0]) is None
    with session_scope(workshop.engine) as session:
        assert service.retry_job(session, job_id).error_code is None
    assert sure(take(workshop, first)).attempts == 1


def test_the_last_sibling_makes_one_pack_task(workshop: Workshop, job_id: str) -> None:
    ids = do_ingest(workshop, job_id, {"compatible/floor": 8})
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda task_id: encode(workshop, task_id), ids))
    (task,) = kinds(workshop, job_id, TaskKind.PACK)
    lease = sure(take(workshop, task.id))
    assert (lease.track, lease.priority) == ("compatible/floor", 0)
    with session_scope(workshop.engine) as session:
        rows = service.encode_results(session, lease)
    assert [(row.number, row.payload["n"]) for row in rows] == [(n, n) for n in range(8)]
    assert [row.result["key"] for row in rows] == ids
    with session_scope(workshop.engine) as session:
        assert service.finish_pack(session, lease, packed_of("compatible/floor"))
    job = workshop.job(job_id)
    media = compose(new_job({}).base, [packed_of("compatible/floor")])
    assert (job.state, job.media) == (JobState.DONE, media.model_dump(mode="json"))
    assert workshop.progress(job_id).percent == 100
    with pytest.raises(JobNotRetriable), session_scope(workshop.engine) as session:
        service.retry_job(session, job_id)
    with pytest.raises(JobNotCancellable), session_scope(workshop.engine) as session:
        service.cancel_job(session, job_id)


def states(workshop: Workshop, job_id: str) -> list[str]:
    return [task.state for task in kinds(workshop, job_id, TaskKind.ENCODE)]


def judge(workshop: Workshop, job_id: str) -> Lease:
    """Take the one pack task that waits."""
    (waiting,) = [task for task in kinds(workshop, job_id, TaskKind.PACK) if task.state == TaskState.WAITING]
    return sure(take(workshop, waiting.id))


def test_what_nobody_looks_at_is_encoded_once_the_rest_is_good_enough(workshop: Workshop, job_id: str) -> None:
    first, *others = do_ingest(workshop, job_id, {"compatible/floor": 3}, looked_at=1)
    assert states(workshop, job_id) == ["waiting", "held", "held"]
    assert take(workshop, others[0]) is None
    assert encode(workshop, first)
    lease = judge(workshop, job_id)
    again = {n: NewTask(payload={"better": n}, weight=3.0, track=lease.track) for n in range(3)}
    with session_scope(workshop.engine) as session:
        assert [row.number for row in service.encode_results(session, lease)] == [0]
        assert service.encodes_left(session, lease) == {1: {"n": 1}, 2: {"n": 2}}
        assert service.encode_again(session, lease, {"tried": 1}, again)
    assert states(workshop, job_id) == ["waiting", "held", "held"]
    assert encode(workshop, first)
    lease = judge(workshop, job_id)
    with session_scope(workshop.engine) as session:
        assert service.encodes_left(session, lease) == {1: {"better": 1}, 2: {"better": 2}}
        assert service.encode_rest(session, lease)
    assert states(workshop, job_id) == ["done", "waiting", "waiting"]
    assert workshop.job(job_id).media is None
    assert all(encode(workshop, task_id) for task_id in others)
    lease = judge(workshop, job_id)
    with session_scope(workshop.engine) as session:
        assert service.earlier_tries(session, lease) == [{"tried": 1}]
        assert len(service.encode_results(session, lease)) == 3
        assert service.finish_pack(session, lease, packed_of(lease.track))
    assert workshop.job(job_id).state == JobState.DONE


def test_what_was_held_of_a_track_that_is_left_out_is_never_encoded(workshop: Workshop, job_id: str) -> None:
    tracks = {"compatible/floor": 1, "compatible/best": 3}
    floor, first, *_ = do_ingest(workshop, job_id, tracks, looked_at=1)
    for task_id, packed in ((floor, packed_of("compatible/floor")), (first, Packed())):
        assert encode(workshop, task_id)
        lease = judge(workshop, job_id)
        with session_scope(workshop.engine) as session:
            assert service.finish_pack(session, lease, packed)
    assert states(workshop, job_id) == ["done", "done"]
    assert (workshop.job(job_id).state, workshop.progress(job_id).percent) == (JobState.DONE, 100)


def test_a_cancelled_job_holds_what_it_held(workshop: Workshop, job_id: str) -> None:
    first, *others = do_ingest(workshop, job_id, {"compatible/floor": 3}, looked_at=1)
    assert encode(workshop, first)
    lease = judge(workshop, job_id)
    with session_scope(workshop.engine) as session:
        service.cancel_job(session, job_id)
    with session_scope(workshop.engine) as session:
        assert not service.encode_rest(session, lease)
    assert states(workshop, job_id) == ["done", "held", "held"]
    with session_scope(workshop.engine) as session:
        service.retry_job(session, job_id)
    lease = judge(workshop, job_id)
    with session_scope(workshop.engine) as session:
        assert service.encode_rest(session, lease)
    assert all(encode(workshop, task_id) for task_id in others)


def test_a_better_rung_waits_for_the_floor_that_is_held(workshop: Workshop, job_id: str) -> None:
    first, *_ = do_ingest(workshop, job_id, {"compatible/floor": 2, "compatible/best": 1}, looked_at=1)
    assert encode(workshop, first)
    judge(workshop, job_id)
    assert states(workshop, job_id) == ["done", "held", "waiting"]
    with session_scope(workshop.engine) as session:
        assert turns.claim_rings(session, TaskKind.ENCODE, 10, None) == []


def test_a_servers_outage_is_waited_for_and_is_no_attempt(workshop: Workshop, job_id: str) -> None:
    task_id = workshop.tasks(job_id)[0].id
    for outages in range(3):
        lease = sure(take(workshop, task_id))
        assert (lease.attempts, lease.outages) == (1, outages)
        with session_scope(workshop.engine) as session:
            assert setbacks.put_back(session, lease, StoreAway(why="no answer"))
        task = workshop.tasks(job_id)[0]
        assert (task.state, task.error_code) == (TaskState.WAITING, "store.away")
        assert ring_due(workshop.engine, FakeDoorbell()) == 0  # not before its time
    lease = sure(take(workshop, task_id)).model_copy(update={"outages": setbacks.MAX_OUTAGES})
    with session_scope(workshop.engine) as session:
        setbacks.put_back(session, lease, StoreAway(why="no answer"))
    assert (workshop.job(job_id).state, workshop.job(job_id).error_code) == (JobState.FAILED, "store.away")


def test_an_error_that_may_pass_is_tried_again_and_then_said(workshop: Workshop, job_id: str) -> None:
    task_id = workshop.tasks(job_id)[0].id
    error = NotDecodable(start=0, end=8, why="broken")
    for _ in range(setbacks.MAX_ATTEMPTS):
        assert workshop.job(job_id).state in (JobState.WAITING, JobState.RUNNING)
        with session_scope(workshop.engine) as session:
            lease = sure(service.take_lease(session, task_id, new_id(), 60))
        with session_scope(workshop.engine) as session:
            setbacks.try_again(session, lease, error)
    assert workshop.job(job_id).error_code == "source.not-decodable"
    fault = workshop.progress(job_id).fault
    assert fault is not None
    assert fault.message % fault.data == str(error)


def test_cancel_and_retry(workshop: Workshop, job_id: str) -> None:
    first, second, third = do_ingest(workshop, job_id)
    assert encode(workshop, first)
    running = sure(take(workshop, second))
    with session_scope(workshop.engine) as session:
        service.cancel_job(session, job_id)
    with session_scope(workshop.engine) as session:
        assert service.extend_lease(session, running, 60, 0.5) is JobState.CANCELLED
        assert setbacks.cancel_task(session, running)
    assert [t.state for t in kinds(workshop, job_id, TaskKind.ENCODE)] == ["done", "cancelled", "cancelled"]
    assert take(workshop, third) is None
    with session_scope(workshop.engine) as session:
        service.retry_job(session, job_id)
    assert [t.state for t in kinds(workshop, job_id, TaskKind.ENCODE)] == ["done", "waiting", "waiting"]


def test_a_job_that_was_over_for_long_begins_with_its_source_again(workshop: Workshop, job_id: str) -> None:
    first, *_ = do_ingest(workshop, job_id)
    assert encode(workshop, first)
    with session_scope(workshop.engine) as session:
        assert not service.is_long_over(session, job_id)
        service.cancel_job(session, job_id)
        assert not service.is_long_over(session, job_id)
    end_days_ago(workshop, job_id, 8)
    with session_scope(workshop.engine) as session:
        assert service.is_long_over(session, job_id)
        service.retry_job(session, job_id)
        assert not service.is_long_over(session, job_id)
    assert [(task.kind, task.state) for task in workshop.tasks(job_id)] == [(TaskKind.INGEST, TaskState.WAITING)]
    assert len(do_ingest(workshop, job_id)) == 3


def test_a_retry_before_the_cancelled_task_noticed_goes_on(workshop: Workshop, job_id: str) -> None:
    lease = sure(take(workshop, workshop.tasks(job_id)[0].id))
    with session_scope(workshop.engine) as session:
        service.cancel_job(session, job_id)
        service.retry_job(session, job_id)
    with session_scope(workshop.engine) as session:
        setbacks.cancel_task(session, lease)
    assert workshop.tasks(job_id)[0].state == TaskState.WAITING


def test_a_lost_part_is_cut_anew(workshop: Workshop, job_id: str) -> None:
    first, *_ = do_ingest(workshop, job_id)
    lease = sure(take(workshop, first))
    with session_scope(workshop.engine) as session:
        setbacks.fail_task(session, lease, PartLost(key="jobs/x/video/0000.mkv"))
    assert workshop.job(job_id).error_code == service.PART_LOST == PartLost.code
    with session_scope(workshop.engine) as session:
        service.retry_job(session, job_id)
    assert [(t.kind, t.state) for t in workshop.tasks(job_id)] == [("ingest", "waiting")]


def test_bells_ring_once_and_again_only_where_nobody_heard(workshop: Workshop, job_id: str) -> None:
    do_ingest(workshop, job_id, {"compatible/floor": DEPTH - 2})
    bell = FakeDoorbell()
    bell.away = True
    with pytest.raises(DoorbellAway):
        ring_due(workshop.engine, bell)
    bell.away = False
    with ThreadPoolExecutor(4) as pool:  # several relays at once
        assert sum(pool.map(lambda _: ring_due(workshop.engine, bell), range(4))) == DEPTH - 2
    assert len({ring.task_id for ring in bell.rings}) == len(bell.rings) == DEPTH - 2
    rung_a_minute_ago(workshop)
    assert ring_due(workshop.engine, bell) == 0  # they are in the queue still
    bell.rings.clear()
    assert ring_due(workshop.engine, bell) == DEPTH - 2  # the queue is empty, and nobody came
    bell.rings.clear()
    assert ring_due(workshop.engine, bell) == 0  # a worker may be on its way


def rung_a_minute_ago(workshop: Workshop) -> None:
    with session_scope(workshop.engine) as session:
        session.connection().execute(text("update task set rung_at = rung_at - interval '1 min'"))


def test_a_broker_that_goes_away_in_the_middle_has_not_taken_the_bells(workshop: Workshop, job_id: str) -> None:
    class Breaking(FakeDoorbell):
        def ring(self, ring: Ring) -> None:
            if len(self.rings) == 2:
                raise DoorbellAway("it broke")
            super().ring(ring)

    do_ingest(workshop, job_id, {"compatible/floor": 5})
    with pytest.raises(DoorbellAway):
        ring_due(workshop.engine, Breaking())
    assert ring_due(workshop.engine, FakeDoorbell()) == 5


def test_a_bell_that_nobody_can_ring_is_no_error(workshop: Workshop, job_id: str) -> None:
    bell = FakeDoorbell()
    bell.away = True
    with session_scope(workshop.engine) as session:
        service.ring_job(session, bell, job_id)
    bell.away = False
    with session_scope(workshop.engine) as session:
        service.ring_job(session, bell, job_id)
    assert [ring.kind for ring in bell.rings] == [TaskKind.INGEST]


def test_progress_counts_content_and_says_how_long_it_takes(workshop: Workshop, job_id: str) -> None:
    before = workshop.progress(job_id)
    assert (before.percent, before.rate, before.eta_s, before.stage) == (0, None, None, TaskKind.INGEST)
    ids = do_ingest(workshop, job_id, {"compatible/floor": 4})
    assert workshop.progress(job_id).percent == 5
    encode(workshop, ids[0])
    lease = sure(take(workshop, ids[1]))
    with session_scope(workshop.engine) as session:
        service.extend_lease(session, lease, 60, 0.5)
        earlier = text("update task set started_at = started_at - interval '9 s' where kind = 'encode'")
        session.connection().execute(earlier)
    now = workshop.progress(job_id)
    assert now.percent == pytest.approx(5 + 90 * 1.5 / 4, abs=0.1)
    assert (now.segments_done, now.segments, now.stage) == (1, 4, TaskKind.ENCODE)
    assert now.rate == pytest.approx(9 / 9, rel=0.2)
    assert now.eta_s == pytest.approx(15 + 1.2, rel=0.2)
    with session_scope(workshop.engine) as session:
        counts = turns.queue_lengths(session)
    assert counts == {
        turns.Queue(TaskKind.ENCODE, TaskState.RUNNING, True): 1,
        turns.Queue(TaskKind.ENCODE, TaskState.WAITING, True): 2,
    }
