"""What a node's own pages say when something is wrong: in Chinese and English, with every field filled in."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from edge_cache.app import make_app
from edge_cache.node import Node
from tests.fakes.school import School
from tests.fakes.signed_world import SignedWorld
from tests.fakes.wire import Wire

Spoil = Callable[[School], None]


def flip(prefix: str) -> Spoil:
    """Change one bit in the middle of every object of a kind that the second release brings."""

    def spoil(school: School) -> None:
        old = set(school.world.objects)
        new_release(school)
        for name in set(school.world.objects) - old:
            if name.startswith(prefix):
                data = school.world.objects[name]
                at = len(data) // 2
                school.world.objects[name] = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    return spoil


def new_release(school: School) -> None:
    school.publish(school.make_release(2, "b", tuple(lesson.id for lesson in school.release.lessons)))


def roll_back(school: School) -> None:
    old = dict(school.world.objects)
    new_release(school)
    school.sync()
    school.world.objects.update(old)


def foreign(school: School) -> None:
    other = SignedWorld("another centre")
    for _ in range(20):
        other.repository.next_snapshot()
    school.world.objects.update({k: v for k, v in other.objects.items() if not k.endswith("1.root.json")})


def foreign_direction(school: School) -> None:
    school.wire.direction = SignedWorld("another centre").direct(school.wire.node, school.wire.store_url, [])


def rolled_back_direction(school: School) -> None:
    first = school.wire.direction
    school.wire.direct((school.release.course, 1))
    school.sync()
    school.wire.direction = first


def wrong_clock(school: School) -> None:
    school.wire.clock_ahead = timedelta(days=400)


def no_such_release(school: School) -> None:
    school.wire.direct((school.release.course, 7))


SPOILED: dict[str, tuple[Spoil, str]] = {
    "release": (flip("releases/"), "trust.refused"),
    "index": (flip("indexes/"), "source.bad-bytes"),
    "pack": (flip("packs/"), "source.bad-bytes"),
    "rolled back": (roll_back, "trust.refused"),
    "foreign": (foreign, "trust.refused"),
    "foreign direction": (foreign_direction, "trust.refused"),
    "rolled back direction": (rolled_back_direction, "trust.refused"),
    "clock": (wrong_clock, "clock.wrong"),
    "not listed": (no_such_release, "release.missing"),
}


def ask(school: School, work: Callable[[httpx2.AsyncClient, Node], Awaitable[None]]) -> None:
    async def go(node: Node) -> None:
        transport = httpx2.ASGITransport(app=make_app(node))
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://node.test", headers={"Accept": "text/html"}
        ) as client:
            await work(client, node)

    school.run(go)


async def get(client: httpx2.AsyncClient, path: str, language: str) -> str:
    answer = await client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("what", SPOILED)
def test_the_status_page_says_it_and_lessons_play_on(school: School, what: str) -> None:
    spoil, code = SPOILED[what]
    assert school.sync().whole
    spoil(school)
    seen = school.sync()

    async def look(client: httpx2.AsyncClient, node: Node) -> None:
        if what == "clock":
            await node.report_once()
        chinese, english = await get(client, "/status", "zh-CN"), await get(client, "/status", "en")
        assert f"<code>{code}</code>" in chinese
        notices = [re.findall(r'<p class="notice notice-\w+">(.+?)<br>', page) for page in (chinese, english)]
        assert len(notices[0]) == len(notices[1]) >= 1
        for words in notices[0]:
            assert re.search(r"[\u4e00-\u9fff]{4}", words), words
            assert "%(" not in words
        for words in notices[1]:
            assert not re.search(r"[\u4e00-\u9fff]", words), words

    ask(school, look)
    assert all(line.ready for line in seen.lessons)


@pytest.mark.parametrize(("status", "words"), [(404, "不认识"), (409, "用过"), (410, "过期"), (429, "几分钟")])
def test_the_set_up_page_says_why_a_code_is_refused(tmp_path: Path, wire: Wire, status: int, words: str) -> None:
    school = School(tmp_path / "node", wire)
    wire.enrolment = status

    async def fill_in(client: httpx2.AsyncClient, node: Node) -> None:
        form = {"address": wire.address, "code": wire.code}
        answer = await client.post("/setup", data=form, headers={"Accept-Language": "zh-CN"})
        assert answer.status_code == 422
        (said,) = re.findall(r'class="notice notice-bad"[^>]*>(.+?)</', answer.text, re.DOTALL)
        assert words in said, said
        assert wire.code in answer.text, "what was typed stays"
        assert node.identity is None

    ask(school, fill_in)
