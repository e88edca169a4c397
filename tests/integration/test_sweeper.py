"""The sweeper: parts of jobs that are long over go, and folders of tasks that were killed; nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.db import session_scope
from catalog.formats.ids import new_id
from catalog.jobs import service
from catalog.jobs.models import Job
from catalog.storage.base import Bucket, Listed, StoreAway
from tests.fakes.object_store import FakeObjectStore
from tests.jobs import begin_beside, end_days_ago
from tests.media import Media
from tests.workshop import Workshop, workshop
from workers.pipeline.workspace import workspace
from workers.sweeper import Sweeper, sweep_parts

__all__ = ["workshop"]


def begin(workshop: Workshop, media: Media) -> Job:
    source = workshop.upload(media.plain)
    with session_scope(workshop.engine) as session:
        return service.create_job(session, source.lesson_id, source.id)


def cut(workshop: Workshop, job_id: str) -> None:
    for name in ("video/0000.mkv", "sound/0000.flac"):
        workshop.store.put(Bucket.SOURCES, f"jobs/{job_id}/{name}", b"part")


def test_parts_of_jobs_that_are_long_over_go_and_nothing_else(workshop: Workshop, media: Media) -> None:
    live = begin(workshop, media)
    lately, long_ago, unknown = (
        begin_beside(workshop, live.lesson_id),
        begin_beside(workshop, live.lesson_id, 3),
        new_id(),
    )
    for job_id in (live.id, lately, long_ago, unknown):
        cut(workshop, job_id)
    workshop.store.put(Bucket.SOURCES, "segments/kept", b"segment")
    with session_scope(workshop.engine) as session:
        for job_id in (lately, long_ago):
            service.cancel_job(session, job_id)
    end_days_ago(workshop, lately, 6)
    end_days_ago(workshop, long_ago, 8)
    before = set(workshop.keys(Bucket.SOURCES))
    assert sweep_parts(workshop.engine, workshop.store) == 2
    gone = before - set(workshop.keys(Bucket.SOURCES))
    assert {key.split("/")[1] for key in gone} == {long_ago, unknown}
    assert len(gone) == 4
    assert sweep_parts(workshop.engine, workshop.store) == 0


def test_a_store_that_is_away_puts_it_off_and_left_folders_go_all_the_same(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> Iterator[Listed]:
        raise StoreAway(why="no answer")

    store = FakeObjectStore()
    monkeypatch.setattr(store, "list_objects", away)
    left = tmp_path / "songtan-task-left"
    left.mkdir()
    (left / ".lock").touch()
    with workspace(tmp_path) as folder:
        Sweeper(workshop.engine, store, tmp_path).sweep()
        assert list(tmp_path.iterdir()) == [folder.parent]
