"""What a teacher asks of a lesson, on its page and by command, and what the fill makes of it."""

import html
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx2

from catalog.formats.occurrences import OneLesson
from catalog.formats.rungs import Rung, Tier
from edge_cache.app import make_app
from edge_cache.node import Node
from edge_cache.planner.given import Wish
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.school import School


def packs(school: School) -> list[str]:
    """Digests of packs in the order in which they were first asked for."""
    names = [name for name, _, _ in school.wire.log if name.startswith("packs/")]
    return list(dict.fromkeys(name.partition("/")[2] for name in names))


def of(school: School, lesson: int, rung: Rung) -> set[str]:
    return {track.index for track in school.release.lessons[lesson].media.tracks(rung, Tier.COMPATIBLE)}


def address(school: School, lesson: int) -> str:
    return f"/lessons/{school.release.course}/{school.release.lessons[lesson].id}"


def visit(school: School, work: Callable[[Node, httpx2.AsyncClient], Awaitable[None]]) -> None:
    async def go(node: Node) -> None:
        transport = httpx2.ASGITransport(app=make_app(node))
        headers = {"Accept": "text/html", "Accept-Language": "en"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://node.test", headers=headers) as client:
            await work(node, client)

    school.run(go)


async def page(client: httpx2.AsyncClient, path: str) -> str:
    return html.unescape((await client.get(path)).text)


def test_a_wish_is_said_on_the_lessons_page_shown_everywhere_and_taken_back(school: School) -> None:
    async def work(node: Node, client: httpx2.AsyncClient) -> None:
        await node.sync_once()
        lesson, course = address(school, 1), f"/courses/{school.release.course}"
        assert 'value="get-now"' in await page(client, lesson)
        for wish, words, badge in (
            ("get-now", "fetched before everything else", "Asked for"),
            ("pin", "never makes room for other lessons", "Kept here"),
            ("not-this", "it is not fetched", "Not wanted"),
        ):
            answer = await client.post(f"{lesson}/wish", data={"wish": wish})
            assert (answer.status_code, answer.headers["location"]) == (303, f"{lesson}#wish")
            shown = await page(client, lesson)
            assert words in shown
            assert f'value="{wish}"' not in shown
            assert badge in await page(client, course)
            assert badge in await page(client, "/")
        await client.post(f"{lesson}/wish", data={"wish": "none"})
        assert node.wishes.all() == []
        assert "by the timetable" in await page(client, lesson)

    visit(school, work)


def test_what_is_no_wish_comes_from_elsewhere_or_names_no_lesson_is_refused(school: School) -> None:
    async def work(node: Node, client: httpx2.AsyncClient) -> None:
        await node.sync_once()
        lesson = address(school, 0)
        assert (await client.post(f"{lesson}/wish", data={"wish": "more"})).status_code == 422
        assert (await client.post(f"{lesson}/wish", data={})).status_code == 422
        foreign = await client.post(f"{lesson}/wish", data={"wish": "pin"}, headers={"Origin": "http://else.test"})
        assert foreign.status_code == 403
        assert (await client.post("/lessons/none/none/wish", data={"wish": "pin"})).status_code == 404
        assert node.wishes.all() == []

    visit(school, work)


def test_a_lesson_that_is_here_cannot_be_asked_for_and_can_be_kept(school: School) -> None:
    async def work(node: Node, client: httpx2.AsyncClient) -> None:
        await node.sync_once()
        await node.fill_once()
        shown = await page(client, address(school, 0))
        assert 'value="get-now"' not in shown
        assert 'value="pin"' in shown

    visit(school, work)


def test_what_is_asked_for_now_comes_before_what_was_planned_even_in_the_middle_of_a_pass(school: School) -> None:
    async def work(node: Node) -> None:
        await node.sync_once()

        def ask_once(_count: int) -> None:
            if not asked and packs(school):
                asked.append(True)
                node.wishes.ask(school.release.course, school.release.lessons[1].id, Wish.NOW)
                node.fill.plan_anew()

        asked = list[bool]()
        node.fill.on_bytes = ask_once
        await node.fill_once()
        assert node.wishes.all() == [], "it ended when the lesson was here"

    school.run(work, in_flight=1, run_bytes=800)
    names = [name.partition("/")[2] for name, _, _ in school.wire.log if name.startswith("packs/")]
    last = {name: place for place, name in enumerate(names)}
    begun, asked_for = (school.release.lessons[n].media.tracks(Rung.FLOOR, Tier.COMPATIBLE) for n in (0, 1))
    assert max(last[track.index] for track in asked_for) < max(last[track.index] for track in begun)
    assert names[0] in {track.index for track in begun}


def test_what_is_not_wanted_is_not_fetched_unless_the_timetable_needs_it_and_then_that_is_said(school: School) -> None:
    wanted, refused = (lesson.id for lesson in school.release.lessons)

    async def work(node: Node, client: httpx2.AsyncClient) -> None:
        await node.sync_once()
        node.wishes.ask(school.release.course, refused, Wish.NOT)
        await node.fill_once()
        assert node.releases.serving(school.release.course, wanted) == 1
        assert not set(packs(school)) & (of(school, 1, Rung.FLOOR) - of(school, 0, Rung.FLOOR))
        day = node.timetable.today() + timedelta(days=4)
        node.timetable.add([OneLesson("", "三（1）班", school.release.course, refused, day, 8 * 60, 45)])
        assert "三（1）班 takes it" in await page(client, address(school, 1))
        await node.fill_once()
        assert node.releases.serving(school.release.course, refused) == 1

    visit(school, work)


def test_wishes_are_said_and_shown_by_command(school: School) -> None:
    async def work(node: Node) -> None:
        await node.sync_once()

    school.run(work)
    edge, lesson = EdgeProcess(school.folder), school.release.lessons[1]
    said = edge.command("wish", lesson.id, "pin")
    assert said.returncode == 0, said.stderr
    assert "kept here" in said.stdout
    assert "kept here" in edge.command("plan").stdout
    (told,) = json.loads(edge.command("status", "--json").stdout)["wishes"]
    assert (told["course"], told["lesson"], told["wish"]) == (school.release.course, lesson.id, "pin")
    wrong = edge.command("wish", lesson.id, "away")
    assert (wrong.returncode, "[wish.unknown]" in wrong.stderr) == (1, True)
    number = edge.command("wish", "2", "none", "--course", school.release.title, "--json")
    assert json.loads(number.stdout) == {"wishes": []}
