"""Removing from the store: nothing that a class may ask for or that others need, and rows before files."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.formats.hashing import sha256_hex
from catalog.formats.index import TrackKind
from catalog.formats.release import Lesson, Release
from catalog.formats.rungs import Rung, Tier
from edge_cache.planner.given import Wish
from edge_cache.store.needs import RenditionKey
from edge_cache.wishes.repository import WishRepository
from tests.factories import Track, make_attachment, make_lesson, make_media, make_release, make_track
from tests.fakes.box import Box

FLOOR, BEST = make_track(count=4, seed="floor", size=400), make_track(count=4, seed="best", size=900)
SOUND = make_track(TrackKind.SOUND, count=4, size=300)
NEW_FLOOR = make_track(count=4, seed="new floor", size=400)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    box = Box(tmp_path)
    box.keeper.on_complete = box.releases.switch
    return box


def a_lesson(floor: Track = FLOOR, best: Track | None = BEST, like: Lesson | None = None) -> Lesson:
    rungs = {Rung.FLOOR: floor, **({Rung.BEST: best} if best else {})}
    lesson = make_lesson(make_media(rungs, SOUND))
    return lesson.model_copy(update={"id": like.id}) if like else lesson


def filled(box: Box, *tracks: Track) -> Release:
    """Know and hold a release with one lesson."""
    release = make_release((a_lesson(),))
    box.know(release, *tracks)
    for track in tracks:
        box.hold(track)
    return release


def key(release: Release, rung: Rung) -> RenditionKey:
    return RenditionKey(release.course, release.number, release.lessons[0].id, Tier.COMPATIBLE, rung)


def on_disk(box: Box) -> set[str]:
    return {path.name for path in box.keeper.files.segments.folder.glob("*/*")}


def digests(*tracks: Track) -> set[str]:
    return {row.digest for track in tracks for row in track.index.segments}


def counted(box: Box, track: Track) -> tuple[int, int]:
    found = box.rows.track(track.index.digest)
    assert found is not None
    return found.held, found.held_bytes - len(track.index.init)


def test_a_rung_goes_and_the_sound_that_others_share_stays(box: Box) -> None:
    release = filled(box, FLOOR, BEST, SOUND)
    removed = box.evictor.evict([key(release, Rung.BEST)])
    assert removed.segments == 4
    assert on_disk(box) == set(box.held) == digests(FLOOR, SOUND)
    assert counted(box, BEST) == (0, 0)
    assert counted(box, SOUND) == (4, sum(row.length for row in SOUND.index.segments))
    assert box.releases.serving(release.course, release.lessons[0].id) == 1


def test_a_lesson_all_of_which_goes_is_no_longer_served(box: Box) -> None:
    release = filled(box, FLOOR, BEST, SOUND)
    box.evictor.evict([key(release, Rung.BEST), key(release, Rung.FLOOR)])
    assert on_disk(box) == set(box.held) == set()
    assert box.releases.serving(release.course, release.lessons[0].id) is None
    box.hold(FLOOR)
    box.hold(SOUND)
    assert box.releases.serving(release.course, release.lessons[0].id) == 1, "fetched again, it serves again"


def test_a_segment_that_another_course_needs_stays(box: Box) -> None:
    release = filled(box, FLOOR, BEST, SOUND)
    shared = make_release((a_lesson(floor=BEST, best=None),))
    box.releases.add(shared, "1" * 64)
    box.assign(release, shared)
    assert box.evictor.evict([key(release, Rung.BEST)]).segments == 0
    assert digests(BEST) <= on_disk(box)


def test_what_a_screen_plays_stays(box: Box) -> None:
    release = filled(box, FLOOR, BEST, SOUND)
    box.keeper.watch(BEST.index.digest)
    assert box.evictor.evict([key(release, Rung.BEST)]).segments == 0
    assert digests(BEST) <= on_disk(box)


def test_it_ends_when_there_is_enough_room(box: Box) -> None:
    release = filled(box, FLOOR, BEST, SOUND)
    assert box.evictor.evict([key(release, Rung.BEST)], enough=lambda: True).segments == 0
    assert box.read(BEST.index.segments[0].digest) is not None


def updated(box: Box) -> tuple[Release, Release]:
    """An update that changes the floor: its old segments are needed by the release before only."""
    release = filled(box, FLOOR, BEST, SOUND)
    lesson = a_lesson(floor=NEW_FLOOR, like=release.lessons[0])
    update = release.model_copy(update={"number": 2, "lessons": (lesson,)})
    box.know(update, NEW_FLOOR)
    box.hold(NEW_FLOOR)
    assert box.releases.serving(release.course, lesson.id) == 2
    return release, update


def test_the_release_before_is_kept_to_be_gone_back_to(box: Box) -> None:
    release, update = updated(box)
    assert box.evictor.collect().segments == 0
    back = release.model_copy(update={"number": 3})
    box.know(back)
    assert box.releases.serving(back.course, back.lessons[0].id) == 3, "at once: nothing is fetched"
    del update


def test_what_no_known_release_needs_is_collected(box: Box) -> None:
    release, update = updated(box)
    box.know(update.model_copy(update={"number": 3}))
    assert box.evictor.collect().segments == 4
    assert on_disk(box) == set(box.held) == digests(NEW_FLOOR, BEST, SOUND)
    assert box.rows.track(FLOOR.index.digest) is None
    assert box.evictor.collect().segments == 0
    del release


def test_room_is_taken_where_it_is_missed_least(box: Box) -> None:
    """First what is no longer assigned, then what could be gone back to; never what a class may ask for."""
    release, update = updated(box)
    other = make_release((make_lesson(make_media({Rung.FLOOR: make_track(seed="other")}, None)),))
    track = make_track(seed="other")
    box.know(other, track)
    box.hold(track)
    box.assign(update)
    first, second = box.needs.spare()
    assert {one.course for one in first} == {other.course}
    assert {(one.course, one.release) for one in second} == {(release.course, 1)}
    box.evictor.make_room(lambda: False)
    assert on_disk(box) == digests(NEW_FLOOR, BEST, SOUND)
    assert box.releases.serving(update.course, update.lessons[0].id) == 2
    assert box.evictor.make_room(lambda: True).segments == 0


def test_small_files_of_lessons_that_no_class_can_ask_for_go_too(box: Box) -> None:
    """Worksheets can be large; what is assigned keeps its own, and what both have stays."""
    ours, both, theirs = (f"{name} worksheet".encode() for name in ("our", "a shared", "their"))
    release, other = (
        make_release((make_lesson(make_media({Rung.FLOOR: track}, None)),))
        for track in (make_track(seed="ours"), make_track(seed="theirs"))
    )
    for one, parts in ((release, (ours, both)), (other, (theirs, both))):
        files = tuple(make_attachment(data, f"{number}.pdf") for number, data in enumerate(parts))
        lesson = one.lessons[0].model_copy(update={"attachments": files})
        box.know(one.model_copy(update={"lessons": (lesson,)}))
    box.assign(release)
    for data in (ours, both, theirs):
        box.keeper.keep_blob(sha256_hex(data), data)
    assert box.needs.spare_bytes() == len(theirs)
    assert box.evictor.make_room(lambda: True).blobs == 0, "there is room"
    assert box.evictor.make_room(lambda: False).blobs == 1
    assert [box.keeper.blob(sha256_hex(data)) for data in (ours, both, theirs)] == [ours, both, None]
    assert box.needs.spare_bytes() == 0


def planned(release: Release, *rungs: Rung) -> list[tuple[str, str, str]]:
    return [(release.course, release.lessons[0].id, rung) for rung in rungs]


def test_what_the_plan_gives_up_goes_after_what_no_class_can_ask_for_in_its_order_and_no_further(box: Box) -> None:
    release, update = updated(box)
    plan = planned(update, Rung.FLOOR, Rung.BEST)
    assert box.evictor.make_room(lambda: True, plan).segments == 0, "there is room"
    assert box.needs.spare_bytes() == sum(row.length for row in FLOOR.index.segments)
    box.evictor.make_room(lambda: False)
    assert on_disk(box) == digests(NEW_FLOOR, BEST, SOUND)
    assert box.needs.spare_bytes() == 0
    box.evictor.make_room(lambda: False, plan[:1])
    assert on_disk(box) == digests(BEST, SOUND)
    box.evictor.make_room(lambda: False, plan)
    assert on_disk(box) == set(), "the sound goes with the last rung"
    assert box.releases.serving(update.course, update.lessons[0].id) is None
    del release


def test_neither_what_is_watched_nor_what_a_teacher_keeps_goes_though_the_plan_says_so(box: Box) -> None:
    release = filled(box, FLOOR, BEST, SOUND)
    plan = planned(release, Rung.BEST, Rung.FLOOR)
    wishes = WishRepository(box.database)
    wishes.put(release.course, release.lessons[0].id, Wish.KEEP, datetime(2026, 11, 26, tzinfo=UTC))
    assert box.evictor.make_room(lambda: False, plan).segments == 0
    wishes.put(release.course, release.lessons[0].id, None, datetime(2026, 11, 26, tzinfo=UTC))
    box.keeper.watch(FLOOR.index.digest)
    box.evictor.make_room(lambda: False, plan)
    assert on_disk(box) == digests(FLOOR)


def test_strays_are_taken_or_removed(box: Box) -> None:
    release = make_release((a_lesson(),))
    box.know(release, FLOOR)
    wanted, torn = FLOOR.index.segments[0].digest, FLOOR.index.segments[1].digest
    box.keeper.files.segments.keep([(wanted, FLOOR.segments[0]), (torn, b"torn"), ("ab" * 32, b"nobody's")])
    (box.keeper.files.segments.folder / "ab" / "not ours").write_bytes(b"odd")
    box.keeper.files.blobs.keep([("cd" * 32, b"nobody's caption")])
    assert box.evictor.sweep().segments == 2
    assert set(box.held) == {wanted}
    assert on_disk(box) == {wanted, "not ours"}
    assert not box.keeper.files.blobs.has("cd" * 32)


@pytest.mark.parametrize("cut", ["after the rows", "before the rows"])
def test_a_power_cut_in_the_middle_leaves_no_row_without_its_file(box: Box, cut: str) -> None:
    class Cut(Exception):
        pass

    release = filled(box, FLOOR, BEST, SOUND)

    def choose() -> list[str]:
        if cut == "after the rows":
            box.needs.take_out([key(release, Rung.BEST)], set())
        raise Cut

    with pytest.raises(Cut):
        box.keeper.remove(choose)
    assert set(box.held) <= on_disk(box)
    box.evictor.evict([key(release, Rung.BEST)])
    box.evictor.sweep()
    assert set(box.held) <= on_disk(box)


def test_the_scrub_finds_rot_wherever_it_is_and_nothing_else(box: Box) -> None:
    noticed: list[bool] = []
    box.keeper.on_rot = lambda: noticed.append(True)
    filled(box, FLOOR, BEST, SOUND)
    rotten, gone = FLOOR.index.segments[0].digest, SOUND.index.segments[2].digest
    path = box.keeper.files.segments.path(rotten)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    box.keeper.files.segments.path(gone).unlink()
    looks = list(box.scrub.everything())
    assert {one.digest for one in looks if not one.sound} == {rotten, gone}
    assert {one.digest for one in looks} >= digests(FLOOR, BEST, SOUND)
    assert set(box.held) == digests(FLOOR, BEST, SOUND) - {rotten, gone}
    assert noticed
    assert all(one.sound for one in box.scrub.everything())
