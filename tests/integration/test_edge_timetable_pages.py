"""The timetable as a teacher uses it, without a script: pages of a node that knows a course of two lessons."""

import html
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from catalog.formats.forecast import Forecast, State, Why
from catalog.formats.ids import new_id
from catalog.formats.occurrences import Occurrence, OneLesson, WeeklyPlan
from catalog.formats.timetable import Pen, merge
from edge_cache.app import make_app
from edge_cache.node import Node
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.school import School

NOON = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
"""12:00 on a Thursday at the school."""
THURSDAY = date(2026, 11, 26)


class Visitor:
    """A browser without a script, at a node's pages."""

    def __init__(self, client: httpx2.AsyncClient, node: Node) -> None:
        self.client, self.node = client, node

    async def get(self, path: str, status: int = 200, language: str = "en") -> str:
        answer = await self.client.get(path, headers={"Accept-Language": language})
        assert answer.status_code == status, answer.text
        return html.unescape(answer.text)

    async def send(self, path: str, form: Mapping[str, Any], status: int = 303) -> str:
        """Send a form; return the page that it leads to, or the page that says what is wrong."""
        answer = await self.client.post(path, data=dict(form), headers={"Accept-Language": "en"})
        assert answer.status_code == status, answer.text
        return await self.get(answer.headers["location"]) if status == 303 else html.unescape(answer.text)

    def plans(self) -> list[WeeklyPlan | OneLesson]:
        return [plan for plan in self.node.timetable.plans() if isinstance(plan, WeeklyPlan | OneLesson)]


def visit(school: School, work: Callable[[Visitor], Awaitable[None]], now: datetime = NOON) -> None:
    async def go(node: Node) -> None:
        node.timetable = type(node.timetable)(
            node.timetable.rows, node.timetable.forecaster, lambda: now, node.timetable.zone, lambda: "东楼"
        )
        transport = httpx2.ASGITransport(app=make_app(node))
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://node.test", headers={"Accept": "text/html"}
        ) as client:
            await work(Visitor(client, node))

    school.run(go)


@pytest.fixture
def here(school: School) -> School:
    """A school whose node holds all of its course."""
    school.sync()
    return school


def weekly_form(school: School, **changes: Any) -> dict[str, Any]:
    form: dict[str, Any] = {
        "kind": "weekly", "class_name": "八（1）班", "course": school.release.course, "lesson": "",
        "at": ["4.840.45", "5.480.45"], "first": "2026-11-23", "last": "",
    }  # fmt: skip
    return {**form, **changes}


def test_a_course_is_entered_seen_changed_and_removed(here: School) -> None:
    async def work(visitor: Visitor) -> None:
        assert "Nothing is on the timetable yet" in await visitor.get("/timetable")
        page = await visitor.send("/timetable/new", weekly_form(here))
        assert "It is on the timetable." in page
        assert page.count("八（1）班") >= 4, "today's, tomorrow's, and both in the grid"
        assert 'class="badge badge-good"' in page
        assert "八（1）班" in await visitor.get("/"), "what is due stands first on the first page"
        (plan,) = visitor.plans()
        form = await visitor.get(f"/timetable/entries/{plan.id}")
        assert form.count(" checked") == 2
        await visitor.send(f"/timetable/entries/{plan.id}", weekly_form(here, class_name="八（2）班", at=["4.840.45"]))
        (plan,) = visitor.plans()
        assert isinstance(plan, WeeklyPlan)
        assert (plan.class_name, len(plan.periods)) == ("八（2）班", 1)
        assert "It is off the timetable." in await visitor.send(f"/timetable/entries/{plan.id}/remove", {})
        assert visitor.plans() == []

    visit(here, work)


def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(here: School) -> None:
    async def work(visitor: Visitor) -> None:
        for field, value, words in (
            ("class_name", "", "which class"),
            ("course", "", "has no course"),
            ("lesson", "77", "has no lesson"),
            ("first", "someday", "is no day"),
            ("last", "2026-11-01", "before the first"),
            ("at", [], "at least one weekly period"),
            ("other_start", "25:00", "no time of the day"),
        ):
            page = await visitor.send("/timetable/new", weekly_form(here, **{"other_day": "1", field: value}), 422)
            (said,) = re.findall(r'class="field-error"[^>]*>(.+?)</p>', page)
            assert words in said
            if field != "class_name":
                assert 'value="八（1）班"' in page
        assert visitor.plans() == []

    visit(here, work)


def test_one_lesson_on_one_day(here: School) -> None:
    async def work(visitor: Visitor) -> None:
        form = {"kind": "once", "class_name": "九班", "course": here.release.course, "lesson": "2"}
        page = await visitor.send("/timetable/new", {**form, "first": "2026-12-05", "start": "09:10", "minutes": ""})
        assert "Sat 5 Dec" in page, "the week in which it is, with its Saturday"
        (plan,) = visitor.plans()
        assert isinstance(plan, OneLesson)
        assert (plan.lesson, plan.start) == (here.release.lessons[1].id, 550)

    visit(here, work)


def test_a_single_time_is_skipped_moved_and_taken_back(here: School) -> None:
    async def work(visitor: Visitor) -> None:
        await visitor.send("/timetable/new", weekly_form(here))
        (plan,) = visitor.plans()
        once = f"/timetable/entries/{plan.id}/2026-11-26/840"
        assert "Open the lesson" in await visitor.get(once)
        assert "slot-skipped" in await visitor.send(once, {"what": "skip"})
        assert "does not take place" in await visitor.get(once)
        await visitor.send(once, {"what": "planned"})
        assert "slot-skipped" not in await visitor.send(once, {"what": "move", "first": "2026-11-28", "start": "10:00"})
        assert "Sat 28 Nov" in await visitor.get("/timetable?week=2026-11-26")
        assert "Sat 28 Nov 10:00" in await visitor.get(once), "it is still known by where its entry has it"
        page = await visitor.send(once, {"what": "lesson", "lesson": "9"}, 422)
        assert "has no lesson “9”" in page
        await visitor.send(once, {"what": "lesson", "lesson": "2", "onward": "1"})
        assert [o.lesson for o in visitor.node.timetable.between(THURSDAY, date(2026, 12, 31))] == [
            here.release.lessons[1].id
        ], "after the last lesson the course is at its end"
        for nowhere in (f"{once}1", f"/timetable/entries/{plan.id}/2026-13-01/840", f"/timetable/entries/{new_id()}"):
            await visitor.get(nowhere, 404)

    visit(here, work)


def test_days_off_and_bells(here: School) -> None:
    async def work(visitor: Visitor) -> None:
        await visitor.send("/timetable/new", weekly_form(here))
        page = await visitor.send(
            "/timetable/days", {"first": "2026-11-27", "last": "", "name": "运动会", "follows": ""}
        )
        assert "运动会" in page
        assert "运动会" in await visitor.get("/timetable?week=2026-11-26")
        assert [o.starts.date() for o in visitor.node.timetable.between(THURSDAY, date(2026, 11, 30))] == [THURSDAY]
        assert "is no day" in await visitor.send("/timetable/days", {"first": "then"}, 422)
        off = next(plan.id for plan in visitor.node.timetable.plans() if plan.class_name == "")
        await visitor.send(f"/timetable/entries/{off}/remove", {})
        page = await visitor.send("/timetable/bells", {"start-1": "08:10", "minutes-1": "40", "start-2": ""})
        assert "08:10" in page
        assert visitor.node.timetable.bells() == ((490, 40),)
        assert "no time of the day" in await visitor.send("/timetable/bells", {"start-3": "8 o'clock"}, 422)

    visit(here, work)


def test_a_file_goes_out_and_in(here: School) -> None:
    async def work(visitor: Visitor) -> None:
        await visitor.send("/timetable/new", weekly_form(here))
        answer = await visitor.client.get("/timetable/export.csv")
        assert "attachment" in answer.headers["content-disposition"]
        wrong = answer.content.replace("周四".encode(), "周八".encode())
        sent = await visitor.client.post("/timetable/file", files={"file": ("课表.csv", wrong)})
        assert sent.status_code == 422
        assert "周八" in sent.text
        (plan,) = visitor.plans()
        visitor.node.timetable.remove(plan.id)
        sent = await visitor.client.post("/timetable/file", files={"file": ("课表.csv", answer.content)})
        assert sent.status_code == 303, sent.text
        (again,) = visitor.plans()
        assert isinstance(again, WeeklyPlan)
        assert len(again.periods) == 2
        assert (await visitor.client.post("/timetable/file", data={"file": ""})).status_code == 422

    visit(here, work)


def test_two_values_are_shown_and_one_is_chosen(here: School) -> None:
    async def work(visitor: Visitor) -> None:
        await visitor.send("/timetable/new", weekly_form(here))
        (entry,) = visitor.node.timetable.rows.entries()
        one, other = Pen(new_id(), 50, "西楼"), Pen(new_id(), 51, "北楼")
        copies = (one.write(entry, {"class_name": "八（7）班"}), other.write(entry, {"class_name": "八（8）班"}))
        visitor.node.timetable.rows.take([], [merge(*copies)], 0)
        assert "changed at two places" in await visitor.get("/timetable")
        page = await visitor.get("/timetable/choices")
        assert "said at 西楼" in page
        dots = re.findall(r'name="class_name" value="([^"]+)"', page)
        await visitor.send(f"/timetable/entries/{entry.id}/choose", {"class_name": dots[1]})
        assert [plan.class_name for plan in visitor.plans()] == ["八（7）班"]
        assert visitor.node.timetable.disputed() == []
        (entry,) = visitor.node.timetable.rows.entries()
        gone = Pen(new_id(), 60, "西楼").remove(entry)
        visitor.node.timetable.save({entry.id: visitor.plans()[0]}, [])
        visitor.node.timetable.change_once(entry.id, THURSDAY, 840, {"skip": True})
        visitor.node.timetable.rows.take([], [gone], 0)
        assert "removed at 西楼" in await visitor.get("/timetable/choices")
        await visitor.send(f"/timetable/entries/{entry.id}/choose", {"removed": "remove"})
        assert visitor.plans() == []

    visit(here, work)


def test_every_state_is_said_in_words(here: School) -> None:
    told = [
        Forecast(state=State.READY, rung="best", share=1),
        Forecast(state=State.WILL_PLAY, share=0.6),
        Forecast(state=State.ARRIVING, when=NOON + timedelta(hours=9, minutes=40)),
        Forecast(state=State.ARRIVING, share=0.3, why=Why.NOT_FETCHED),
        Forecast(state=State.AT_RISK, why=Why.LINE_SLOW),
        Forecast(state="of-a-later-version", why="of-a-later-version"),
    ]

    class Planner:
        def forecast(self, due: Sequence[Occurrence]) -> list[Forecast]:
            return told[: len(due)]

    async def work(visitor: Visitor) -> None:
        visitor.node.timetable.forecaster = Planner()
        lesson = here.release.lessons[0].id
        plans = [OneLesson("", f"{n} 班", here.release.course, lesson, THURSDAY, 900 + n, 45) for n in range(6)]
        visitor.node.timetable.add(plans)
        english, chinese = await visitor.get("/timetable"), await visitor.get("/timetable", language="zh-CN")
        for words in (
            "Ready", "Will play", "The rest arrives while it plays.", "Arriving by 21:40", "Not here yet, 30 %",
            "At risk", "too slow",
        ):  # fmt: skip
            assert words in english
        for words in ("就绪", "能播放", "边放边送", "21:40 前送达", "尚未送达，已有 30 %", "可能来不及", "网速太慢"):
            assert words in chinese
        assert english.count("At risk") >= 2, "what a later version says is not taken for good news"

    visit(here, work)


def test_a_wrong_clock_is_said_where_days_depend_on_it(here: School) -> None:
    async def work(visitor: Visitor) -> None:
        assert "clock is not right" not in await visitor.get("/timetable")
        visitor.node.notes.keep(clock_offset_s="-86400.0")
        page = await visitor.get("/timetable")
        assert "clock is not right: it takes now for 26 Nov 2026, 12:00" in page

    visit(here, work)


def test_a_form_of_another_site_changes_nothing(here: School) -> None:
    async def work(visitor: Visitor) -> None:
        form = weekly_form(here)
        for path in ("/timetable/new", "/timetable/bells", "/timetable/days", "/timetable/file"):
            answer = await visitor.client.post(path, data=form, headers={"Origin": "http://elsewhere.test"})
            assert answer.status_code == 403
        assert visitor.plans() == []

    visit(here, work)


def test_a_change_on_the_page_is_at_the_centre_soon_and_comes_back_from_it(here: School) -> None:
    centre = here.wire.timetable
    with EdgeProcess(here.folder, poll_seconds="600") as edge:
        here.wire.wait_for(lambda: len(here.wire.reports) > 0)
        sent = httpx2.post(f"{edge.address}/timetable/new", data=weekly_form(here))
        assert sent.status_code == 303, sent.text
        here.wire.wait_for(lambda: len(centre.entries) == 1)
        (entry,) = centre.entries.values()
        centre.join(Pen(new_id(), 70, "西楼").write(entry, {"class_name": "九（9）班"}))
        httpx2.post(f"{edge.address}/timetable/bells", data={"start-1": "08:10"})
        here.wire.wait_for(lambda: len(centre.entries) == 2)
        reports = len(here.wire.reports)
        httpx2.post(f"{edge.address}/timetable/days", data={"first": "2026-12-01"})
        here.wire.wait_for(lambda: len(here.wire.reports) > reports and len(centre.entries) == 3)
        assert "九（9）班" in httpx2.get(f"{edge.address}/timetable?week=2026-11-26").text


def test_commands_work_beside_the_running_node(here: School, tmp_path: Path) -> None:
    edge = EdgeProcess(here.folder)
    edge.env["LC_ALL"] = "C.UTF-8"
    title = here.release.title
    with edge:
        add = ("timetable", "add", "--class", "八（1）班", "--course", title, "--at", "Mon 08:00", "--at", "周三 10:00")
        done = edge.command(*add, "--from", "2026-11-23", "--json")
        assert done.returncode == 0, done.stderr
        assert "八（1）班" in httpx2.get(f"{edge.address}/timetable?week=2026-11-23").text
    listed = edge.command("timetable", "list", "--json").stdout
    assert '"weekday": 3' in listed
    entry = re.findall(r'"id": "(\w{26})"', listed)[0]
    assert edge.command("timetable", "once", entry, "2026-11-25 10:00", "--skip").returncode == 0
    assert edge.command("timetable", "change", entry, "--at", "Wed 10:00", "--minutes", "40").returncode == 0
    assert edge.command("timetable", "days-off", "--from", "2026-12-07", "--name", "考试").returncode == 0
    exported = tmp_path / "out.csv"
    assert edge.command("timetable", "export", str(exported)).returncode == 0
    again = edge.command("timetable", "import", str(exported), "--json")
    assert (again.returncode, again.stdout.strip()) == (0, '{"added": 0, "known": 1}')
    exported.write_bytes(exported.read_bytes().replace(b"10:00", b"99:00"))
    refused = edge.command("timetable", "import", str(exported))
    assert refused.returncode == 1
    assert "2, start: “99:00” is no time of the day." in refused.stderr
    words = edge.command("timetable", "list").stdout
    assert "Wed 10:00; 2026-11-23 – …" in words
    assert "考试" in words
    assert edge.command("timetable", "remove", entry).returncode == 0
    gone = edge.command("timetable", "remove", entry)
    assert (gone.returncode, "timetable.unknown-entry" in gone.stderr) == (1, True)
    assert edge.command("timetable", "import", str(tmp_path / "none.csv")).returncode == 2
