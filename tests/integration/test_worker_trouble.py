"""A worker that is killed, cancelled, stopped, or whose servers go away: that task again, and nothing else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import redis

from catalog.db import session_scope
from catalog.jobs import service, turns
from catalog.jobs.models import LIVE, JobState, TaskKind, TaskState
from catalog.storage.base import Bucket
from tests.line import Line
from tests.media import Media
from tests.servers import StoreAddress
from tests.workshop import WORK, Worker, Workshop, open_workshop, wait_for, workshop

__all__ = ["workshop"]


def slow(media: Media) -> Path:
    """A source whose tracks have two segments each, and whose pictures are neither encoded at once nor hard to."""
    drawn = "gradients=seed=1:speed=0.05"
    return media.video("slow.mp4", seconds=21, size="320x180", rate="12", sound="mono", gop=50, drawn=drawn)


@contextmanager
def busy(workshop: Workshop, worker: Worker, job_id: str) -> Iterator[psutil.Process]:
    """Hold ffmpeg still in the middle of encoding a segment of pictures; where it lives after the block, it goes on.

    Ingest encodes too, to try and to store: those have other names for what they write.
    """

    def found() -> psutil.Process | None:
        for process in worker.children("ffmpeg"):
            try:
                words = process.cmdline()
                if {"libx264", "libsvtav1"} & set(words) and _writes_a_segment(words):
                    process.suspend()
                    return process
            except psutil.Error:
                continue
        assert workshop.job(job_id).state in LIVE
        return None

    process = wait_for(found, "a segment under way")
    assert isinstance(process, psutil.Process)
    try:
        yield process
    finally:
        with suppress(psutil.NoSuchProcess):
            process.resume()


def _writes_a_segment(words: list[str]) -> bool:
    return any(word.startswith("file:") and word.endswith("/segment.mp4") for word in words)


def tried_again(workshop: Workshop) -> list[int]:
    """The attempts beyond the first, as the workers began them. Rows forget: a gate may ask for the same task anew."""
    began = [event for worker in workshop.workers for event in worker.said("task.started")]
    return [event["attempt"] for event in began if event["attempt"] > 1]


def ended(process: psutil.Process) -> bool:
    """Whether a process is over; one that nobody has asked after yet is."""
    try:
        return process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return True


def test_a_killed_encoder_and_a_killed_pool_child_cost_one_task_one_attempt_each(
    workshop: Workshop, media: Media
) -> None:
    worker = workshop.start_worker(concurrency=1)
    job = workshop.begin(slow(media))
    with busy(workshop, worker, job.id) as encoder:
        encoder.kill()
    killed = wait_for(
        lambda: [e for e in worker.said("task.ended") if "SIGKILL" in str(e["outcome"])], "the worker to tell"
    )
    assert len(killed) == 1
    wait_for(lambda: tried_again(workshop) == [2], "the task to begin again")
    with busy(workshop, worker, job.id) as encoder:
        child = encoder.parent()
        assert child is not None
        child.kill()
    wait_for(lambda: ended(encoder), "the encoder to end too", 20)
    assert workshop.wait_ended(job.id).state == JobState.DONE
    assert sum(attempt - 1 for attempt in tried_again(workshop)) in (2, 3), "twice one task, or each of two once"


def test_a_killed_worker_leaves_nothing_behind_and_another_goes_on(workshop: Workshop, media: Media) -> None:
    first = workshop.start_worker(concurrency=1)
    job = workshop.begin(slow(media))
    with busy(workshop, first, job.id):
        family = psutil.Process(first.process.pid).children(recursive=True)
        first.kill()
        wait_for(lambda: all(ended(process) for process in family), "its family to end", 30)
    done_before = {t.id for t in workshop.tasks(job.id) if t.state == TaskState.DONE}
    workshop.start_worker(concurrency=2)
    assert workshop.wait_ended(job.id).state == JobState.DONE
    assert {t.attempts for t in workshop.tasks(job.id) if t.id in done_before} == {1}
    assert tried_again(workshop) == [2]
    wait_for(lambda: left_over(workshop) == [], "the next worker to sweep what the dead one left")


def left_over(workshop: Workshop) -> list[str]:
    return [path.name for path in (workshop.folder / WORK).glob("songtan-task-*")]


def test_cancel_stops_the_encoder_and_retry_goes_on_from_there(workshop: Workshop, media: Media) -> None:
    worker = workshop.start_worker(concurrency=1)
    job = workshop.begin(slow(media))
    with busy(workshop, worker, job.id) as encoder:
        with session_scope(workshop.engine) as session:
            service.cancel_job(session, job.id)
        wait_for(lambda: ended(encoder), "ffmpeg to stop", 20)
    wait_for(lambda: all(t.state in ("done", "cancelled") for t in workshop.tasks(job.id)), "the tasks to be cancelled")
    assert workshop.progress(job.id).state == JobState.CANCELLED
    assert all(key.startswith("blobs/") for key in workshop.keys(Bucket.PUBLIC)), "stills are there, and no pack"
    with session_scope(workshop.engine) as session:
        service.retry_job(session, job.id)
    assert workshop.wait_ended(job.id).state == JobState.DONE  # the relay rang: nobody else did


def test_sigterm_ends_what_is_under_way_and_loses_nothing(workshop: Workshop, media: Media) -> None:
    worker = workshop.start_worker(concurrency=1)
    job = workshop.begin(slow(media))
    with busy(workshop, worker, job.id):
        before = {t.id for t in workshop.tasks(job.id) if t.state == TaskState.DONE}
    assert worker.stop() == 0
    tasks = workshop.tasks(job.id)
    assert [t for t in tasks if t.state == TaskState.RUNNING] == []
    assert {t.id for t in tasks if t.state == TaskState.DONE} > before
    workshop.start_worker(concurrency=2)
    assert workshop.wait_ended(job.id).state == JobState.DONE
    assert tried_again(workshop) == []


def test_bells_lost_by_the_broker_ring_again(workshop: Workshop, media: Media, broker_url: str) -> None:
    job = workshop.begin(media.video("short.m4a", seconds=1, pictures=False))
    with session_scope(workshop.engine) as session:
        assert len(turns.claim_rings(session, TaskKind.INGEST, 10, None)) == 1  # as if a relay had rung for it
    client = redis.Redis.from_url(broker_url)
    client.flushall()
    client.close()
    workshop.start_worker()
    assert workshop.wait_ended(job.id).state == JobState.DONE


@contextmanager
def behind_lines(
    database_url: str, broker_url: str, store: StoreAddress, folder: Path
) -> Iterator[tuple[Workshop, dict[str, Line], dict[str, str]]]:
    """A workshop whose workers reach the servers over lines that the test can cut."""
    with open_workshop(database_url, broker_url, store, folder) as shop:
        ports = {
            "SONGTAN_DATABASE_URL": database_url,
            "SONGTAN_BROKER_URL": broker_url,
            "SONGTAN_S3_ENDPOINT": store.endpoint,
        }
        lines, env = {}, {}
        for name, address in ports.items():
            port = address.rpartition(":")[2].partition("/")[0]
            lines[name] = Line("127.0.0.1", int(port))
            env[name] = address.replace(f":{port}", f":{lines[name].port}")
        try:
            yield shop, lines, env
        finally:
            for worker in shop.workers:
                worker.kill()
            for line in lines.values():
                line.close()


def test_servers_that_go_away_are_waited_for(
    database_url: str, broker_url: str, store_address: StoreAddress, media: Media, tmp_path: Path
) -> None:
    with behind_lines(database_url, broker_url, store_address, tmp_path) as (shop, lines, env):
        worker = shop.start_worker(concurrency=1, **env)
        job = shop.begin(slow(media))
        noticed = {
            "SONGTAN_DATABASE_URL": lambda: worker.said("heartbeat.missed"),
            "SONGTAN_BROKER_URL": lambda: worker.said("relay.waiting") or worker.said("doorbell.missed"),
            "SONGTAN_S3_ENDPOINT": lambda: any("store.away" in str(e["outcome"]) for e in worker.said("task.ended")),
        }
        done: set[str] = set()
        for away, told in noticed.items():
            with busy(shop, worker, job.id):
                done = done or {t.id for t in shop.tasks(job.id) if t.state == TaskState.DONE}
                lines[away].cut()
                if away == "SONGTAN_DATABASE_URL":  # no heart beats where nothing is under way
                    wait_for(told, "the worker to miss a heartbeat")
            wait_for(told, f"the worker to notice that {away} is cut")
            assert shop.job(job.id).state == JobState.RUNNING
            lines[away].mend()
        assert shop.wait_ended(job.id).state == JobState.DONE, worker.log.read_text()[-4000:]
        again = {t.id: t.attempts for t in shop.tasks(job.id)}
        assert {again[task_id] for task_id in done} == {1}


def test_a_minute_without_store_broker_and_database_costs_that_minute(
    database_url: str, broker_url: str, store_address: StoreAddress, media: Media, tmp_path: Path
) -> None:
    """All three at once, as when the machine that runs them starts anew; the minute is what is tested."""
    with behind_lines(database_url, broker_url, store_address, tmp_path) as (shop, lines, env):
        worker = shop.start_worker(concurrency=1, **env)
        job = shop.begin(slow(media))
        with busy(shop, worker, job.id):
            done = {t.id for t in shop.tasks(job.id) if t.state == TaskState.DONE}
        for line in lines.values():
            line.cut()
        time.sleep(60)
        assert worker.process.poll() is None, worker.log.read_text()[-4000:]
        for line in lines.values():
            line.mend()
        assert shop.wait_ended(job.id).state == JobState.DONE, worker.log.read_text()[-4000:]
        again = {t.id: t.attempts for t in shop.tasks(job.id)}
        assert {again[task_id] for task_id in done} == {1}
