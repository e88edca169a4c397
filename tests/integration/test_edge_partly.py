"""A lesson on its way plays as far as it goes, and more at the next play; updates have a price, going back has none."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from catalog.formats.release import Lesson
from catalog.formats.rungs import Rung, Tier
from edge_cache.node import Node
from edge_cache.serve.progressive import ProgressiveFile
from tests.factories import Track
from tests.fakes.edge_client import Client
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.school import School, Seen

COUNT = 3


def tracks_of(school: School, lesson: Lesson, rung: Rung) -> list[Track]:
    return [t for x in lesson.media.tracks(rung, Tier.COMPATIBLE) for t in school.tracks if t.index.digest == x.index]


def hold(school: School, lesson: Lesson, video: int, sound: int) -> None:
    """Let the node know what there is, and hold the first segments of the floor's tracks; then no pack comes."""

    async def work(node: Node) -> None:
        await node.sync_once()
        for track, count in zip(tracks_of(school, lesson, Rung.FLOOR), (video, sound), strict=True):
            node.keeper.rows.add_index(track.index.digest, track.index.encoded)
            rows = zip(track.index.segments[:count], track.segments[:count], strict=True)
            node.keeper.keep_segments([(row.digest, data) for row, data in rows])

    school.wire.fault = lambda name, _start: "503" if name.startswith("packs/") else None
    school.run(work)


@pytest.mark.parametrize("sound", [COUNT, 6], ids=["sound on its way", "sound whole"])
def test_a_lesson_on_its_way_plays_as_far_as_it_goes(school: School, sound: int) -> None:
    lesson = school.release.lessons[0]
    video, voice = tracks_of(school, lesson, Rung.FLOOR)
    hold(school, lesson, COUNT, sound)
    base = f"/media/{school.release.course}/1/{lesson.id}"
    with EdgeProcess(school.folder) as edge:
        client = Client(edge)
        page = client.ask(f"/lessons/{school.release.course}/{lesson.id}?lang=en", accept="text/html").body.decode()
        assert f"{base}/floor.mp4?first={COUNT}" in page
        assert "the rest is on its way" in page
        lists = client.ask(f"{base}/floor.m3u8").body.decode()
        assert f"/media/track/{video.index.digest}/{COUNT}.m3u8" in lists
        assert f"/media/track/{voice.index.digest}/{COUNT}.m3u8" in lists, "it ends with the pictures"
        assert client.ask(f"/media/track/{video.index.digest}/{COUNT - 1}.m4s").status == 200
        part = client.ask(f"{base}/floor.mp4?first={COUNT}")
        file = ProgressiveFile(video.index.first(COUNT), voice.index.first(COUNT), video.index.first(COUNT).duration_ms)
        assert (part.status, len(part.body)) == (200, file.size)
        assert part.body.startswith(file.head)
        for more in (f"{COUNT + 1}", "0", "x", "-1", "99999999999"):
            assert client.ask(f"{base}/floor.mp4?first={more}").status == 404
        assert client.ask(f"{base}/floor.mp4").status == 404, "as a whole it is not here"


def test_what_arrives_later_is_there_at_the_next_play(school: School) -> None:
    lesson = school.release.lessons[0]
    hold(school, lesson, COUNT, COUNT)
    address = f"/media/{school.release.course}/1/{lesson.id}/lesson.m3u8"
    with EdgeProcess(school.folder) as edge:
        client = Client(edge)
        first = client.ask(address)
        assert first.headers["cache-control"] == "no-cache"
        assert first.body.count(b"#EXT-X-STREAM-INF") == 1
        school.wire.fault = lambda _name, _start: None
        deadline = time.monotonic() + 60
        while client.ask(address).body.count(b"#EXT-X-STREAM-INF") < 2:
            assert time.monotonic() < deadline, "the better rung never appeared"
        page = client.ask(f"/lessons/{school.release.course}/{lesson.id}?lang=en", accept="text/html").body.decode()
        assert "the rest is on its way" not in page


def test_a_little_is_not_begun_with(school: School) -> None:
    hold(school, school.release.lessons[0], 0, COUNT)
    with EdgeProcess(school.folder) as edge:
        address = f"/lessons/{school.release.course}/{school.release.lessons[0].id}?lang=en"
        page = Client(edge).ask(address, accept="text/html").body.decode()
        assert "data-watch" in page


def test_an_update_has_its_price_and_going_back_costs_nothing(school: School) -> None:
    school.sync()
    first, update = school.release, school.make_release(2, "b", tuple(lesson.id for lesson in school.release.lessons))
    kept = first.lessons[1].model_copy(update={"captions": update.lessons[1].captions})
    school.publish(update.model_copy(update={"lessons": (update.lessons[0], kept)}))
    changed = [t for rung in (Rung.FLOOR, Rung.BEST) for t in tracks_of(school, update.lessons[0], rung)]
    cost = sum({row.digest: row.length for track in changed for row in track.index.segments}.values())

    async def look(node: Node) -> tuple[bool, int]:
        await node.sync_once()
        (found,) = node.updates.under_way()
        return found.exact, found.cost

    school.wire.log.clear()
    assert school.run(look) == (True, cost)
    assert school.wire.pack_bytes() == 0, "known before a byte of it is fetched"
    assert school.serving() == [1, 2], "a lesson that has not changed switches at once"
    assert school.sync().whole
    assert school.serving() == [2, 2]
    school.publish(first.model_copy(update={"number": 3}))
    school.wire.log.clear()

    async def back(node: Node) -> None:
        await node.sync_once()

    school.run(back)
    assert school.serving() == [3, 3], "at once"
    assert not [name for name, _, _ in school.wire.log if name.startswith(("packs/", "indexes/"))]


def test_a_clock_that_starts_in_1970_stops_nothing(school: School) -> None:
    """A box without a battery: everything is fetched, kept, served and kept house for."""

    async def go() -> tuple[bool, list[bool]]:
        with Node(school.settings(), clock=lambda: datetime(1970, 1, 1, tzinfo=UTC)) as node:
            await node.sync_once()
            await node.fill_once()
            node.housekeeping.evictor.collect()
            sound = [one.sound for one in node.housekeeping.scrub.everything()]
            await node.close_client()
            return Seen(node).whole, sound

    whole, sound = asyncio.run(go())
    assert whole
    assert all(sound)
    assert school.serving() == [1, 1]
