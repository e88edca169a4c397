"""The store: what is kept is there and right, what rots is noticed at the next reading, and rows count truly."""

from pathlib import Path

import pytest

from catalog.formats.errors import AppError, BadFormat
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import TrackKind, make_index
from catalog.formats.release import Blob, Release
from catalog.formats.rungs import Rung
from edge_cache.database import Database
from edge_cache.folder_lock import FolderLock
from edge_cache.node import Node
from edge_cache.settings import EdgeSettings
from edge_cache.store.files import Files
from tests.factories import Track, make_lesson, make_media, make_release, make_track
from tests.fakes.box import Box

VIDEO, SOUND = make_track(size=900), make_track(TrackKind.SOUND, size=300)
OTHER = make_track(seed="other", size=500)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def lesson_release(video: Track = VIDEO) -> Release:
    return make_release((make_lesson(make_media({Rung.FLOOR: video}, SOUND)),))


def test_what_is_kept_is_read_back_and_counted(box: Box) -> None:
    box.know(lesson_release(), VIDEO, SOUND)
    row = VIDEO.index.segments[1]
    assert box.read(row.digest) is None
    box.keeper.keep_segments([(row.digest, VIDEO.segments[1])])
    assert box.read(row.digest) == VIDEO.segments[1]
    track = box.rows.track(VIDEO.index.digest)
    assert track is not None
    assert (track.held, track.segments, track.complete) == (1, 3, False)
    assert [n for n, _ in box.rows.missing(VIDEO.index.digest)] == [0, 2]


def test_a_whole_track_counts_every_byte_of_its_pack(box: Box) -> None:
    box.know(lesson_release(), VIDEO, SOUND)
    box.hold(VIDEO)
    box.hold(VIDEO)
    track = box.rows.track(VIDEO.index.digest)
    assert track is not None
    assert track.complete
    assert track.held_bytes == track.length == len(VIDEO.pack)


def test_a_lesson_is_ready_when_all_tracks_of_a_watchable_rung_are(box: Box) -> None:
    box.keeper.on_complete = box.releases.switch
    release = lesson_release()
    box.know(release, VIDEO, SOUND)
    box.hold(VIDEO)
    assert box.releases.serving(release.course, release.lessons[0].id) is None
    box.hold(SOUND)
    assert box.releases.serving(release.course, release.lessons[0].id) == 1
    (course,) = box.releases.held()
    assert course.bytes_held == course.bytes_wanted
    assert box.releases.wanted() == []


def test_the_old_release_serves_until_the_new_one_is_whole(box: Box) -> None:
    box.keeper.on_complete = box.releases.switch
    release = lesson_release()
    box.know(release, VIDEO, SOUND)
    box.hold(VIDEO)
    box.hold(SOUND)
    lesson = release.lessons[0].model_copy(update={"media": make_media({Rung.FLOOR: OTHER}, SOUND)})
    box.know(release.model_copy(update={"number": 2, "lessons": (lesson,)}), OTHER)
    assert box.releases.serving(release.course, lesson.id) == 1
    assert box.releases.lesson(release.course, 1, lesson.id) is not None
    box.hold(OTHER)
    assert box.releases.serving(release.course, lesson.id) == 2
    assert box.releases.lesson(release.course, 1, lesson.id) is not None, "to be gone back to"
    box.know(release.model_copy(update={"number": 3, "lessons": (lesson,)}))
    assert box.releases.serving(release.course, lesson.id) == 3
    assert box.releases.lesson(release.course, 1, lesson.id) is None


def test_a_lesson_that_was_withdrawn_is_no_longer_listed(box: Box) -> None:
    box.keeper.on_complete = box.releases.switch
    release = lesson_release()
    box.know(release, VIDEO, SOUND)
    box.hold(VIDEO)
    box.hold(SOUND)
    box.know(release.model_copy(update={"number": 2, "lessons": ()}))
    assert box.releases.lessons(release.course) == []
    assert box.releases.serving(release.course, release.lessons[0].id) is None
    assert box.releases.lesson(release.course, 1, release.lessons[0].id) is None, "by its old address"


def test_a_poster_is_named_once_it_is_here(box: Box) -> None:
    """Not before: a page would ask for it in vain, and show a broken picture."""
    data = b"a poster"
    media = make_media({Rung.FLOOR: VIDEO}, SOUND).model_copy(
        update={"poster": Blob(sha256=sha256_hex(data), length=len(data))}
    )
    release = make_release((make_lesson(media),))
    box.know(release, VIDEO, SOUND)
    assert [line.poster for line in box.releases.lessons(release.course)] == [None]
    box.keeper.keep_blob(sha256_hex(data), data)
    assert [line.poster for line in box.releases.lessons(release.course)] == [sha256_hex(data)]


def test_the_same_segment_twice_in_a_track_counts_twice(box: Box) -> None:
    """A slide that stands still: two equal segments, one file."""
    still = VIDEO.segments[0]
    row = VIDEO.index.segments[0]
    rows = [(row.length, row.duration, row.digest)] * 2
    twice = Track(make_index(TrackKind.VIDEO, VIDEO.index.timescale, VIDEO.index.init, rows), (still, still), b"")
    box.know(lesson_release(twice), twice)
    box.keeper.keep_segments([(row.digest, still)])
    track = box.rows.track(twice.index.digest)
    assert track is not None
    assert track.complete
    assert track.held_bytes == track.length


@pytest.mark.parametrize("damage", [b"", b"rot", None])
def test_rot_is_never_given_out_and_is_wanted_again(box: Box, damage: bytes | None) -> None:
    noticed: list[bool] = []
    box.keeper.on_rot = lambda: noticed.append(True)
    box.know(lesson_release(), VIDEO, SOUND)
    box.hold(VIDEO)
    digest = VIDEO.index.segments[0].digest
    path = box.keeper.files.segments.path(digest)
    path.unlink() if damage is None else path.write_bytes(damage)
    assert box.read(digest) is None
    assert noticed == [True]
    assert [n for n, _ in box.rows.missing(VIDEO.index.digest)] == [0]
    assert not path.exists()


def test_an_index_that_rots_is_wanted_again_and_its_segments_stay(box: Box) -> None:
    box.know(lesson_release(), VIDEO, SOUND)
    box.hold(VIDEO)
    with box.database.write() as rows:
        rows.execute("update track set body = ? where digest = ?", (b"rot", VIDEO.index.digest))
    assert box.keeper.index(VIDEO.index.digest) is None
    (wanted,) = box.releases.wanted()
    assert not wanted.rungs[0].complete
    box.rows.add_index(VIDEO.index.digest, VIDEO.index.encoded)
    track = box.rows.track(VIDEO.index.digest)
    assert track is not None
    assert track.complete


def test_files_that_a_crash_left_are_taken_if_they_are_sound(box: Box) -> None:
    box.know(lesson_release(), VIDEO, SOUND)
    digests = [row.digest for row in VIDEO.index.segments]
    box.keeper.files.segments.keep([(digests[0], VIDEO.segments[0]), (digests[1], b"torn")])
    assert box.keeper.adopt(digests) == {digests[0]}
    assert box.rows.is_held(digests[0])
    assert not box.keeper.files.segments.has(digests[1])


def test_an_index_that_is_another_one_is_refused_and_nothing_is_taken(box: Box) -> None:
    box.know(lesson_release())
    with pytest.raises(BadFormat):
        box.rows.add_index(VIDEO.index.digest, OTHER.index.encoded)
    track = box.rows.track(VIDEO.index.digest)
    assert track is not None
    assert track.segments == 0


def test_a_release_is_added_whole_or_not_at_all(box: Box) -> None:
    release = lesson_release()
    track = release.lessons[0].media.renditions[0].video
    assert track is not None
    huge = track.model_copy(update={"length": 1 << 70})
    rendition = release.lessons[0].media.renditions[0].model_copy(update={"video": huge})
    media = release.lessons[0].media.model_copy(update={"renditions": (rendition,)})
    bad = release.model_copy(update={"lessons": (release.lessons[0].model_copy(update={"media": media}),)})
    with pytest.raises(BadFormat):
        box.know(bad)
    assert box.releases.newest(release.course) is None
    assert box.database.read("select * from lesson") == []


def test_what_was_on_its_way_is_dropped_at_the_next_start_and_by_nobody_beside_the_node(tmp_path: Path) -> None:
    settings, half = EdgeSettings(state=tmp_path), tmp_path / "store" / "new" / "1.half"
    Node(settings).close()
    half.write_bytes(b"half")
    files = Files(tmp_path / "store")
    assert half.exists(), "a command beside the node that runs"
    with Node(settings):
        assert not half.exists()
    assert not files.segments.has("a" * 64)


def test_a_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with FolderLock(tmp_path), pytest.raises(AppError) as refused:
        FolderLock(tmp_path)
    assert refused.value.code == "node.running"
    FolderLock(tmp_path).release()


def test_a_database_that_is_none_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "node.db").write_bytes(b"not a database at all" * 300)
    with pytest.raises(AppError) as refused:
        Database(tmp_path / "node.db")
    assert refused.value.code == "node.state-unreadable"
