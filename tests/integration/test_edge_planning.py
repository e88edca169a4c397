"""A node that knows what is due fetches that first, at the rung that the planner chose, and says how it stands."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.formats.occurrences import OneLesson
from catalog.formats.protocol import Policy as Told
from catalog.formats.rungs import Rung, Tier
from catalog.look.filters import CHINA_TIME
from edge_cache.line.windows import is_open
from edge_cache.node import Node
from edge_cache.planner.given import DAY, Due, Foreseen, Policy, Wish
from edge_cache.planner.result import Reason, State, Why
from edge_cache.planning.repository import key_of
from edge_cache.planning.service import Asked, planner_policy
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.school import School


def keys(school: School) -> list[str]:
    return [key_of(school.release.course, lesson.id) for lesson in school.release.lessons]


def packs(school: School) -> list[str]:
    """Digests of packs in the order in which they were first asked for."""
    names = [name for name, _, _ in school.wire.log if name.startswith("packs/")]
    return list(dict.fromkeys(name.partition("/")[2] for name in names))


def of(school: School, lesson: int, rung: Rung) -> list[str]:
    return [track.index for track in school.release.lessons[lesson].media.tracks(rung, Tier.COMPATIBLE)]


def due(node: Node, *lessons: str, hours: float = 100.0) -> Sequence[Due]:
    bell = node.now().timestamp() + hours * 3600
    return [Due(lesson, "3.1", bell) for lesson in lessons]


def test_what_is_due_comes_first_and_at_the_best_rung_that_surely_makes_it(school: School) -> None:
    async def work(node: Node) -> None:
        await node.sync_once()
        node.planning.seen(3600, 3600 * 1_000_000)
        node.planning.asked = lambda: Asked(due(node, keys(school)[1]))
        await node.fill_once()

    school.run(work, in_flight=1)
    order = packs(school)
    assert set(order[:2]) == set(of(school, 1, Rung.BEST))
    assert set(order[2:4]) == set(of(school, 0, Rung.FLOOR))


def test_without_a_timetable_the_catalogue_is_fetched_in_its_order(school: School) -> None:
    assert school.sync(in_flight=1).whole
    assert set(packs(school)[:2]) == set(of(school, 0, Rung.FLOOR))


def test_how_a_lesson_stands_follows_what_is_held(school: School) -> None:
    async def work(node: Node) -> None:
        node.planning.seen(3600, 3600 * 1_000_000)
        await node.sync_once()
        first, second = due(node, *keys(school))
        gone = Due(key_of(school.release.course, "none"), "3.1", first.bell)
        past = Due(first.lesson, "3.1", node.now().timestamp() - DAY)
        before = node.planning.forecast([second, first, gone, past])
        assert [one and one.state for one in before] == [State.ARRIVING, State.ARRIVING, State.AT_RISK, None]
        assert before[2] is not None
        assert before[2].reason is Reason.NOT_ASSIGNED
        assert before[0] is not None
        assert before[0].lesson == second.lesson
        await node.fill_once()
        after = node.planning.forecast([first])
        assert after[0] is not None
        assert (after[0].state, after[0].rung) == (State.READY, "best")

    school.run(work)


def test_a_teacher_who_does_not_want_a_lesson_is_asked_no_bytes_for_it_beforehand(school: School) -> None:
    async def work(node: Node) -> None:
        await node.sync_once()
        wanted, other = keys(school)
        bell = node.now().timestamp() + DAY
        asked = Asked((), [Foreseen(other, bell, 0.9)], {wanted: Wish.NOW, other: Wish.NOT})
        node.planning.asked = lambda: asked
        assert [(one.lesson, one.rung) for one in node.planning.orders().ahead][:1] == [(wanted.split("/")[1], "floor")]
        assert other not in {step.lesson for step in node.planning.planned()[1].steps}
        assert node.planning.planned()[1].steps[0].why is Why.WISH

    school.run(work)


def test_what_is_learnt_of_the_line_survives_a_restart(school: School) -> None:
    start = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)

    async def learn(node: Node) -> None:
        node.planning.seen(7200, 7200 * 50_000)
        for minute in range(0, 26 * 60, 5):
            now = start + timedelta(minutes=minute)
            node.planning.watched(now, is_up=not 60 <= minute < 300)

    school.run(learn)

    async def know(node: Node) -> None:
        line = node.planning.line()
        assert 35_000 < line.rate < 50_000
        assert line.longest_gap == pytest.approx(4 * 3600, rel=0.05)
        assert line.down_since is None
        assert line.up[10] < line.up[15] - 0.2  # 01:00 to 05:00 UTC is 09:00 to 13:00 in China

    school.run(know)


def hours(policy: Policy) -> list[tuple[list[int], float, float, float, float | None]]:
    return [(sorted(w.days), w.begins_s / 3600, w.ends_s / 3600, w.share, w.rate) for w in policy.windows]


WEEK = list(range(7))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, []),
        (
            {"rate_limit_bits_per_s": 80_000, "windows": [{"start": 1320, "end": 360}]},
            [(WEEK, 0, 24, 1.0, 10_000.0), (WEEK, 6, 22, 0.0, None)],
        ),
        # Friday's night belongs to Friday, also after midnight; on all other days the line is shut.
        (
            {"windows": [{"start": 1320, "end": 360, "days": [4]}]},
            [([4], 0, 22, 0.0, None), ([0, 1, 2, 3, 6], 0, 24, 0.0, None), ([5], 6, 24, 0.0, None)],
        ),
        ({"windows": [{"start": 0, "end": 720}, {"start": 600, "end": 1439}]}, [(WEEK, 23 + 59 / 60, 24, 0.0, None)]),
        ({"rate_limit_bits_per_s": 80_000, "idle_line_whole": True}, []),
        (
            {"rate_limit_bits_per_s": 80_000, "idle_line_whole": True, "gives_way": False},
            [(WEEK, 0, 24, 1.0, 10_000.0)],
        ),
    ],
)
def test_fill_windows_of_the_centre_are_hours_in_which_the_planner_counts_on_the_line(
    told: dict[str, Any], expected: list[Any]
) -> None:
    policy = planner_policy(Told.model_validate(told), 8 * 3600)
    assert hours(policy) == expected


@pytest.mark.parametrize("monday", [0, 3, 6])
def test_the_planner_counts_on_the_line_in_just_the_minutes_in_which_the_line_is_open(monday: int) -> None:
    told = Told.model_validate(
        {"windows": [{"start": 1290, "end": 370, "days": [monday, 5]}, {"start": 700, "end": 760, "days": [2]}]}
    )
    shut = planner_policy(told, 8 * 3600).windows
    start = datetime(2026, 11, 2, tzinfo=CHINA_TIME)
    for minute in range(0, 7 * 1440, 10):
        local = start + timedelta(minutes=minute)
        second = (minute % 1440) * 60.0
        is_shut = any(local.weekday() in w.days and w.begins_s <= second < w.ends_s for w in shut)
        assert is_shut is not is_open(told.windows, local), local


def test_hours_are_the_schools_whatever_zone_the_machine_believes_to_be_in(school: School) -> None:
    start = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)

    async def learn(node: Node) -> None:
        await node.sync_once()
        for minute in range(0, 26 * 60, 5):
            node.planning.watched(start + timedelta(minutes=minute), is_up=minute < 60 or minute >= 300)
        line = node.planning.line()
        assert line.up[9] < line.up[14] - 0.2  # 01:00 to 05:00 UTC is 07:00 to 11:00 six hours to the east
        assert node.planning.now()[0].policy.utc_offset_s == 6 * 3600

    school.run(learn, time_zone="Etc/GMT-6")


def test_the_plan_is_told_to_people_and_machines_while_nothing_is_fetched(school: School) -> None:
    async def work(node: Node) -> None:
        await node.sync_once()

    school.run(work)
    school.wire.log.clear()
    edge = EdgeProcess(school.folder)
    told = json.loads(edge.command("plan", "--json").stdout)
    assert [step["why"] for step in told["steps"]] == ["likely", "likely"]
    assert {step["lesson"] for step in told["steps"]} == {lesson.id for lesson in school.release.lessons}
    assert told["forecast"] == told["evictions"] == []
    words = edge.command("plan").stdout
    assert "Nothing is timetabled." in words
    assert "idle hours" in words
    assert packs(school) == []


def test_a_lesson_that_a_teacher_timetables_is_fetched_before_the_others_and_said_to_be_ready(school: School) -> None:
    async def work(node: Node) -> None:
        await node.sync_once()
        node.planning.seen(3600, 3600 * 1_000_000)
        day = node.timetable.today() + timedelta(days=4)
        wanted = school.release.lessons[1].id
        node.timetable.add([OneLesson("", "三（1）班", school.release.course, wanted, day, 8 * 60, 45)])
        (before,) = node.timetable.standing(node.timetable.upcoming(node.timetable.now(), 7))
        assert (before.forecast.state, before.forecast.rung) == ("arriving", "best")
        assert before.forecast.when is not None
        await node.fill_once()
        (after,) = node.timetable.standing(node.timetable.upcoming(node.timetable.now(), 7))
        assert after.forecast.state == "ready"

    school.run(work, in_flight=1)
    assert set(packs(school)[:2]) == set(of(school, 1, Rung.BEST))
    told = json.loads(EdgeProcess(school.folder).command("plan", "--json").stdout)
    assert [(one["klass"], one["state"], one["rung"]) for one in told["forecast"]] == [("三（1）班", "ready", "best")]
