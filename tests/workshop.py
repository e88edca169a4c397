"""A workshop for one test: database, store and doorbell on the real servers, worker processes, lessons to work at."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from catalog.accounts.models import Partner
from catalog.courses.models import Course, Lesson, Source, SourceState
from catalog.db import make_engine, session_scope
from catalog.formats.ids import new_id
from catalog.jobs import repository, service
from catalog.jobs.celery_doorbell import CeleryDoorbell
from catalog.jobs.models import Job, JobState, Task
from catalog.jobs.progress import job_progress
from catalog.jobs.schemas import JobProgress
from catalog.settings import StorageSettings
from catalog.storage.base import Bucket, ObjectStore
from catalog.storage.s3 import S3ObjectStore
from tests.servers import StoreAddress
from workers.settings import WorkerSettings

ROOT = Path(__file__).parent.parent
LONG_S = 240.0
WORK = "Li's work, new"
"""Below the workshop's folder, where workers keep files: what stands in command lines may be called anything."""


def wait_for(is_so: Callable[[], Any], what: str, seconds: float = LONG_S) -> Any:
    """Return the first true answer of `is_so`; ask often, and say what was waited for when it does not come."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = is_so()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s for {what}")


class Worker:
    """A worker process of our own."""

    def __init__(self, env: dict[str, str], log: Path, concurrency: int = 2) -> None:
        self.log = log
        command = [sys.executable, "-m", "workers", "run", "--concurrency", str(concurrency)]
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **env}, stdout=out, stderr=out, start_new_session=True
            )

    def said(self, event: str) -> list[dict[str, Any]]:
        """The events of this name in the log so far."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        events = (json.loads(line) for line in lines if line.startswith("{"))
        return [e for e in events if e.get("event") == event]

    def wait_ready(self) -> None:
        wait_for(lambda: self.said("worker.became-ready") or self.process.poll() is not None, "the worker")
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8", errors="replace")

    def children(self, name: str) -> list[psutil.Process]:
        """Its living descendants whose program's name begins so."""
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if child.name().startswith(name) and child.status() != psutil.STATUS_ZOMBIE:
                    found.append(child)
            except psutil.NoSuchProcess:
                continue
        return found

    def stop(self) -> int:
        """End it as an operator does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait()


@dataclass
class Workshop:
    """What a test of jobs needs."""

    settings: WorkerSettings
    env: dict[str, str]
    engine: Engine
    store: ObjectStore
    doorbell: CeleryDoorbell
    folder: Path
    workers: list[Worker] = field(default_factory=list)

    def start_worker(self, concurrency: int = 2, **env: str) -> Worker:
        worker = Worker({**self.env, **env}, self.folder / f"worker-{len(self.workers)}.log", concurrency)
        self.workers.append(worker)
        worker.wait_ready()
        return worker

    def upload(self, path: Path) -> Source:
        """Put a file where the API would have, with its rows."""
        partner = Partner(name=new_id())
        course = Course(partner_id=partner.id, title="物理")
        lesson = Lesson(course_id=course.id, partner_id=partner.id, number=1, title="压强")
        source_id = new_id()
        source = Source(
            id=source_id,
            lesson_id=lesson.id,
            name='第一课 "压强"\'s 视频.mp4',
            content_type="video/mp4",
            size=path.stat().st_size,
            object_key=f"sources/{source_id}",
            upload_id="x",
            part_size=8 << 20,
            state=SourceState.UPLOADED,
        )
        self.store.put(Bucket.SOURCES, source.object_key, path)
        with session_scope(self.engine) as session:
            for row in (partner, course, lesson, source):
                session.add(row)
                session.flush()
        return source

    def begin(self, path: Path) -> Job:
        """Upload, make a job, ring."""
        return self.begin_again(self.upload(path))

    def begin_again(self, source: Source) -> Job:
        with session_scope(self.engine) as session:
            job = service.create_job(session, source.lesson_id, source.id)
        with session_scope(self.engine) as session:
            service.ring_job(session, self.doorbell, job.id)
        return job

    def progress(self, job_id: str) -> JobProgress:
        with session_scope(self.engine) as session:
            return job_progress(session, job_id)

    def job(self, job_id: str) -> Job:
        with session_scope(self.engine) as session:
            return service.find_job(session, job_id)

    def tasks(self, job_id: str) -> list[Task]:
        with session_scope(self.engine) as session:
            return list(repository.tasks_of(session, job_id))

    def wait_ended(self, job_id: str, seconds: float = LONG_S) -> Job:
        """Return the job when it is done, failed or cancelled."""
        ended = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
        found = wait_for(lambda: next((j for j in [self.job(job_id)] if j.state in ended), None), "the job", seconds)
        assert isinstance(found, Job)
        return found

    def keys(self, bucket: Bucket, prefix: str = "") -> list[str]:
        return [found.key for found in self.store.list_objects(bucket, prefix)]


@contextmanager
def open_workshop(database_url: str, broker_url: str, store: StoreAddress, folder: Path) -> Iterator[Workshop]:
    """Give a workshop on these servers; every worker that it started ends with it."""
    env = {
        **store.env,
        "SONGTAN_DATABASE_URL": database_url,
        "SONGTAN_BROKER_URL": broker_url,
        "SONGTAN_DEMO": "1",
        "SONGTAN_LOG_JSON": "1",
        "SONGTAN_WORKER_FOLDER": str(folder / WORK),
        "SONGTAN_WORKER_LEASE_SECONDS": "4",
        "SONGTAN_WORKER_HEARTBEAT_SECONDS": "0.5",
    }
    settings = WorkerSettings(
        database_url=SecretStr(database_url),
        broker_url=SecretStr(broker_url),
        s3_endpoint=store.endpoint,
        s3_access_key=store.access_key,
        s3_secret_key=SecretStr(store.secret_key),
        bucket_sources=store.bucket_sources,
        bucket_public=store.bucket_public,
        worker_folder=folder / WORK,
        demo=True,
    )
    engine = make_engine(settings)
    objects = S3ObjectStore(StorageSettings(**settings.model_dump(include=set(StorageSettings.model_fields))))
    objects.ensure_buckets()
    shop = Workshop(settings, env, engine, objects, CeleryDoorbell(broker_url), folder)
    try:
        yield shop
    finally:
        for worker in shop.workers:
            if worker.process.poll() is None:
                worker.kill()
        shop.doorbell.close()
        engine.dispose()


@pytest.fixture
def workshop(database_url: str, broker_url: str, store_address: StoreAddress, tmp_path: Path) -> Iterator[Workshop]:
    with open_workshop(database_url, broker_url, store_address, tmp_path) as opened:
        yield opened
