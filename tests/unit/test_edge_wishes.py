"""Wishes: one for a lesson, kept by the node, heeded at once, and done with when the lesson is here."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.formats.index import TrackKind
from catalog.formats.release import Release
from catalog.formats.rungs import Rung
from edge_cache.database import Database
from edge_cache.errors import LessonUnknown
from edge_cache.line.line import Line
from edge_cache.notes import Notes
from edge_cache.people import People
from edge_cache.planner.given import Wish
from edge_cache.timetable.errors import LessonNotHere
from edge_cache.timetable.repository import CourseHere, LessonHere
from edge_cache.wishes.errors import LessonNotClear, LessonNotFound, WishUnknown
from edge_cache.wishes.repository import WishRepository
from edge_cache.wishes.service import Wishes, read_wish, which_lesson
from tests.factories import make_lesson, make_media, make_release, make_track
from tests.fakes.box import Box

NOON = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
FLOOR, SOUND = make_track(count=4, seed="floor", size=400), make_track(TrackKind.SOUND, count=4, size=300)
COURSES = (
    CourseHere("C1", "八年级物理", {}, (LessonHere("L1", 1, "压强"), LessonHere("L2", 2, "浮力"))),
    CourseHere("C2", "九年级物理", {}, (LessonHere("L3", 1, "热"), LessonHere("L4", 2, "浮力"))),
)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    box = Box(tmp_path)
    box.keeper.on_complete = box.releases.switch
    return box


def a_course(box: Box) -> tuple[Release, str, str]:
    """A course of one lesson that is known and not here; its ids."""
    release = make_release((make_lesson(make_media({Rung.FLOOR: FLOOR}, SOUND)),))
    box.know(release, FLOOR, SOUND)
    return release, release.course, release.lessons[0].id


def wishes_of(box: Box) -> Wishes:
    return Wishes(WishRepository(box.database), lambda: NOON)


def test_the_newest_wish_holds_until_it_is_taken_back(box: Box, tmp_path: Path) -> None:
    _, course, lesson = a_course(box)
    wishes = wishes_of(box)
    for wish in (Wish.NOT, Wish.KEEP):
        assert wishes.ask(course, lesson, wish)
    assert wishes.by_lesson() == {(course, lesson): Wish.KEEP}
    box.database.close()
    again = Wishes(WishRepository(Database(tmp_path / "node.db")), lambda: NOON)
    assert [(one.wish, one.since) for one in again.all()] == [(Wish.KEEP, NOON)]
    again.ask(course, lesson, None)
    assert again.all() == []


def test_to_get_a_lesson_now_is_done_with_when_it_is_here_and_other_wishes_stay(box: Box) -> None:
    release, course, lesson = a_course(box)
    wishes = wishes_of(box)
    wishes.ask(course, lesson, Wish.NOW)
    box.hold(SOUND)
    assert wishes.by_lesson() == {(course, lesson): Wish.NOW}
    box.hold(FLOOR)
    assert wishes.by_lesson() == {}
    assert not wishes.ask(course, lesson, Wish.NOW), "there is nothing to be done"
    assert wishes.by_lesson() == {}
    assert wishes.ask(course, lesson, Wish.KEEP)
    box.releases.add(release.model_copy(update={"number": 2}), "2" * 64)
    assert box.releases.serving(course, lesson) == 2
    assert wishes.by_lesson() == {(course, lesson): Wish.KEEP}


def test_a_newer_release_of_a_lesson_can_be_asked_for_while_the_old_one_plays(box: Box) -> None:
    release, course, lesson = a_course(box)
    box.hold(SOUND)
    box.hold(FLOOR)
    new = make_track(count=4, seed="new", size=400)
    changed = release.lessons[0].model_copy(update={"media": make_media({Rung.FLOOR: new}, SOUND)})
    box.know(release.model_copy(update={"number": 2, "lessons": (changed,)}), new)
    wishes = wishes_of(box)
    assert wishes.ask(course, lesson, Wish.NOW)
    box.hold(new)
    assert wishes.by_lesson() == {}


def test_of_a_lesson_that_no_course_here_has_nothing_can_be_asked(box: Box) -> None:
    release, course, lesson = a_course(box)
    with pytest.raises(LessonUnknown):
        wishes_of(box).ask(course, "none", Wish.KEEP)
    box.assign()
    with pytest.raises(LessonUnknown):
        wishes_of(box).ask(course, lesson, Wish.KEEP)
    del release


def test_what_is_kept_stays_on_a_full_disk_though_its_course_is_no_longer_assigned(box: Box) -> None:
    _, course, lesson = a_course(box)
    box.hold(SOUND)
    box.hold(FLOOR)
    wishes = wishes_of(box)
    wishes.ask(course, lesson, Wish.KEEP)
    box.assign()
    assert box.evictor.make_room(lambda: False).segments == 0
    assert len(box.held) == 8
    WishRepository(box.database).put(course, lesson, None, NOON)
    assert box.evictor.make_room(lambda: False).segments == 8


def test_what_a_kept_lesson_shares_with_one_that_goes_stays(box: Box) -> None:
    release, course, lesson = a_course(box)
    other = make_release((make_lesson(make_media({Rung.FLOOR: FLOOR}, None)),))
    box.releases.add(other, "3" * 64)
    box.hold(SOUND)
    box.hold(FLOOR)
    wishes_of(box).ask(course, lesson, Wish.KEEP)
    box.assign()
    box.evictor.make_room(lambda: False)
    assert len(box.held) == 8
    del release


def test_a_pause_and_wishes_that_another_process_wrote_are_heeded_once(box: Box, tmp_path: Path) -> None:
    _, course, lesson = a_course(box)
    line, changes = Line(1, lambda: NOON), list[str]()
    people = People(Notes(box.database), line, wishes_of(box), lambda: changes.append("heard"))
    people.heed()
    assert changes == []
    other = Database(tmp_path / "node.db")
    Wishes(WishRepository(other), lambda: NOON).ask(course, lesson, Wish.NOW)
    people.heed()
    people.heed()
    assert changes == ["heard"]
    Notes(other).keep(paused="yes")
    people.heed()
    assert line.paused
    assert changes == ["heard"] * 2


@pytest.mark.parametrize(
    ("text", "course", "found"),
    [
        ("压强", None, ("C1", "L1")),
        ("L4", None, ("C2", "L4")),
        ("2", "八年级物理", ("C1", "L2")),
        ("第２课", "C2", ("C2", "L4")),
        ("浮力", "九年级物理", ("C2", "L4")),
    ],
)
def test_a_lesson_is_named_by_title_id_or_number(text: str, course: str | None, found: tuple[str, str]) -> None:
    assert which_lesson(text, course, COURSES) == found


@pytest.mark.parametrize(
    ("text", "course", "error"),
    [
        ("浮力", None, LessonNotClear),
        ("1", None, LessonNotClear),
        ("光", None, LessonNotFound),
        (" ", None, LessonNotFound),
        ("9", "C1", LessonNotHere),
    ],
)
def test_a_lesson_that_is_not_clear_is_asked_for_in_words(
    text: str, course: str | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        which_lesson(text, course, COURSES)


def test_a_wish_is_read_as_it_is_written() -> None:
    assert [read_wish(text) for text in ("get-now", " PIN ", "not-this", "none")] == [
        Wish.NOW,
        Wish.KEEP,
        Wish.NOT,
        None,
    ]
    with pytest.raises(WishUnknown, match="get-now, pin, not-this, none"):
        read_wish("now")
