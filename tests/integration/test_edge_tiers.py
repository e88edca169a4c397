"""A node and the two tiers: it fetches those of its policy, in their order, and serves what it holds of both."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.formats.hashing import sha256_hex
from catalog.formats.release import Release
from catalog.formats.rungs import Rung, Tier
from tests.fakes.edge_client import Client
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.school import STILLS, School

BOTH = (Tier.COMPATIBLE, Tier.MODERN)


def fetched(school: School) -> list[str]:
    """Return the digests of packs and blobs in the order in which they were first asked for."""
    names = [name for name, _, _ in school.wire.log if name.startswith(("packs/", "blobs/"))]
    return list(dict.fromkeys(name.partition("/")[2] for name in names))


def of_tier(release: Release, tier: Tier) -> set[str]:
    return {t.index for m in (x.media for x in release.lessons) for rung in Rung for t in m.tracks(rung, tier)}


@pytest.mark.parametrize("tiers", [(Tier.COMPATIBLE,), (Tier.MODERN,), BOTH])
def test_a_node_fetches_the_tiers_of_its_policy_and_no_other(school: School, tiers: tuple[Tier, ...]) -> None:
    release = school.add_tiers()
    school.wire.direct((release.course, 2), tiers=tiers)
    seen = school.sync()
    assert seen.whole
    assert [line.ready for line in seen.lessons] == [True, True]
    packs = {name.partition("/")[2] for name, _, _ in school.wire.log if name.startswith("packs/")}
    assert packs == set().union(*(of_tier(release, tier) for tier in tiers))


def test_floors_come_first_then_stills_then_better_pictures(school: School) -> None:
    release = school.add_tiers()
    school.wire.direct((release.course, 2), tiers=BOTH)
    school.sync(in_flight=1)
    order = fetched(school)

    def last_of(rung: Rung, tier: Tier) -> int:
        return max(order.index(t.index) for x in release.lessons for t in x.media.tracks(rung, tier))

    def first_best(tier: Tier) -> int:
        return min(order.index(x.media.tracks(Rung.BEST, tier)[0].index) for x in release.lessons)

    stills = [order.index(sha256_hex(still)) for still in STILLS]
    assert last_of(Rung.FLOOR, Tier.COMPATIBLE) < last_of(Rung.FLOOR, Tier.MODERN) < min(stills)
    assert max(stills) < min(first_best(Tier.COMPATIBLE), first_best(Tier.MODERN))
    sound, floor = (order.index(t.index) for t in reversed(release.lessons[0].media.tracks(Rung.FLOOR, Tier.MODERN)))
    assert sound < floor, "the sound comes before the pictures: one can listen already"


def test_a_policy_that_changes_has_the_rest_fetched_and_takes_nothing_away(school: School) -> None:
    release = school.add_tiers()
    school.wire.direct((release.course, 2))
    assert school.sync().whole
    school.wire.log.clear()
    school.wire.direct((release.course, 2), tiers=(Tier.MODERN,))
    school.wire.fault = lambda name, _start: "404" if name.startswith("packs/") else None
    waiting = school.sync()
    assert not waiting.whole
    assert [line.ready for line in waiting.lessons] == [True, True], "what plays goes on playing"
    school.wire.fault = lambda _name, _start: None
    assert school.sync().whole
    assert set(fetched(school)) == of_tier(release, Tier.MODERN)


def test_a_lesson_that_is_not_there_in_the_tier_is_fetched_in_the_one_that_it_has(school: School) -> None:
    school.wire.direct((school.release.course, 1), tiers=(Tier.MODERN,))
    seen = school.sync()
    assert seen.whole
    assert [line.ready for line in seen.lessons] == [True, True]


@pytest.fixture
def tiered(school: School) -> Iterator[tuple[Client, Release, str]]:
    release = school.add_tiers()
    school.wire.direct((release.course, 2), tiers=BOTH)
    assert school.sync().whole
    with EdgeProcess(school.folder) as edge:
        yield Client(edge), release, f"/media/{release.course}/2/{release.lessons[0].id}"


def test_views_of_both_tiers(tiered: tuple[Client, Release, str]) -> None:
    client, release, base = tiered
    media = release.lessons[0].media
    lines = client.ask(f"{base}/lesson.m3u8").body.decode().splitlines()
    streams = [line for line in lines if line.startswith("#EXT-X-STREAM-INF")]
    assert ["av01" in line for line in streams] == [False, True, False, True]
    assert sum("TYPE=AUDIO" in line for line in lines) == 2
    floor = client.ask(f"{base}/floor.m3u8").body.decode()
    assert floor.count("#EXT-X-STREAM-INF") == 2
    listen = client.ask(f"{base}/listen.m3u8").body.decode()
    assert [sound.index in listen for sound in media.sounds] == [True, True]
    files = {name: client.ask(f"{base}/{name}.mp4") for name in ("floor", "floor.modern", "listen", "listen.modern")}
    assert {answer.status for answer in files.values()} == {200}
    assert len({answer.headers["etag"] for answer in files.values()}) == 4
    for nothing in ("floor.compatible.mp4", "floor.other.mp4", "clear.modern.mp4", "clear.m3u8", "floor.modern.m3u8"):
        assert client.ask(f"{base}/{nothing}").status == 404, nothing


def test_chapters_and_thumbnails_are_webvtt(tiered: tuple[Client, Release, str], school: School) -> None:
    client, release, base = tiered
    chapters = client.ask(f"{base}/chapters.vtt")
    assert chapters.headers["content-type"] == "text/vtt; charset=utf-8"
    assert "immutable" in chapters.headers["cache-control"]
    assert "00:00:00.100 --> 00:00:00.960\n压强" in chapters.body.decode()
    thumbnails = client.ask(f"{base}/thumbnails.vtt")
    assert thumbnails.headers["cache-control"] == "no-cache"
    assert client.ask(f"{base}/thumbnails.vtt", If_None_Match=thumbnails.headers["etag"]).status == 304
    pictures = [line for line in thumbnails.body.decode().splitlines() if line.startswith("/")]
    assert [client.ask(picture).body for picture in pictures] == [STILLS[0], STILLS[2]]
    older = f"/media/{school.release.course}/1/{release.lessons[0].id}"
    assert client.ask(f"{older}/chapters.vtt").status == client.ask(f"{older}/thumbnails.vtt").status == 404


def test_the_sound_is_served_before_the_pictures_are_here(school: School, tmp_path: Path) -> None:
    release = school.add_tiers()
    school.wire.direct((release.course, 2))
    lost = {f"packs/{r.video.index}" for x in release.lessons for r in x.media.renditions if r.video}
    school.wire.fault = lambda name, _start: "404" if name in lost else None
    seen = school.sync()
    assert [line.ready for line in seen.lessons] == [False, False]
    with EdgeProcess(school.folder) as edge:
        client, lesson = Client(edge), release.lessons[0]
        base = f"/media/{release.course}/2/{lesson.id}"
        assert client.ask(f"{base}/listen.mp4").status == 200
        assert client.ask(f"{base}/floor.mp4").status == 404
        playlist = client.ask(f"{base}/lesson.m3u8").body.decode()
        assert playlist.count("#EXT-X-STREAM-INF") == 1
        page = client.ask(f"/lessons/{release.course}/{lesson.id}", accept="text/html").body.decode()
        assert "player-listens" in page
        assert f"/media/blob/{sha256_hex(STILLS[0])}.jpg" in page
        status = json.loads(edge.command("status", "--json").stdout)
        assert status["courses"][0]["lessons_ready"] == 0
