"""How much sooner two workers are done than one, each on a processor of its own, the servers on the same ones.

The real servers (database, broker, object store) as `songtan up` starts them and real `songtan worker` processes. With
one worker everything, servers too, is held on one processor; with two, on two. Every lesson is another stretch of a
lecture, so that nothing is found again, and what was made is removed between the runs.
"""

import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean

from sqlalchemy import Engine

from benchmarks.encode.compare import Run
from benchmarks.encode.lectures import Lecture, excerpt
from benchmarks.encode.rule import nearest_rank
from benchmarks.encode.running import cores
from benchmarks.programs import Broken, running, wait_for, wait_ready
from catalog.accounts.models import Partner
from catalog.courses.models import Course, Lesson, Source, SourceState
from catalog.db import make_engine, session_scope
from catalog.jobs.celery_doorbell import CeleryDoorbell
from catalog.jobs.models import Job, JobState
from catalog.jobs.progress import job_progress
from catalog.jobs.service import create_job, ring_job
from catalog.settings import BrokerSettings, DatabaseSettings, StorageSettings, load
from catalog.storage.base import Bucket
from catalog.storage.s3 import S3ObjectStore
from songtan.preparation import PlaceSettings, prepare
from songtan.stack.embedded import Embedded
from songtan.stack.guard import descendants
from songtan.stack.ports import free_ports
from songtan.stack.postgres import discard
from songtan.stack.state import State
from songtan.stack.supervisor import Supervisor

LESSONS, LESSON_S = 4, 10.0
JOBS_S = 1500.0
READY_S = 180.0
MADE = {Bucket.SOURCES: ("segments/", "jobs/", "measures/", "probes/"), Bucket.PUBLIC: ("packs/", "indexes/", "blobs/")}
OVER = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
WEEK = (40, 45 * 60)
"""A week of school: lessons, and seconds of each."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How long all jobs took in seconds; and of each remaining time that was told by how much it was wrong, as a share
    of the time from the first that the job told to its end.
    """

    seconds: float
    misses: list[float]


@dataclass
class Centre:
    """Running servers, and the settings of a worker beside them."""

    engine: Engine
    store: S3ObjectStore
    doorbell: CeleryDoorbell
    env: dict[str, str]
    folder: Path
    told: list[tuple[str, datetime, float]] = field(default_factory=list)
    """Each time that a job said how many seconds were left: its id, when, and what it said."""

    def forget(self) -> None:
        """Remove what an earlier run made."""
        for bucket, prefixes in MADE.items():
            for prefix in prefixes:
                for found in list(self.store.list_objects(bucket, prefix)):
                    self.store.delete(bucket, found.key)

    def upload(self, lectures: list[Lecture]) -> list[tuple[str, str]]:
        """Make a course with a lesson of each lecture; return the ids of lessons and sources."""
        ids = []
        with session_scope(self.engine) as session:
            partner = Partner(name="送炭示范学校")
            session.add(partner)
            session.flush()
            course = Course(partner_id=partner.id, title="初中数学")
            session.add(course)
            session.flush()
            for number, lecture in enumerate(lectures, 1):
                lesson = Lesson(course_id=course.id, partner_id=partner.id, number=number, title=f"第 {number} 课")
                session.add(lesson)
                session.flush()
                size, key = lecture.file.stat().st_size, f"sources/{lesson.id}"
                source = Source(
                    lesson_id=lesson.id, name=lecture.file.name, content_type="video/x-matroska", size=size,
                    object_key=key, upload_id="-", part_size=size, state=SourceState.UPLOADED,
                )  # fmt: skip
                session.add(source)
                session.flush()
                self.store.put(Bucket.SOURCES, key, lecture.file, "video/x-matroska")
                ids.append((lesson.id, source.id))
        return ids

    def encode(self, lessons: list[tuple[str, str]]) -> Encoding:
        """Ask for a job of each lesson at once, and wait until the last is done. Raises Broken."""
        began = time.monotonic()
        self.told.clear()
        with session_scope(self.engine) as session:
            jobs = [create_job(session, lesson, source).id for lesson, source in lessons]
        with session_scope(self.engine) as session:
            for job in jobs:
                ring_job(session, self.doorbell, job)
        wait_for(lambda: self._are_over(jobs), "the jobs", JOBS_S, pause=0.25)
        with session_scope(self.engine) as session:
            ends = {job: session.get_one(Job, job).finished_at or datetime.now(UTC) for job in jobs}
        return Encoding(time.monotonic() - began, misses(self.told, ends))

    def _are_over(self, jobs: list[str]) -> bool:
        with session_scope(self.engine) as session:
            found = [session.get_one(Job, job) for job in jobs]
            for job in found:
                if job.state in OVER and job.state != JobState.DONE:
                    raise Broken(f"a job ended as {job.state}: {job.error_code} {job.error_data}")
            for job in found:
                eta = job_progress(session, job.id).eta_s
                if eta is not None:
                    self.told.append((job.id, datetime.now(UTC), eta))
            return all(job.state == JobState.DONE for job in found)


def misses(told: Sequence[tuple[str, datetime, float]], ends: Mapping[str, datetime]) -> list[float]:
    """Return by how much each remaining time that was `told` was wrong, as `Encoding` has it. Pure."""
    first: dict[str, datetime] = {}
    for job, at, _ in told:
        first.setdefault(job, at)
    found = []
    for job, at, seconds in told:
        wrong = (at + timedelta(seconds=seconds) - ends[job]).total_seconds()
        found.append(abs(wrong) / max(1.0, (ends[job] - first[job]).total_seconds()))
    return found


def hold(pids: list[int], processors: set[int]) -> None:
    """Let processes, with all their threads, run on these processors only."""
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("[0-9]*"):
            try:
                os.sched_setaffinity(int(task.name), processors)
            except OSError:
                continue  # it ended while we looked


@contextmanager
def servers(folder: Path) -> Iterator[Centre]:
    """Run database, broker and object store as this process's children, empty, with tables and buckets."""
    folder.mkdir(mode=0o755)
    supervisor, state = Supervisor(), State.open(folder)
    embedded = Embedded(state)
    try:
        embedded.start(supervisor)
        names = ("database_url", "s3_endpoint", "s3_access_key", "s3_secret_key")
        prepare(load(PlaceSettings, **{name: embedded.env[f"SONGTAN_{name.upper()}"] for name in names}))
        told = {name.removeprefix("SONGTAN_").lower(): value for name, value in embedded.env.items()}
        store = load(StorageSettings, **{k: v for k, v in told.items() if k.startswith("s3_")})
        broker = load(BrokerSettings, broker_url=told["broker_url"]).broker_url.get_secret_value()
        engine = make_engine(load(DatabaseSettings, database_url=told["database_url"]))
        env = {k: v for k, v in os.environ.items() if not k.startswith("SONGTAN_")} | dict(embedded.env)
        yield Centre(engine, S3ObjectStore(store), CeleryDoorbell(broker), env, folder)
    finally:
        supervisor.stop()
        discard(folder / "postgres")


@contextmanager
def worker(centre: Centre, processor: int) -> Iterator[None]:
    """Run a worker of one task at a time on one processor."""
    port, log = free_ports(1)[0], centre.folder / f"worker-{processor}.log"
    own = {"SONGTAN_WORKER_FOLDER": str(centre.folder / f"work-{processor}"), "SONGTAN_WORKER_METRICS_PORT": str(port)}
    words, mine = ["worker", "run", "--concurrency", "1"], os.sched_getaffinity(0)
    os.sched_setaffinity(0, {processor})  # which a child inherits
    try:
        with running(words, {**centre.env, **own}, log) as process:
            os.sched_setaffinity(0, mine)
            wait_ready(f"http://127.0.0.1:{port}/healthz", process, log, READY_S)
            yield
    finally:
        os.sched_setaffinity(0, mine)


def lesson_stretches(lectures: list[Lecture], cache: Path, count: int, seconds: float) -> list[Lecture]:
    """Return stretches of the lectures in turn, no two the same; the longest work first, or its end is waited for."""
    found = []
    for number in range(count):
        lecture = lectures[number % len(lectures)]
        start = number // len(lectures) * seconds
        found.append(excerpt(lecture, start, seconds, cache))
    return sorted(found, key=lambda lecture: lecture.file.stat().st_size, reverse=True)


def run(run: Run) -> None:
    """Add `scale_2_workers`, and from it and the measured cost of floors `floors_40_hours`."""
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) < 2:
        raise Broken("scale_2_workers needs two processors; this process may use one.")
    count, seconds = (2, 4.0) if run.scope.is_quick else (LESSONS, LESSON_S)
    lectures = lesson_stretches(run.scope.lectures(), run.scope.cache, count, seconds)
    content = sum(lecture.seconds for lecture in lectures)
    took: dict[int, Encoding] = {}
    place = run.scope.work / "centre"
    shutil.rmtree(place, ignore_errors=True)  # of a run that broke
    with servers(place) as centre:
        lessons = centre.upload(lectures)
        for number in (1, 2):
            mine = set(processors[:number])
            hold(descendants(os.getpid()), mine)
            with ExitStack() as stack:
                for processor in processors[:number]:
                    stack.enter_context(worker(centre, processor))
                took[number] = centre.encode(lessons)
            run.report.say(f"  {number} worker(s): {content:.0f} s of lessons in {took[number].seconds:.0f} s")
            centre.forget()
        centre.doorbell.close()
        centre.engine.dispose()
    scale = took[1].seconds / took[2].seconds
    run.report.add("scale_2_workers", "two workers against one, a processor each, servers counted", "x", scale)
    wrong = [miss for encoding in took.values() for miss in encoding.misses]
    for key, share, what in (
        ("eta_miss", 0.5, "told time left, wrong by this share of the time since it was first told: median"),
        ("eta_miss_p90", 0.9, "… nine of ten are nearer than"),
    ):
        run.report.add(key, what, "x", nearest_rank(wrong, share) if wrong else None)
    _add_floors(run, scale / 2)
    run.report.note(
        f"scale_2_workers: {count} lessons of {seconds:g} s, all jobs asked for at once, from creation to all done; "
        f"{took[1].seconds:.0f} s with servers and one worker on one processor, {took[2].seconds:.0f} s with servers "
        f"and two workers on two; this process may use {cores()}."
    )


def floor_hours(floors_a_second: float, efficiency: float, processors: int) -> float:
    """Return hours until a week's floors can be published, given processor seconds a second of lesson for floors.

    `efficiency` is the share of processors that workers turn into encoding: half of what two workers gain.
    """
    lessons, seconds = WEEK
    return lessons * seconds * floors_a_second / (processors * efficiency) / 3600


def _add_floors(run: Run, efficiency: float) -> None:
    ladders = [run.long] if run.long else [side.ladder for side in run.lectures()]
    cost = mean(ladder.floors / ladder.seconds for ladder in ladders)
    what = "40 lessons of 45 minutes: hours until the last floor can be published"
    for key, processors in (("floors_40_hours", 2), ("floors_40_hours_16_cores", 16)):
        run.report.add(key, f"{what}, {processors} cores", "h", floor_hours(cost, efficiency, processors))
    run.report.note(
        "floors_40_hours: computed, not waited for: looking, probing, and the floors of both tiers with their sound "
        f"take {cost:.2f} CPU-s a second of a lecture of {ladders[0].seconds:.0f} s, and of each processor "
        f"{efficiency:.0%} was of use in scale_2_workers. Sixteen cores are taken to be as good: they were not run."
    )
