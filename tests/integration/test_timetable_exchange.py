"""Boxes of a school at a real centre: one timetable for all of them, whoever wrote what, and whatever was lost."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from sqlmodel import col, delete

from catalog.accounts.models import Role
from catalog.db import utc_now
from catalog.formats.forecast import State, Why
from catalog.formats.ids import new_id
from catalog.formats.occurrences import OneLesson, Period, WeeklyPlan
from catalog.formats.timetable import disputed
from catalog.nodes.service import find_node
from catalog.timetable import service
from catalog.timetable.models import SiteTimetable, TimetableEntry
from edge_cache.identity import Identity, write_identity
from edge_cache.node import Node
from edge_cache.settings import EdgeSettings
from edge_cache.timetable.service import TimetableService
from tests.live_centre import PASSWORD, LiveCentre

COURSE, LESSON = new_id(), new_id()
MONDAY = date(2026, 11, 23)


class Box:
    """A node of a school: its folder, and what it asks of the centre."""

    def __init__(self, folder: Path, centre: str, client: httpx2.Client, site: str, name: str) -> None:
        self.folder, self.centre = folder, centre
        node = client.post("/api/nodes", json={"site_id": site, "name": name}).json()
        self.id, self.site = node["id"], site
        code = client.post(f"/api/nodes/{self.id}/enrolment-codes").json()["code"]
        given = client.post("/api/node/enrol", json={"code": code, "software": "test"}).json()
        folder.mkdir()
        write_identity(
            folder,
            Identity(
                node=self.id,
                name=name,
                site_name=given["site_name"],
                centre=centre,
                store_url=given["store_url"],
                token=SecretStr(given["token"]),
            ),
        )

    def run(self, work: Callable[[TimetableService], Any], *, report: bool = True) -> Any:
        """Do something with the timetable as the node would, then let it report."""

        async def go() -> Any:
            with Node(EdgeSettings(state=self.folder)) as node:
                done = work(node.timetable)
                if report:
                    try:
                        await node.report_once()
                    finally:
                        await node.close_client()
                return done

        return asyncio.run(go())

    def digest(self) -> str:
        digest: str = self.run(lambda timetable: timetable.rows.digest(), report=False)
        return digest


@pytest.fixture
def ops(live_centre: LiveCentre) -> Iterator[httpx2.Client]:
    live_centre.account("li", Role.OPS)
    with httpx2.Client(base_url=live_centre.url) as client:
        token = client.post("/api/session", json={"login": "li", "password": PASSWORD}).json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


@pytest.fixture
def boxes(live_centre: LiveCentre, ops: httpx2.Client, tmp_path: Path) -> tuple[Box, Box]:
    """Two boxes of one school."""
    county = ops.post("/api/counties", json={"name": "马边县"}).json()["id"]
    site = ops.post("/api/sites", json={"county_id": county, "name": "村小学"}).json()["id"]
    one, other = (Box(tmp_path / name, live_centre.url, ops, site, name) for name in ("东楼", "西楼"))
    return one, other


def weekly(class_name: str = "八（1）班", **changes: Any) -> WeeklyPlan:
    given = {"periods": (Period(1, 480, 45),), "last": None, **changes}
    return WeeklyPlan("", class_name, COURSE, LESSON, MONDAY, changes={}, **given)


def rename(entry: str, name: str, timetable: TimetableService) -> None:
    timetable.save({entry: weekly(name)}, [])


def nothing(_timetable: TimetableService) -> None:
    """Only report."""


def test_what_each_box_says_is_at_both(boxes: tuple[Box, Box]) -> None:
    one, other = boxes
    one.run(lambda timetable: timetable.add([weekly()]))
    other.run(lambda timetable: timetable.add([weekly("九（2）班")]))
    assert other.run(lambda t: [p.class_name for p in t.plans()], report=False) == ["八（1）班", "九（2）班"]
    assert one.digest() != other.digest()
    one.run(nothing)
    assert one.digest() == other.digest()
    one.run(lambda timetable: timetable.remove(timetable.plans()[0].id))
    other.run(nothing)
    assert other.run(lambda t: [p.class_name for p in t.plans()], report=False) == ["九（2）班"]


def test_two_changes_of_one_thing_are_both_kept_and_somebody_is_asked(boxes: tuple[Box, Box]) -> None:
    one, other = boxes
    (entry,) = one.run(lambda timetable: timetable.add([weekly()]))
    other.run(nothing)
    for box, name in ((one, "八（2）班"), (other, "八（3）班")):
        box.run(partial(rename, entry, name), report=False)
    for box in (one, other, one):
        box.run(nothing)
    (asked,) = one.run(lambda timetable: timetable.disputed(), report=False)
    assert {w.value: w.by for w in disputed(asked)["class_name"]} == {"八（2）班": "东楼", "八（3）班": "西楼"}
    other.run(lambda timetable: timetable.settle(entry, {"class_name": "八（3）班"}))
    one.run(nothing)
    assert one.digest() == other.digest()
    assert one.run(lambda t: (t.disputed(), t.plan(entry).class_name), report=False) == ([], "八（3）班")


def test_a_centre_that_was_restored_is_told_everything_again(boxes: tuple[Box, Box], live_centre: LiveCentre) -> None:
    one, other = boxes
    one.run(lambda timetable: timetable.add([weekly(f"八（{n}）班") for n in range(1, 6)]))
    other.run(nothing)
    with live_centre.centre.session() as session:
        session.execute(delete(TimetableEntry).where(col(TimetableEntry.site_id) == one.site))
        session.execute(delete(SiteTimetable))
    one.run(nothing)
    with live_centre.centre.session() as session:
        assert service.digest(session, one.site) == one.digest() == other.digest()


def test_many_entries_go_in_several_parts(boxes: tuple[Box, Box]) -> None:
    one, other = boxes
    plans = [
        OneLesson("", f"八（{n}）班", COURSE, LESSON, MONDAY + timedelta(days=day), 480, 45)
        for n in range(10)
        for day in range(45)
    ]
    assert len(one.run(lambda timetable: timetable.add(plans))) == 450
    other.run(nothing)
    assert one.digest() == other.digest() != ""


def test_another_school_has_its_own(boxes: tuple[Box, Box], ops: httpx2.Client, tmp_path: Path) -> None:
    one, _ = boxes
    county = ops.get("/api/counties").json()["counties"][0]["id"]
    site = ops.post("/api/sites", json={"county_id": county, "name": "另一所"}).json()["id"]
    stranger = Box(tmp_path / "stranger", one.centre, ops, site, "盒")
    one.run(lambda timetable: timetable.add([weekly()]))
    stranger.run(nothing)
    assert stranger.run(lambda timetable: timetable.plans(), report=False) == []


def test_what_a_node_foresees_is_at_the_centre(boxes: tuple[Box, Box], live_centre: LiveCentre) -> None:
    one, _ = boxes
    soon = (utc_now() + timedelta(hours=1)).astimezone(EdgeSettings().zone)
    start = soon.hour * 60 + soon.minute
    plan = OneLesson("", "八（1）班", COURSE, LESSON, soon.date(), start, 45)
    one.run(lambda timetable: timetable.add([plan]))
    with live_centre.centre.session() as session:
        node = find_node(session, one.id)
        told = service.of_node(session, node.id, node.site_id, utc_now())
        ended = service.of_node(session, node.id, node.site_id, utc_now() + timedelta(hours=3))
    (lesson,) = told.lessons
    assert (lesson.class_name, lesson.state, lesson.why) == ("八（1）班", State.AT_RISK, Why.NO_COURSE)
    assert (told.entries, told.disputed, ended.lessons) == (1, 0, [])


def test_a_report_of_a_version_without_a_timetable_is_taken(boxes: tuple[Box, Box], ops: httpx2.Client) -> None:
    one, _ = boxes
    code = ops.post(f"/api/nodes/{one.id}/enrolment-codes").json()["code"]
    token = ops.post("/api/node/enrol", json={"code": code, "software": "old"}).json()["token"]
    health = {
        "software": "old", "started": "2026-11-24T00:00:00Z", "disk_free": 1, "disk_total": 2, "clock_offset_s": None,
        "direction_version": 0,
    }  # fmt: skip
    report = {"id": new_id(), "made": "2026-11-24T01:00:00Z", "health": health, "courses": []}
    answer = ops.post("/api/node/reports", json=report, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["timetable"] == ""


@pytest.mark.parametrize(
    "body",
    [
        {"v": 2, "since": 0, "entries": []},
        {"v": 1, "since": -1, "entries": []},
        {"v": 1, "since": 0, "entries": [{"id": "x", "seen": {}, "fields": {}}]},
        {"v": 1, "since": 0, "entries": [{"id": COURSE, "seen": {}, "fields": {"name": []}}]},
        {"v": 1, "since": 0, "entries": [{"id": COURSE, "seen": {}, "fields": {}}] * 300},
        [],
    ],
)
def test_what_is_no_timetable_is_refused(boxes: tuple[Box, Box], ops: httpx2.Client, body: object) -> None:
    one, _ = boxes
    code = ops.post(f"/api/nodes/{one.id}/enrolment-codes").json()["code"]
    token = ops.post("/api/node/enrol", json={"code": code, "software": "x"}).json()["token"]
    answer = ops.post("/api/node/timetable", json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 422, answer.text
    assert ops.post("/api/node/timetable", json={"v": 1, "since": 0, "entries": []}).status_code == 401
