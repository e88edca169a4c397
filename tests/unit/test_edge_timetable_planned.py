"""What the planner is told of the timetable and of what was played, and what pages say of its answer."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catalog.formats.forecast import State, Why
from catalog.formats.occurrences import DaysOff
from catalog.formats.release import Release
from catalog.formats.rungs import Rung
from edge_cache.planner.foresee import foresee
from edge_cache.planner.given import Due
from edge_cache.planner.result import Forecast as Planned
from edge_cache.planner.result import Reason
from edge_cache.planner.result import State as PlannedState
from edge_cache.timetable.planned import REASONS, STATES, PlannedForecast, Uses
from edge_cache.timetable.repository import Played, PlayedRepository
from tests.factories import make_lesson, make_media, make_release, make_track
from tests.unit.test_edge_timetable import NOW, TODAY, Box, once, weekly


def named(course: str, lesson: str) -> str:
    return f"{course}/{lesson}"


@pytest.fixture(scope="module")
def release() -> Release:
    lessons = (make_lesson(make_media({Rung.FLOOR: make_track(seed=f"p{n}")}, None), n) for n in range(1, 9))
    return make_release(tuple(lessons))


@pytest.fixture
def box(tmp_path: Path, release: Release) -> Iterator[Box]:
    box = Box(tmp_path, release)
    yield box
    box.database.close()


def uses(box: Box) -> Uses:
    return Uses(box.timetable, PlayedRepository(box.database), named)


class FixedPlanner:
    """Answers with what it was made with, and remembers what it was asked."""

    def __init__(self, *answers: tuple[PlannedState, float | None, Reason | None] | None) -> None:
        self.answers, self.asked = answers, list[Due]()

    def forecast(self, due: Sequence[Due]) -> list[Planned | None]:
        self.asked = list(due)
        return [
            answer and Planned(one.lesson, one.klass, one.bell, answer[0], "floor", answer[1], 0.5, answer[2])
            for one, answer in zip(due, self.answers, strict=True)
        ]


def test_every_state_and_reason_of_the_planner_has_a_word() -> None:
    assert set(STATES) == set(PlannedState)
    assert set(REASONS) == set(Reason)


def test_pages_say_what_the_planner_foresees_and_what_is_held_where_it_is_silent(box: Box, release: Release) -> None:
    gone = once(release, 0, 800)
    plans = [once(release, n, 600 + 50 * n) for n in range(3)]
    box.timetable.add([*plans, type(gone)("", "八（9）班", "0" * 26, "0" * 26, TODAY, 900, 45)])
    late = NOW + timedelta(hours=2)
    planner = FixedPlanner(
        (PlannedState.ARRIVING, late.timestamp(), None), (PlannedState.AT_RISK, None, Reason.LINE_SLOW), None
    )
    held = box.timetable.forecaster
    box.timetable.forecaster = PlannedForecast(planner, held, named)
    told = [one.forecast for one in box.timetable.standing(box.timetable.upcoming(NOW, 1))]
    assert [(one.state, one.why) for one in told] == [
        (State.ARRIVING, ""),
        (State.AT_RISK, Why.LINE_SLOW),
        (State.ARRIVING, Why.NOT_FETCHED),
        (State.AT_RISK, Why.NO_COURSE),
    ]
    assert (told[0].when, told[0].rung) == (late, "floor")
    assert [one.lesson for one in planner.asked] == [named(release.course, release.lessons[n].id) for n in range(3)]


def test_what_is_timetabled_is_due(box: Box, release: Release) -> None:
    box.timetable.add([weekly(release)])
    (first, second) = uses(box).due()
    assert datetime.fromtimestamp(first.bell, UTC) == datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
    assert (first.klass, second.lesson) == ("八（1）班", named(release.course, release.lessons[1].id))


def test_where_nobody_types_a_timetable_what_was_played_says_what_comes_next(box: Box, release: Release) -> None:
    rows = [
        Played(release.course, release.lessons[n].id, TODAY - timedelta(days=3 * 7 - 7 * n), 10, 30) for n in range(3)
    ]
    PlayedRepository(box.database).add(rows, TODAY - timedelta(days=400))
    foreseen = foresee(NOW.timestamp(), uses(box).school())
    assert foreseen[0].lesson == named(release.course, release.lessons[3].id)
    assert foreseen[0].chance > 0.5


def test_a_course_that_is_timetabled_is_not_foreseen_from_what_was_played(box: Box, release: Release) -> None:
    PlayedRepository(box.database).add([Played(release.course, release.lessons[7].id, TODAY, 8, 1)], TODAY)
    box.timetable.add([weekly(release)])
    school = uses(box).school()
    assert {use.klass for use in school.used} == {"八（1）班"}


def test_days_without_classes_are_closed(box: Box) -> None:
    box.timetable.add([DaysOff("", "", "", TODAY, TODAY, None), DaysOff("", "", "", TODAY, TODAY, 1)])
    ((begins, ends),) = uses(box).school().closed
    assert datetime.fromtimestamp(begins, UTC) == datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
    assert ends - begins == 86400
