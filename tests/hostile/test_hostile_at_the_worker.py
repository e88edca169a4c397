"""Hostile sources on the real way: each fails at once and clearly, and the worker is free for the next lesson."""

from pathlib import Path

import psutil

from catalog.jobs.models import JobState
from catalog.storage.base import Bucket
from tests import forge
from tests.media import Media
from tests.workshop import Workshop, wait_for, workshop

__all__ = ["workshop"]


def hostile(media: Media, folder: Path) -> dict[str, Path]:
    """A file for each code that a partner may read."""
    one, two_seconds = [forge.sound_track(1)], range(0, 2000, 20)
    forged = {
        "source.too-many-streams": forge.many_tracks(media),
        "source.gap": forge.matroska(one, [*two_seconds, 10**10]),
        "source.cut-off": forge.matroska(one, two_seconds, 360_000_000),
        "source.pictures-too-large": forge.wide_behind_a_small_header(media),
        "source.too-heavy": forge.rush(media).read_bytes(),
        "source.not-a-video": f"#EXTM3U\n#EXTINF:4,\nfile://{media.plain}\n#EXT-X-ENDLIST\n".encode(),
        "source.nothing-inside": forge.endless_samples(media),
    }
    paths = {}
    for code, data in forged.items():
        paths[code] = folder / code
        paths[code].write_bytes(data)
    return paths


def test_each_ends_and_the_next_lesson_is_made(workshop: Workshop, media: Media, tmp_path: Path) -> None:
    worker = workshop.start_worker(concurrency=1)
    good = media.video("short.m4a", seconds=1, pictures=False)
    for code, path in hostile(media, tmp_path).items():
        bad, next_one = workshop.begin(path), workshop.begin(good)
        failed = workshop.wait_ended(bad.id)
        assert (failed.state, failed.error_code) == (JobState.FAILED, code)
        assert [task.attempts for task in workshop.tasks(bad.id)] == [1]
        assert workshop.wait_ended(next_one.id).state == JobState.DONE, worker.log.read_text()
        assert workshop.keys(Bucket.SOURCES, f"jobs/{bad.id}/") == []
    wait_for(lambda: not list((workshop.folder / "work").glob("songtan-task-*")), "its folders to be gone")
    left = [p.name() for p in psutil.Process(worker.process.pid).children(recursive=True) if p.name().startswith("ff")]
    assert left == []
    assert worker.said("task.broke") == []
    assert worker.stop() == 0
