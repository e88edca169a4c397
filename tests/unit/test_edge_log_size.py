"""What node.db takes beside what it is about: its log stays small whatever is written, and nothing of it is lost."""

import random
from pathlib import Path

import pytest

from catalog.formats.index import TrackKind
from catalog.formats.rungs import Rung
from edge_cache.database import LOG_BYTES, Database
from edge_cache.store.repository import StoreRepository
from tests.factories import make_lesson, make_media, make_release, make_track
from tests.fakes.box import Box

SLACK = 128 << 10
"""A transaction is written whole before the log can begin anew."""


def log_bytes(path: Path) -> int:
    return path.with_name(f"{path.name}-wal").stat().st_size


def test_a_fill_leaves_a_small_log_and_every_segment_held(tmp_path: Path) -> None:
    """Forty batches, as a fill marks them; the log is no longer than its bound at any time, plus a transaction."""
    video, sound = make_track(count=400, seed="log", size=300), make_track(TrackKind.SOUND, count=400, size=100)
    box = Box(tmp_path)
    box.know(make_release((make_lesson(make_media({Rung.FLOOR: video}, sound)),)), video, sound)
    rows, path = StoreRepository(box.database), box.database.path
    digests = [s.digest for track in (video, sound) for s in track.index.segments]
    random.Random(5).shuffle(digests)
    longest = 0
    for at in range(0, len(digests), 20):
        rows.mark_segments(digests[at : at + 20], held=True)
        longest = max(longest, log_bytes(path))
    assert longest <= LOG_BYTES + SLACK
    assert rows.totals()[0] == len(set(digests))


def test_a_log_that_one_long_transaction_made_is_cut_back(tmp_path: Path) -> None:
    database = Database(tmp_path / "node.db")
    with database.write() as rows:
        rows.executemany("insert into fact values (?, ?)", [(f"k{n}", "x" * 1000) for n in range(3000)])
    assert log_bytes(database.path) > 10 * LOG_BYTES
    for n in range(2):
        with database.write() as rows:
            rows.execute("insert into fact values (?, 'y')", (f"after{n}",))
    assert log_bytes(database.path) <= LOG_BYTES
    database.close()


@pytest.mark.parametrize("pragma", ["synchronous", "wal_autocheckpoint"])
def test_every_commit_is_still_on_the_disk_before_it_counts(tmp_path: Path, pragma: str) -> None:
    database = Database(tmp_path / "node.db")
    with database.write() as rows:
        found = rows.execute(f"pragma {pragma}").fetchone()[0]
    database.close()
    assert found == {"synchronous": 2, "wal_autocheckpoint": LOG_BYTES // 4096}[pragma]
