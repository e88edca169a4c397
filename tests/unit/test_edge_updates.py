"""What an update costs before it is fetched, what keeping house finds, and what a disk in trouble comes to."""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.errors import AppError
from catalog.formats.index import TrackKind
from catalog.formats.release import Release
from catalog.formats.rungs import Rung
from edge_cache.errors import SourceUnreachable
from edge_cache.housekeeping import FASTEST, SLOWEST, Housekeeping, margin, scrub_rate
from edge_cache.notes import Notes
from edge_cache.planner.history import seen
from edge_cache.planning.line import keep_line, known_line, usual_rate
from edge_cache.releases.updates import UpdateRepository, expected_hours, price
from edge_cache.store.files import Files, Shelf
from edge_cache.store.keeper import Keeper
from tests.factories import Track, make_lesson, make_media, make_release, make_track
from tests.fakes.box import Box

OLD, SOUND = make_track(count=4, seed="old", size=900), make_track(TrackKind.SOUND, count=4, size=300)
NEW = make_track(count=4, seed="new", size=700)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    box = Box(tmp_path)
    box.keeper.on_complete = box.releases.switch
    return box


def updated(box: Box) -> Release:
    """Hold a release, and know a newer one whose pictures are others."""
    release = make_release((make_lesson(make_media({Rung.FLOOR: OLD}, SOUND)),))
    box.know(release, OLD, SOUND)
    box.hold(OLD)
    box.hold(SOUND)
    lesson = release.lessons[0].model_copy(update={"media": make_media({Rung.FLOOR: NEW}, SOUND)})
    box.know(release.model_copy(update={"number": 2, "lessons": (lesson,)}))
    return release


class Indexes:
    """A source that has indexes, or is away."""

    name, uses_line = "indexes", True

    def __init__(self, *tracks: Track) -> None:
        self.tracks = {f"indexes/{track.index.digest}": track.index.encoded for track in tracks}
        self.asked: list[str] = []

    async def get(self, path: str, limit: int) -> bytes:
        self.asked.append(path)
        if path not in self.tracks:
            raise SourceUnreachable(address=path, why="away")
        return self.tracks[path]

    async def held(self, index: str) -> None:
        """All of it, as a store has."""

    def read_range(self, path: str, start: int, length: int, total: int) -> AsyncIterator[bytes]:
        raise AssertionError(f"an index is enough, not {length} bytes of {path}")


def test_an_update_costs_what_is_not_held_and_first_at_most_its_tracks(box: Box) -> None:
    updates, release = UpdateRepository(box.database), updated(box)
    (before,) = updates.under_way()
    assert (before.serving, before.release, before.lessons) == (1, 2, 1)
    assert (before.exact, before.cost) == (False, len(NEW.pack) + len(NEW.index.encoded))
    source = Indexes(NEW)
    asyncio.run(price(updates, box.rows, [Indexes(), source]))
    (priced,) = updates.under_way()
    assert (priced.exact, priced.cost) == (True, sum(row.length for row in NEW.index.segments))
    row = NEW.index.segments[0]
    box.keeper.keep_segments([(row.digest, NEW.segments[0])])
    assert updates.under_way()[0].cost == priced.cost - row.length
    box.hold(NEW)
    assert updates.under_way() == []
    assert box.releases.serving(release.course, release.lessons[0].id) == 2
    assert source.asked == [f"indexes/{NEW.index.digest}"]


def test_a_price_that_cannot_be_had_is_left_to_the_fill(box: Box) -> None:
    updated(box)
    updates = UpdateRepository(box.database)
    asyncio.run(price(updates, box.rows, [Indexes()]))
    assert not updates.under_way()[0].exact


def test_hours_come_from_what_the_line_gave(box: Box) -> None:
    notes = Notes(box.database)
    assert usual_rate(notes) is None
    assert expected_hours(3_600_000, usual_rate(notes)) is None
    keep_line(notes, seen(known_line(notes), 10, 1_000_000))
    assert usual_rate(notes) is None, "one quick pass says little"
    keep_line(notes, seen(known_line(notes), 36_000, 360_000_000))
    assert usual_rate(notes) == pytest.approx(10_000, rel=0.05)
    assert expected_hours(36_000_000, usual_rate(notes)) == pytest.approx(1, rel=0.05)


@given(st.integers(0, 1 << 42), st.floats(0.1, 100))
def test_a_scrub_is_never_faster_than_is_polite(held: int, days: float) -> None:
    assert SLOWEST <= scrub_rate(held, days) <= FASTEST
    assert (64 << 20) <= margin(held) <= (1 << 30)


class Scrubbed(Notes):
    """Notes that say when a round of the scrub is noted."""

    def begin(self) -> None:
        """Wait for the next round, in this event loop."""
        self.loop, self.round = asyncio.get_running_loop(), asyncio.Event()

    def keep(self, **facts: str | None) -> None:
        super().keep(**facts)
        if "scrub_finished" in facts:
            self.loop.call_soon_threadsafe(self.round.set)


def test_keeping_house_finds_rot_by_itself_and_goes_on_where_it_stopped(box: Box) -> None:
    updated(box)
    rotten = OLD.index.segments[1].digest
    box.keeper.files.segments.path(rotten).write_bytes(b"rot")
    when = datetime(2026, 11, 26, tzinfo=UTC)
    notes = Scrubbed(box.database)

    async def go() -> None:
        notes.begin()
        house = Housekeeping(box.keeper, box.needs, notes, lambda: when, lambda: 0, scrub_days=0.001, rest_s=0)
        running = asyncio.create_task(house.run())
        await asyncio.wait_for(notes.round.wait(), 60)
        running.cancel()
        await asyncio.wait([running])

    notes.keep(scrub_folders_done=str(int(rotten[:2], 16) + 1))
    asyncio.run(go())
    assert box.rows.is_held(rotten), "its folder was done before the last stop"
    asyncio.run(go())
    assert not box.rows.is_held(rotten)
    assert (notes.moment("scrub_finished"), notes.fact("scrub_found")) == (when, "1")


class FullShelf(Shelf):
    """A shelf on a disk that takes nothing."""

    trouble = errno.ENOSPC

    def keep(self, files: Sequence[tuple[str, bytes]], before_each: Callable[[], object] = lambda: None) -> None:
        raise OSError(self.trouble, "no")


@pytest.mark.parametrize(("trouble", "code"), [(errno.ENOSPC, "disk.full"), (errno.EROFS, "disk.unwritable")])
def test_a_disk_that_takes_nothing_is_said_in_words_and_nothing_counts(tmp_path: Path, trouble: int, code: str) -> None:
    box = Box(tmp_path)
    box.know(make_release((make_lesson(make_media({Rung.FLOOR: OLD}, SOUND)),)), OLD)
    files = Files(tmp_path / "store")
    shelf = FullShelf(files.segments.folder, files.folder / "new")
    shelf.trouble = trouble
    files.segments = shelf
    keeper = Keeper(files, box.rows)
    with pytest.raises(AppError) as refused:
        keeper.keep_segments([(OLD.index.segments[0].digest, OLD.segments[0])])
    assert refused.value.code == code
    assert box.held == []
    box.hold(OLD)
    assert len(box.held) == 4, "there is room again"


def test_a_half_written_file_does_not_fill_the_disk(tmp_path: Path) -> None:
    files = Files(tmp_path)

    def no_more() -> None:
        if list((tmp_path / "new").iterdir()):
            raise OSError(errno.ENOSPC, "no")

    with pytest.raises(OSError, match="no"):
        files.segments.keep([("a" * 64, b"one"), ("b" * 64, b"two")], no_more)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_full_database_is_said_in_words_remembered_and_goes_on(box: Box) -> None:
    notes = Notes(box.database)
    with box.database.write() as rows:
        pages = rows.execute("pragma page_count").fetchone()[0]
        rows.execute(f"pragma max_page_count = {pages}")
    with pytest.raises(AppError) as refused:
        notes.keep(**{f"fact {n}": "x" * 500 for n in range(200)})
    assert refused.value.code == "disk.full"
    trouble = SourceUnreachable(address="x" * 100_000, why="away")
    assert notes.trouble("store", trouble)
    assert not notes.trouble("store", trouble), "no news"
    assert [p.code for p in notes.problems()] == ["source.unreachable"]
    with box.database.write() as rows:
        rows.execute("pragma max_page_count = 100000")
    assert notes.trouble("store", trouble)
    assert [p.source for p in Notes(box.database).problems()] == ["store"], "now it is written down"
    notes.mended("store")
    assert notes.problems() == []
