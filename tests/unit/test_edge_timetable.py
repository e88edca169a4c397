"""The node's timetable: what is entered, what is due, how it stands, and one timetable with the centre."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from catalog.formats.errors import AppError
from catalog.formats.forecast import Forecast, State, TimetableForecast, Why
from catalog.formats.ids import new_id
from catalog.formats.occurrences import DaysOff, Occurrence, OneLesson, Period, Plan, WeeklyPlan
from catalog.formats.protocol import Assignment
from catalog.formats.release import Release
from catalog.formats.rungs import Rung
from catalog.formats.timetable import Pen, disputed
from catalog.look.filters import CHINA_TIME
from edge_cache.database import Database
from edge_cache.releases.repository import ReleaseRepository
from edge_cache.timetable.errors import EntryUnknown, TimetableFull
from edge_cache.timetable.exchange import exchange
from edge_cache.timetable.forecast import HeldForecast
from edge_cache.timetable.repository import TimetableRepository
from edge_cache.timetable.service import TimetableService
from tests.factories import make_lesson, make_media, make_release, make_track
from tests.fakes.timetable_centre import FakeTimetableCentre

NOW = datetime(2026, 11, 26, 1, 0, tzinfo=UTC)
"""09:00 on a Thursday at the school."""
TODAY = date(2026, 11, 26)


class Box:
    """A node's timetable over a database of its own, with one course of four lessons, assigned and known."""

    def __init__(self, folder: Path, release: Release, place: str = "东楼") -> None:
        self.database = Database(folder / "node.db")
        self.releases = ReleaseRepository(self.database)
        self.releases.assign((Assignment(course=release.course, partner=release.partner, release=1),))
        self.releases.add(release, "0" * 64)
        self.now = NOW
        self.rows = TimetableRepository(self.database)
        forecaster = HeldForecast(self.releases, lambda: self.now)
        self.timetable = TimetableService(self.rows, forecaster, lambda: self.now, CHINA_TIME, lambda: place)

    def agree(self, centre: FakeTimetableCentre) -> int:
        return asyncio.run(exchange(centre, self.rows, centre.digest))


@pytest.fixture(scope="module")
def release() -> Release:
    lessons = tuple(make_lesson(make_media({Rung.FLOOR: make_track(seed=f"t{n}")}, None), n) for n in range(1, 5))
    return make_release(lessons)


@pytest.fixture
def box(tmp_path: Path, release: Release) -> Iterator[Box]:
    box = Box(tmp_path, release)
    yield box
    box.database.close()


@pytest.fixture
def two(tmp_path: Path, release: Release) -> Iterator[tuple[Box, Box]]:
    boxes = []
    for name in ("东楼", "西楼"):
        (tmp_path / name).mkdir()
        boxes.append(Box(tmp_path / name, release, name))
    yield boxes[0], boxes[1]
    for one in boxes:
        one.database.close()


def weekly(release: Release, *periods: Period, class_name: str = "八（1）班", lesson: int = 0) -> WeeklyPlan:
    lesson_id, first = release.lessons[lesson].id, date(2026, 11, 23)
    return WeeklyPlan("", class_name, release.course, lesson_id, first, None, periods or (Period(4, 600, 45),), {})


def once(release: Release, lesson: int, start: int, day: date = TODAY) -> OneLesson:
    return OneLesson("", "八（1）班", release.course, release.lessons[lesson].id, day, start, 45)


def test_what_is_due_is_in_order_and_not_over(box: Box, release: Release) -> None:
    box.timetable.add([once(release, n, start) for n, start in enumerate((930, 500, 480, 525))])
    due = box.timetable.upcoming(NOW, 1)
    assert [f"{one.starts:%H:%M}" for one in due] == ["08:20", "08:45", "15:30"], "08:00 ended at 08:45"
    assert due[0].starts.utcoffset() == timedelta(hours=8)


def test_what_is_skipped_is_not_due(box: Box, release: Release) -> None:
    (entry,) = box.timetable.add([weekly(release)])
    box.timetable.change_once(entry, TODAY, 600, {"skip": True})
    assert box.timetable.upcoming(NOW, 1) == []
    assert [one.skipped for one in box.timetable.between(TODAY, TODAY)] == [True]
    box.timetable.change_once(entry, TODAY, 600, None)
    assert [one.lesson for one in box.timetable.upcoming(NOW, 1)] == [release.lessons[0].id]


def test_the_same_is_not_added_twice(box: Box, release: Release) -> None:
    plans: list[Plan] = [weekly(release), weekly(release), once(release, 0, 480)]
    assert len(box.timetable.add(plans)) == 2
    assert box.timetable.add(plans) == []


def test_a_change_leaves_what_is_different_at_single_times(box: Box, release: Release) -> None:
    (entry,) = box.timetable.add([weekly(release)])
    box.timetable.change_once(entry, TODAY, 600, {"skip": True})
    box.timetable.save({entry: weekly(release, Period(4, 600, 45), Period(5, 480, 40), class_name="八（2）班")}, [])
    plan = box.timetable.plan(entry)
    assert isinstance(plan, WeeklyPlan)
    assert [(p.weekday, p.start) for p in plan.periods] == [(4, 600), (5, 480)]
    assert (TODAY, 600) in plan.changes


def test_what_was_removed_is_unknown(box: Box, release: Release) -> None:
    (entry,) = box.timetable.add([weekly(release)])
    box.timetable.remove(entry)
    assert box.timetable.plans() == []
    for change in (
        lambda: box.timetable.remove(entry),
        lambda: box.timetable.plan(entry),
        lambda: box.timetable.save({entry: weekly(release)}, []),
        lambda: box.timetable.change_once(new_id(), TODAY, 600, None),
    ):
        with pytest.raises(EntryUnknown):
            change()


def test_a_timetable_that_is_full_takes_nothing(box: Box, release: Release) -> None:
    days = [TODAY + timedelta(days=n) for n in range(4_001)]
    with pytest.raises(TimetableFull):
        box.timetable.add([once(release, 0, 480, day) for day in days])
    assert box.timetable.plans() == []


def test_bells_are_kept_and_taken_back(box: Box) -> None:
    box.timetable.set_bells([(490, 40), (540, 40)])
    assert box.timetable.bells() == ((490, 40), (540, 40))
    box.timetable.set_bells([(500, 40)])
    assert box.timetable.bells() == ((500, 40),)


def test_how_lessons_stand_by_what_is_held(box: Box, release: Release) -> None:
    with box.database.write() as rows:  # the first lesson is whole here
        for track in release.lessons[0].media.all_tracks():
            rows.execute("update track set segments = 3, held = 3 where digest = ?", (track.index,))
    box.releases.switch()
    elsewhere = OneLesson("", "八（1）班", new_id(), new_id(), TODAY, 960, 45)
    gone = OneLesson("", "八（1）班", release.course, new_id(), TODAY, 970, 45)
    box.timetable.add([once(release, 0, 520), once(release, 1, 530), once(release, 1, 700), elsewhere, gone])
    told = [(one.forecast.state, one.forecast.why) for one in box.timetable.standing(box.timetable.upcoming(NOW, 1))]
    assert told == [
        (State.READY, ""),
        (State.AT_RISK, Why.NOT_FETCHED),
        (State.ARRIVING, Why.NOT_FETCHED),
        (State.AT_RISK, Why.NO_COURSE),
        (State.AT_RISK, Why.NO_LESSON),
    ]


def test_a_report_says_how_today_and_tomorrow_stand(box: Box, release: Release) -> None:
    class Planner:
        def forecast(self, due: Sequence[Occurrence]) -> list[Forecast]:
            return [Forecast(state=State.ARRIVING, when=one.starts - timedelta(hours=2), rung="clear") for one in due]

    box.timetable.forecaster = Planner()
    box.timetable.add([once(release, 0, 700, TODAY + timedelta(days=day)) for day in range(4)])
    told = box.timetable.forecast()
    assert [one.starts.date() for one in told.lessons] == [TODAY, TODAY + timedelta(days=1)]
    assert (told.lessons[0].rung, told.lessons[0].class_name) == ("clear", "八（1）班")
    assert TimetableForecast.model_validate_json(told.model_dump_json()) == told


def test_a_change_is_told_to_the_centre_once(box: Box, release: Release) -> None:
    centre = FakeTimetableCentre()
    box.timetable.add([weekly(release)])
    box.agree(centre)
    assert len(centre.entries) == 1
    asked = len(centre.asked)
    box.agree(centre)
    assert len(centre.asked) == asked, "what is the same is not asked for"
    box.timetable.add([once(release, 0, 480)])
    box.agree(centre)
    assert [len(sent.entries) for sent in centre.asked[asked:]] == [1], "and only what is new is said"


def test_what_was_not_answered_is_said_again(box: Box, release: Release) -> None:
    centre = FakeTimetableCentre()
    box.timetable.add([weekly(release)])
    centre.away = True
    with pytest.raises(AppError):
        asyncio.run(exchange(centre, box.rows, "another"))
    centre.away = False
    box.agree(centre)
    assert centre.digest == box.rows.digest()


def test_a_change_during_an_exchange_is_not_lost(box: Box, release: Release) -> None:
    centre = FakeTimetableCentre()
    (entry,) = box.timetable.add([weekly(release)])

    def teacher() -> None:
        centre.meanwhile = lambda: None
        box.timetable.change_once(entry, TODAY, 600, {"skip": True})

    centre.meanwhile = teacher
    box.agree(centre)
    assert centre.digest == box.rows.digest()
    assert len(centre.entries[entry].fields) == len(box.rows.entries()[0].fields)


def test_a_long_timetable_comes_in_parts(two: tuple[Box, Box], release: Release) -> None:
    one, other = two
    centre = FakeTimetableCentre(page=3)
    one.timetable.add([once(release, 0, 480, TODAY + timedelta(days=n)) for n in range(10)])
    one.agree(centre)
    assert other.agree(centre) == 10
    assert one.rows.digest() == other.rows.digest() == centre.digest


def test_a_centre_that_lost_everything_is_told_anew(two: tuple[Box, Box], release: Release) -> None:
    one, other = two
    centre = FakeTimetableCentre()
    one.timetable.add([weekly(release)])
    one.agree(centre)
    other.agree(centre)
    restored = FakeTimetableCentre()
    other.timetable.add([once(release, 0, 480)])
    other.agree(restored)
    one.agree(restored)
    assert one.rows.digest() == other.rows.digest() == restored.digest
    assert len(restored.entries) == 2


def test_a_writer_that_lost_its_count_is_above_what_it_hears(box: Box, release: Release) -> None:
    centre = FakeTimetableCentre()
    far = Pen(new_id(), 10_000).new(new_id(), {"name": "x"})
    centre.join(far)
    box.agree(centre)
    (entry,) = box.timetable.add([weekly(release)])
    written = next(one for one in box.rows.entries() if one.id == entry)
    assert min(written.seen.values()) == 10_001


ways = st.lists(st.tuples(st.sampled_from(["name", "skip", "remove", "tell"]), st.integers(0, 1)), max_size=12)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ways)
@example([("name", 0), ("name", 1), ("remove", 0), ("remove", 1)])
def test_whatever_two_boxes_do_both_end_with_the_same(
    tmp_path: Path, release: Release, script: list[tuple[str, int]]
) -> None:
    boxes = []
    for name in ("东楼", "西楼"):
        folder = tmp_path / new_id()
        folder.mkdir()
        boxes.append(Box(folder, release, name))
    centre = FakeTimetableCentre(page=2)
    (entry,) = boxes[0].timetable.add([weekly(release)])
    for one in boxes:
        one.agree(centre)
    for step, (what, who) in enumerate(script):
        timetable = boxes[who].timetable
        if what == "tell":
            boxes[who].agree(centre)
        elif [plan.id for plan in timetable.plans()] == [entry]:
            if what == "name":
                timetable.save({entry: weekly(release, class_name=f"{step} 班")}, [])
            elif what == "skip":
                timetable.change_once(entry, TODAY + timedelta(days=step), 600, {"skip": True})
            else:
                timetable.remove(entry)
    for one in (*boxes, *boxes):
        one.agree(centre)
    assert boxes[0].rows.digest() == boxes[1].rows.digest() == centre.digest
    assert {e.id for e in boxes[0].timetable.disputed()} == {e.id for e in centre.entries.values() if disputed(e)}
    for one in boxes:
        one.database.close()


def test_days_off_are_entries_too(box: Box, release: Release) -> None:
    box.timetable.add([weekly(release), DaysOff("", "运动会", "", TODAY, TODAY, None)])
    assert box.timetable.upcoming(NOW, 1) == []
    assert box.timetable.upcoming(NOW, 8)[0].lesson == release.lessons[0].id
