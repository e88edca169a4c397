"""What classes play is counted by the hour, once for each device, and nothing is written of whose it was."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message

from catalog.formats.ids import new_id
from catalog.formats.release import Release
from catalog.formats.rungs import Rung
from catalog.look.filters import CHINA_TIME
from edge_cache.database import Database
from edge_cache.releases.repository import ReleaseRepository
from edge_cache.timetable.played import SEGMENTS_PLAYED, Plays, PlaysWatch
from edge_cache.timetable.repository import Played, PlayedRepository
from tests.factories import make_lesson, make_media, make_release, make_track

NOW = datetime(2026, 11, 26, 1, 30, tzinfo=UTC)
"""09:30 at the school."""
DAY = date(2026, 11, 26)
WHICH = (new_id(), new_id())


class Counting:
    """A node's counting over a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / "node.db")
        self.rows = PlayedRepository(self.database)
        self.now = NOW
        self.plays = Plays(self.rows, lambda: self.now, CHINA_TIME)

    def written(self) -> list[Played]:
        self.plays.flush()
        return self.rows.since(date(2020, 1, 1))


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[Counting]:
    counting = Counting(tmp_path)
    yield counting
    counting.database.close()


def test_a_device_counts_once_an_hour(counting: Counting) -> None:
    for _ in range(10):
        counting.plays.part("10.0.0.7", WHICH, 0.1)
    counting.plays.part("10.0.0.8", WHICH, 0.5)
    assert counting.written() == [Played(*WHICH, DAY, 9, 2)]
    counting.now += timedelta(hours=1)
    counting.plays.part("10.0.0.7", WHICH, 0.1)
    assert counting.written() == [Played(*WHICH, DAY, 9, 2), Played(*WHICH, DAY, 10, 1)]


def test_looking_into_a_lesson_is_not_playing_it(counting: Counting) -> None:
    counting.plays.part("10.0.0.7", WHICH, 0.01)
    assert not counting.plays.waiting
    assert counting.written() == []


def test_counts_of_a_day_add_up_over_a_restart(counting: Counting) -> None:
    counting.plays.part("10.0.0.7", WHICH, 1)
    counting.written()
    again = Plays(counting.rows, lambda: counting.now, CHINA_TIME)
    again.part("10.0.0.8", WHICH, 1)
    again.flush()
    assert counting.written() == [Played(*WHICH, DAY, 9, 2)]


def test_what_is_long_ago_is_forgotten(counting: Counting) -> None:
    counting.plays.part("10.0.0.7", WHICH, 1)
    counting.written()
    counting.now += timedelta(days=500)
    counting.plays.part("10.0.0.7", WHICH, 1)
    assert [played.day for played in counting.written()] == [DAY + timedelta(days=500)]


def test_nothing_of_a_device_is_written(counting: Counting) -> None:
    counting.plays.part("10.11.12.13", WHICH, 1)
    counting.plays.flush()
    assert b"10.11.12.13" not in counting.database.path.with_name("node.db-wal").read_bytes()
    columns = [row["name"] for row in counting.database.read("pragma table_info(played)")]
    assert columns == ["course", "lesson", "day", "hour", "count"]


def known(counting: Counting) -> tuple[Release, str]:
    """Return a release that the node knows, and the digest of a track of its lesson."""
    track = make_track(seed="played")
    release = make_release((make_lesson(make_media({Rung.FLOOR: track}, None)),))
    ReleaseRepository(counting.database).add(release, "0" * 64)
    return release, track.index.digest


def test_what_is_streamed_is_seen_whichever_way_it_goes(counting: Counting) -> None:
    release, digest = known(counting)
    course, lesson = release.course, release.lessons[0].id

    def segment(_request: Request) -> Response:
        return Response(b"s" * 100)

    def file(request: Request) -> Response:
        if request.headers.get("range") == "bytes=0-9":
            return Response(b"f" * 10, 206, {"Content-Range": "bytes 0-9/1000"})
        return Response(b"f" * 1000)

    def missing(_request: Request) -> Response:
        return Response(b"no", 404)

    app = Starlette(
        routes=[
            Route("/media/track/{index}/{number:int}.m4s", segment),
            Route("/media/{course}/{release:int}/{lesson}/floor.mp4", file),
            Route("/media/{course}/{release:int}/{lesson}/best.mp4", missing),
        ]
    )
    watch = PlaysWatch(app, counting.plays)

    async def ask(device: str, path: str, times: int = 1, **headers: str) -> None:
        transport = httpx2.ASGITransport(app=watch, client=(device, 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://node.test", headers=headers) as client:
            for n in range(times):
                await client.get(path % {"n": n})

    async def go() -> None:
        base = f"/media/{course}/1/{lesson}"
        await ask("a", f"/media/track/{digest}/%(n)s.m4s", SEGMENTS_PLAYED)
        await ask("b", f"/media/track/{digest}/%(n)s.m4s", SEGMENTS_PLAYED - 1)
        await ask("c", f"/media/track/{'0' * 64}/%(n)s.m4s", SEGMENTS_PLAYED)
        await ask("d", f"{base}/floor.mp4")
        await ask("e", f"{base}/floor.mp4", range="bytes=0-9")
        await ask("f", f"{base}/best.mp4", 5)

    asyncio.run(go())
    assert counting.written() == [Played(course, lesson, DAY, 9, 2)], "a, and d"


def test_what_was_counted_is_written_before_the_node_ends(counting: Counting) -> None:
    watch = PlaysWatch(Starlette(), counting.plays)
    counting.plays.part("a", WHICH, 1)

    async def go() -> None:
        asked = iter(("startup", "shutdown"))

        async def receive() -> Message:
            return {"type": f"lifespan.{next(asked)}"}

        async def send(_message: Message) -> None:
            pass

        await watch({"type": "lifespan", "state": {}}, receive, send)

    asyncio.run(go())
    assert counting.rows.since(DAY) == [Played(*WHICH, DAY, 9, 1)]


def test_a_disk_that_takes_nothing_stops_no_class(counting: Counting) -> None:
    counting.plays.part("a", WHICH, 1)
    with counting.database.write() as rows:
        rows.execute("alter table played rename to away")
    counting.plays.flush()
    assert counting.plays.waiting, "the count waits"
    with counting.database.write() as rows:
        rows.execute("alter table away rename to played")
    assert counting.written() == [Played(*WHICH, DAY, 9, 1)]


def test_a_full_disk_stops_neither_a_class_nor_the_end_of_the_node(counting: Counting) -> None:
    for n in range(300):
        counting.plays.part("a", (new_id(), f"lesson {n}"), 1)
    with counting.database.write() as rows:
        rows.execute("pragma max_page_count = 1")
    counting.plays.flush()
    assert counting.plays.waiting, "the counts wait"
    with counting.database.write() as rows:
        rows.execute("pragma max_page_count = 100000")
    assert len(counting.written()) == 300
