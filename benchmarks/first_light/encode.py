"""How long the sample lesson takes from job to done by a real worker, as a share of how long it lasts.

Beside it, on the same machine and file, what ricecooker (Kolibri's importer) does: one rendition by one ffmpeg.
"""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from benchmarks.programs import Broken, wait_for
from benchmarks.reporting import Figure, Results, is_quick
from catalog.accounts.models import Partner
from catalog.courses.models import Course, Lesson, Source, SourceState
from catalog.db import make_engine, session_scope
from catalog.formats.release import Media
from catalog.jobs.celery_doorbell import CeleryDoorbell
from catalog.jobs.models import Job, JobState
from catalog.jobs.service import create_job, ring_job
from catalog.settings import BrokerSettings, DatabaseSettings, StorageSettings, load
from catalog.storage.base import Bucket
from catalog.storage.s3 import S3ObjectStore
from songtan.sample import LESSON
from songtan.stack.centre import LocalCentre
from workers.pipeline.tools import find_tools

RUNS = 5
JOB_SECONDS = 300.0
MADE = {Bucket.SOURCES: ("segments/", "jobs/"), Bucket.PUBLIC: ("packs/", "indexes/", "blobs/")}


@dataclass(frozen=True)
class Encoded:
    """One run: wall seconds, the lesson's seconds, and what came of it."""

    seconds: float
    content_seconds: float
    media: Media

    @property
    def rungs(self) -> str:
        """The rungs with their sizes and bytes, sound and indexes included in each."""
        told = []
        for rendition in self.media.renditions:
            length = sum(t.length + t.index_length for t in self.media.tracks(rendition.rung, rendition.tier))
            size = f"{rendition.video.width}x{rendition.video.height}" if rendition.video else "sound"
            told.append(f"{rendition.rung} {size} {length / 1e3:.0f} kB")
        return ", ".join(told)


class Bench:
    """The parts of a running centre that a job needs, and the sample lesson as an uploaded source."""

    def __init__(self, centre: LocalCentre) -> None:
        env = {name.removeprefix("SONGTAN_").lower(): value for name, value in centre.env.items()}
        self.store = S3ObjectStore(load(StorageSettings, **{k: v for k, v in env.items() if k.startswith("s3_")}))
        self.engine = make_engine(load(DatabaseSettings, database_url=env["database_url"]))
        broker = load(BrokerSettings, broker_url=env["broker_url"])
        self.doorbell = CeleryDoorbell(broker.broker_url.get_secret_value())
        with session_scope(self.engine) as session:
            self.lesson, self.source = self._upload(session)

    def _upload(self, session: Session) -> tuple[str, str]:
        partner = Partner(name="送炭示范学校")
        session.add(partner)
        session.flush()
        course = Course(partner_id=partner.id, title="初中物理")
        session.add(course)
        session.flush()
        lesson = Lesson(course_id=course.id, partner_id=partner.id, number=1, title="压强")
        session.add(lesson)
        session.flush()
        size, key = LESSON.stat().st_size, f"sources/{lesson.id}"
        source = Source(
            lesson_id=lesson.id, name=LESSON.name, content_type="video/mp4", size=size, object_key=key, upload_id="-",
            part_size=size, state=SourceState.UPLOADED,
        )  # fmt: skip
        session.add(source)
        session.flush()
        self.store.put(Bucket.SOURCES, key, LESSON, "video/mp4")
        return lesson.id, source.id

    def forget(self) -> None:
        """Remove what an earlier run made, or the next would find its segments and encode nothing."""
        for bucket, prefixes in MADE.items():
            for prefix in prefixes:
                for found in list(self.store.list_objects(bucket, prefix)):
                    self.store.delete(bucket, found.key)

    def run(self) -> Encoded:
        """Run one job from its creation to done. Raises Broken."""
        self.forget()
        began = time.monotonic()
        with session_scope(self.engine) as session:
            job_id = create_job(session, self.lesson, self.source).id
        with session_scope(self.engine) as session:
            ring_job(session, self.doorbell, job_id)
        ended: list[Job] = []

        def is_over() -> bool:
            with session_scope(self.engine) as session:
                job = session.get_one(Job, job_id)
                if job.state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED):
                    ended.append(job)
            return bool(ended)

        wait_for(is_over, "the job", JOB_SECONDS, pause=0.05)
        seconds, job = time.monotonic() - began, ended[0]
        if job.state != JobState.DONE or job.content_seconds is None:
            raise Broken(f"the job ended as {job.state}: {job.error_code} {job.error_data}")
        return Encoded(seconds, job.content_seconds, Media.model_validate(job.media))


def ricecooker(folder: Path) -> tuple[float, int]:
    """Return seconds and bytes of what ricecooker asks of ffmpeg, which may use every core."""
    out = folder / "ricecooker.mp4"
    height = "scale='w=-2:h=trunc(min(ih,480)/2)*2'"
    words = ["-v", "error", "-nostdin", "-y", "-i", str(LESSON), "-vf", height, "-pix_fmt", "yuv420p", "-b:a", "32k"]
    words += ["-ac", "1", "-crf", "32", "-profile:v", "baseline", "-level", "3.0", "-preset", "slow"]
    began = time.monotonic()
    subprocess.run([find_tools().ffmpeg, *words, "-movflags", "faststart", out], check=True, timeout=JOB_SECONDS)
    return time.monotonic() - began, out.stat().st_size


def measure(results: Results, centre: LocalCentre) -> None:
    """Add the encoder's figures; our runs and the peer's take turns, so that both see the same machine."""
    ours, peers = [], []
    bench = Bench(centre)
    for _ in range(1 if is_quick() else RUNS):
        ours.append(bench.run())
        peers.append(ricecooker(centre.state.folder))
    bench.doorbell.close()
    bench.engine.dispose()
    lasts = ours[0].content_seconds
    sample = f"sample lesson ({lasts:.0f} s)"
    shares, theirs = [run.seconds / lasts for run in ours], [seconds / lasts for seconds, _ in peers]
    results.figures += [
        Figure("encode_share_of_real_time", f"{sample}: job to done", "x", shares, 1),
        Figure("ricecooker_share_of_real_time", "… ricecooker's one rendition, for comparison", "x", theirs),
    ]
    results.notes.append(
        "Encode: a job from its creation to done in the database (ring, probe, cut, encode, check, pack, store), "
        f"nothing reused; it made {ours[0].rungs}. ricecooker's line made one of 480p, {peers[0][1] / 1e3:.0f} kB."
    )
