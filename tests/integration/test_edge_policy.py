"""The centre's policy, obeyed: how large the store may be, what is worth its bytes, what a metered line may bring."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.formats.occurrences import OneLesson
from catalog.formats.rungs import Rung, Tier
from catalog.look.filters import CHINA_TIME
from edge_cache.database import Database
from edge_cache.errors import DiskFull, QuotaReached
from edge_cache.node import Node
from edge_cache.notes import Notes
from edge_cache.planner.result import Gone
from edge_cache.planning.meter import Meter
from edge_cache.room import Room
from tests.fakes.school import School
from tests.fakes.sources import NearSource

FLOORS, BEST = 44_400, 54_000
"""Bytes of media of both lessons' floors, and of one best rung; boxes and indexes come on top."""


def direct(school: School, **policy: Any) -> None:
    school.wire.direct((school.release.course, 1), **policy)


def timetable(node: Node, school: School, lesson: int, days: int = 4) -> None:
    """Put a lesson on the timetable, on a line that is known to be fast."""
    node.planning.seen(3600, 3600 * 1_000_000)
    day = node.timetable.today() + timedelta(days=days)
    wanted = school.release.lessons[lesson].id
    node.timetable.add([OneLesson("", "三（1）班", school.release.course, wanted, day, 8 * 60, 45)])


def complete(node: Node, school: School, lesson: int) -> set[str]:
    rungs = node.releases.rungs(school.release.course, 1, school.release.lessons[lesson].id)
    return {rung.rung for rung in rungs if rung.complete}


def asked_for(school: School) -> set[str]:
    return {name.partition("/")[2] for name, _, _ in school.wire.log if name.startswith("packs/")}


def packs(school: School, lesson: int) -> set[str]:
    media = school.release.lessons[lesson].media
    return {track.index for rung in (Rung.FLOOR, Rung.BEST) for track in media.tracks(rung, Tier.COMPATIBLE)}


def test_the_store_grows_to_its_quota_and_what_has_no_room_is_not_begun(school: School) -> None:
    quota = FLOORS + BEST + 15_000
    direct(school, disk_quota_bytes=quota)

    async def work(node: Node) -> None:
        await node.sync_once()
        await node.fill_once()
        assert (complete(node, school, 0), complete(node, school, 1)) == ({"floor", "best"}, {"floor"})
        assert node.keeper.rows.totals()[1] <= quota
        assert [p.code for p in node.notes.problems()] == [QuotaReached.code]
        assert len(packs(school, 1) & asked_for(school)) == 2

    school.run(work)


def test_what_is_due_gets_its_room_from_what_was_shown_before_and_the_rest_stays(school: School) -> None:
    quota = FLOORS + BEST + 15_000
    direct(school, disk_quota_bytes=quota)

    async def work(node: Node) -> None:
        await node.sync_once()
        await node.fill_once()
        timetable(node, school, 1)
        _, plan = node.planning.planned()
        assert [(one.rung, one.why) for one in plan.evictions] == [("best", Gone.UNUSED)]
        await node.fill_once()
        assert (complete(node, school, 0), complete(node, school, 1)) == ({"floor"}, {"floor", "best"})
        assert node.keeper.rows.totals()[1] <= quota
        before = len(school.wire.log)
        await node.fill_once()
        assert len(school.wire.log) == before, "what was given up is not begun again"

    school.run(work)


def test_nothing_goes_while_what_is_due_cannot_come(school: School) -> None:
    direct(school, disk_quota_bytes=FLOORS + BEST + 15_000)

    async def work(node: Node) -> None:
        await node.sync_once()
        await node.fill_once()
        timetable(node, school, 1)
        node.pause(True)
        assert (await node.fill_once()).closed
        assert complete(node, school, 0) == {"floor", "best"}
        node.pause(False)
        node.planning.watched(node.now(), is_up=False)
        await node.fill_once()
        assert complete(node, school, 0) == {"floor", "best"}
        node.planning.watched(node.now(), is_up=True)
        await node.fill_once()
        assert complete(node, school, 1) == {"floor", "best"}

    school.run(work)


def test_a_store_that_is_over_its_quota_shrinks_but_for_what_is_due(school: School) -> None:
    school.sync()
    direct(school, disk_quota_bytes=FLOORS // 2 + 5_000)

    async def work(node: Node) -> None:
        timetable(node, school, 0)
        await node.sync_once()
        await node.fill_once()
        assert complete(node, school, 0) == {"floor", "best"}
        assert complete(node, school, 1) == set()

    school.run(work)


def test_a_thrifty_node_fetches_what_classes_need_and_leaves_the_rest(school: School) -> None:
    direct(school, thrift=0.9)

    async def work(node: Node) -> None:
        await node.sync_once()
        await node.fill_once()
        assert asked_for(school) == set()
        timetable(node, school, 1)
        await node.fill_once()
        assert complete(node, school, 1) == {"floor", "best"} or complete(node, school, 1) == {"best"}
        assert not asked_for(school) & (packs(school, 0) - packs(school, 1))

    school.run(work)


def test_what_is_not_worth_the_line_is_taken_from_nearby(school: School) -> None:
    direct(school, thrift=0.9)

    async def work(node: Node) -> None:
        await node.sync_once()
        near = NearSource(dict(school.world.objects))
        await node.fill_once(lambda: [near, node.source_at(node.sync().store_url)])
        assert complete(node, school, 0) == complete(node, school, 1) == {"floor", "best"}
        assert asked_for(school) == set()

    school.run(work)


def test_a_metered_line_brings_no_more_than_its_month_and_that_is_said(school: School) -> None:
    async def work(node: Node) -> None:
        await node.sync_once()
        used = node.planning.meter.month(node.now())
        assert used > 0, "signed statements came over the line"
        direct(school, monthly_bytes=used + 40_000)
        await node.sync_once()
        await node.fill_once()
        assert (complete(node, school, 0), complete(node, school, 1)) == ({"floor"}, set())
        assert node.planning.meter.month(node.now()) <= used + 40_000
        timetable(node, school, 1)
        (standing,) = node.timetable.standing(node.timetable.upcoming(node.timetable.now(), 7))
        assert (standing.forecast.state, standing.forecast.why) == ("at-risk", "budget")

    school.run(work)


def test_a_month_is_counted_over_restarts_in_the_schools_time_and_begins_anew(tmp_path: Path) -> None:
    notes = Notes(Database(tmp_path / "node.db"))
    november, december = datetime(2026, 11, 30, 15, 59, tzinfo=UTC), datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    came = [700]
    first = Meter(notes, CHINA_TIME)
    first.used = lambda: came[0]
    assert [first.month(november), first.month(november)] == [700, 700]
    came[0] = 1000
    assert first.month(november) == 1000
    again = Meter(notes, CHINA_TIME)
    assert again.month(november) == 1000
    again.used = lambda: 50
    assert again.month(december) == 50
    assert Meter(notes, CHINA_TIME).month(december) == 50


@pytest.mark.parametrize(
    ("room", "left", "trouble"),
    [
        (Room(100, 30), 70, DiskFull),
        (Room(20, 30), -10, DiskFull),
        (Room(100, 30, quota=50, held=40), 10, QuotaReached),
        (Room(100, 30, quota=50, held=60), -10, QuotaReached),
        (Room(35, 30, quota=50, held=40), 5, DiskFull),
    ],
)
def test_the_nearer_bound_holds_and_is_named(room: Room, left: int, trouble: type[Exception]) -> None:
    assert room.left == left
    assert type(room.trouble) is trouble
