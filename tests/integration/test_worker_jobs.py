"""Jobs from a ring to packs, on the real database, broker and store, by a real worker process."""

from catalog.db import session_scope
from catalog.formats.release import Media as ReleaseMedia
from catalog.formats.rungs import Rung, Tier
from catalog.jobs.models import JobState
from catalog.jobs.service import retry_job
from catalog.storage.base import Bucket
from tests.media import Media
from tests.workshop import Workshop, wait_for, workshop

__all__ = ["workshop"]


def test_a_source_becomes_packs_and_the_same_source_again_encodes_nothing(workshop: Workshop, media: Media) -> None:
    worker = workshop.start_worker()
    source = workshop.upload(media.video("jobs.mp4", seconds=21, size="160x90", rate="5", gop=20, sound="mono"))
    job = workshop.wait_ended(workshop.begin_again(source).id)
    assert job.state == JobState.DONE, worker.log.read_text()
    made = ReleaseMedia.model_validate(job.media)
    rungs = [(r.tier, r.rung) for r in made.renditions]
    assert {(tier, rung) for tier in Tier for rung in (Rung.LISTEN, Rung.FLOOR)} <= set(rungs)
    assert rungs == sorted(rungs, key=lambda one: (list(Tier).index(one[0]), list(Rung).index(one[1])))
    assert [sound.tier for sound in made.sounds] == list(Tier)
    tracks = list(made.all_tracks())
    public = set(workshop.keys(Bucket.PUBLIC))
    assert made.poster is not None
    assert made.stills
    blobs = {f"blobs/{blob.sha256}" for blob in made.blobs()}
    assert public == {f"{kind}/{t.index}" for t in tracks for kind in ("packs", "indexes")} | blobs
    wait_for(lambda: workshop.keys(Bucket.SOURCES, "jobs/") == [], "the parts of the finished job to be removed")
    assert workshop.progress(job.id).percent == 100
    again = workshop.wait_ended(workshop.begin_again(source).id)
    assert again.id != job.id
    assert again.media == job.media
    encoded = [t for t in workshop.tasks(job.id) if t.kind == "encode"]
    assert len(encoded) == 2 * len(tracks)  # each track has two segments
    reused = [t.result["reused"] for t in workshop.tasks(again.id) if t.kind == "encode" and t.result]
    assert len(reused) == len(encoded)
    assert all(reused)
    assert worker.stop() == 0


def test_a_source_that_is_no_video_fails_clearly_and_can_be_tried_again(workshop: Workshop, media: Media) -> None:
    worker = workshop.start_worker(concurrency=1)
    job = workshop.wait_ended(workshop.begin(media.no_video).id)
    assert (job.state, job.error_code) == (JobState.FAILED, "source.not-a-video")
    fault = workshop.progress(job.id).fault
    assert fault is not None
    assert "Export it as MP4" in fault.message % fault.data
    assert workshop.keys(Bucket.PUBLIC) == []
    assert workshop.keys(Bucket.SOURCES, "jobs/") == []
    workshop.store.put(
        Bucket.SOURCES, f"sources/{job.source_id}", media.video("short.m4a", seconds=1, pictures=False)
    )  # somebody put it right
    with session_scope(workshop.engine) as session:
        retry_job(session, job.id)
    assert workshop.wait_ended(job.id).state == JobState.DONE
    assert worker.stop() == 0
