"""A real node over HTTP: views, ranges, rot, odd requests, commands with their exit codes, and a stop in order."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.formats.boxes import boxes, place_segment
from catalog.formats.release import Lesson
from catalog.formats.rungs import Rung, Tier
from edge_cache.node import Node
from edge_cache.serve.progressive import ProgressiveFile
from tests.factories import Track
from tests.fakes.edge_client import Client
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.school import CAPTIONS, POSTER, School


@pytest.fixture
def client(school: School) -> Iterator[Client]:
    assert school.sync().whole
    with EdgeProcess(school.folder) as edge:
        yield Client(edge)


def tracks_of(school: School, lesson: Lesson, rung: Rung) -> list[Track]:
    return [t for x in lesson.media.tracks(rung, Tier.COMPATIBLE) for t in school.tracks if t.index.digest == x.index]


def base(school: School, lesson: Lesson) -> str:
    return f"/media/{school.release.course}/1/{lesson.id}"


def whole_of(school: School, lesson: Lesson, rung: Rung) -> bytes:
    video, sound = tracks_of(school, lesson, rung)
    file = ProgressiveFile(video.index, sound.index, lesson.media.duration_ms)
    segments = {
        row.digest: data for t in (video, sound) for row, data in zip(t.index.segments, t.segments, strict=True)
    }
    return file.head + b"".join(
        place_segment(segments[one.piece.row.digest], one.piece.sequence, one.piece.row.start, one.piece.track)
        for one in file.slices(len(file.head), file.size)
        if one.piece
    )


def test_hls_leads_from_the_lesson_to_every_segment(school: School, client: Client) -> None:
    lesson = school.release.lessons[0]
    text = client.ask(f"{base(school, lesson)}/lesson.m3u8")
    assert text.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert text.headers["cache-control"] == "no-cache"
    lines = text.body.decode().splitlines()
    assert sum(line.startswith("#EXT-X-STREAM-INF") for line in lines) == 2
    assert sum(line.startswith("#EXT-X-MEDIA:TYPE=AUDIO") for line in lines) == 1
    addresses = [line for line in lines if line and not line.startswith("#")]
    best, _ = tracks_of(school, lesson, Rung.BEST)
    assert best.index.digest in addresses[0], "the best picture stands first"
    playlist = client.ask(addresses[0])
    assert "immutable" in playlist.headers["cache-control"]
    entries = [line for line in playlist.body.decode().splitlines() if line and not line.startswith("#")]
    got = client.ask(f"/media/track/{best.index.digest}/init.mp4").body
    for entry in entries:
        answer = client.ask(entry)
        assert answer.status == 200
        assert "immutable" in answer.headers["cache-control"]
        assert client.ask(entry, If_None_Match=answer.headers["etag"]).status == 304
        got += answer.body
    assert got == best.pack, "init part and segments as served are the pack, byte for byte"


def test_the_progressive_file_answers_ranges_as_the_standard_says(school: School, client: Client) -> None:
    lesson = school.release.lessons[0]
    path, whole = f"{base(school, lesson)}/best.mp4", whole_of(school, lesson, Rung.BEST)
    answer = client.ask(path)
    assert (answer.status, answer.body) == (200, whole)
    assert [box.kind for box in boxes(answer.body)][:3] == [b"ftyp", b"moov", b"sidx"]
    etag = answer.headers["etag"]
    size = len(whole)
    for header, start, end in (
        ("bytes=0-0", 0, 1),
        (f"bytes={size - 1}-", size - 1, size),
        ("bytes=-17", size - 17, size),
        (f"bytes=5000-{size * 2}", 5000, size),
        ("bytes=1234-33333", 1234, 33334),
    ):
        part = client.ask(path, Range=header)
        assert (part.status, part.body) == (206, whole[start:end])
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        assert int(part.headers["content-length"]) == end - start
    outside = client.ask(path, Range=f"bytes={size}-")
    assert (outside.status, outside.headers["content-range"]) == (416, f"bytes */{size}")
    head = client.ask(path, "HEAD")
    assert (head.status, head.body, int(head.headers["content-length"])) == (200, b"", size)
    assert head.headers["accept-ranges"] == "bytes"
    assert client.ask(path, If_None_Match=etag).status == 304
    assert client.ask(path, Range="bytes=0-9", If_Range=etag).status == 206
    assert client.ask(path, Range="bytes=0-9", If_Range='"other"').body == whole
    assert client.ask(path, Range="bytes=0-1,5-6").status == 200


def test_words_and_poster_are_served(school: School, client: Client) -> None:
    lesson = school.release.lessons[0]
    words = client.ask(f"/media/blob/{lesson.captions[0].sha256}.vtt")
    assert (words.body, words.headers["content-type"]) == (CAPTIONS, "text/vtt; charset=utf-8")
    assert lesson.media.poster is not None
    assert client.ask(f"/media/blob/{lesson.media.poster.sha256}.jpg").body == POSTER


def test_a_rotten_segment_is_never_sent_and_comes_anew(school: School, client: Client) -> None:
    """Found while serving: 503 for the segment, a file that ends early; moments later all is well again."""
    lesson = school.release.lessons[0]
    video, _ = tracks_of(school, lesson, Rung.BEST)
    row, whole = video.index.segments[3], whole_of(school, lesson, Rung.BEST)
    path = school.folder / "store" / "segments" / row.digest[:2] / row.digest
    held_back = f"packs/{video.index.digest}"
    school.wire.fault = lambda name, _start: "503" if name == held_back else None
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    damaged = client.ask(f"/media/track/{video.index.digest}/3.m4s")
    assert (damaged.status, json.loads(damaged.body)["code"]) == (503, "media.damaged")
    assert damaged.headers["retry-after"]
    broken = client.ask(f"{base(school, lesson)}/best.mp4")
    assert broken.broken
    assert broken.body == whole[: len(broken.body)]
    assert client.ask("/", accept="text/html").status == 200
    school.wire.log.clear()
    school.wire.fault = lambda _name, _start: None
    school.wire.wait_for(lambda: any(name == held_back for name, _, _ in school.wire.log))
    deadline = time.monotonic() + 20
    while client.ask(f"/media/track/{video.index.digest}/3.m4s").status != 200:
        assert time.monotonic() < deadline, "it did not come again"
    assert client.ask(f"{base(school, lesson)}/best.mp4").body == whole


ODD_PATHS = [
    "/media/x/1/y/lesson.m3u8",
    "/media/track/../../node.json/init.mp4",
    "/media/track/" + "0" * 64 + "/init.mp4",
    "/media/track/" + "z" * 64 + "/0.m4s",
    "/media/track/" + "0" * 64 + "/99999999999999999999999.m4s",
    "/media/blob/..%2f..%2fnode.json.vtt",
    "/media/blob/" + "0" * 64 + ".exe",
    "/media/caption/1/" + "0" * 64 + ".m3u8",
    "/media/%00/1/%ff/best.mp4",
    "/media/x/99999999999999999999999999/y/best.mp4",
    "/lessons/%00/%ff",
    "/lessons/" + "a" * 5000 + "/b",
    "/courses/x?page=-1",
    "/node.db",
    "/look/x/../../../node.json",
    "//",
]


@pytest.mark.parametrize("path", ODD_PATHS)
def test_an_odd_address_is_not_found_and_nothing_else(client: Client, path: str) -> None:
    for accept in ("text/html", "*/*"):
        answer = client.ask(path, accept=accept)
        assert answer.status == 404, answer.body[:200]
        assert b"Traceback" not in answer.body


def test_odd_queries_and_methods_are_answered(school: School, client: Client) -> None:
    course = f"/courses/{school.release.course}"
    for query in ("page=0", "page=999999", "page=x", "page=" + "9" * 50, "lang=%00", "lang=klingon", "page=%D9%A3"):
        assert client.ask(f"{course}?{query}").status == 200
    assert client.ask("/", "POST").status == 405
    assert client.ask("/setup", "POST").status == 303, "an enrolled node takes no other code"


def test_no_other_site_sets_a_box_up(tmp_path: Path) -> None:
    with EdgeProcess(tmp_path / "new") as edge:
        new = Client(edge)
        assert new.ask("/setup", "POST", Origin="http://elsewhere.example").status == 403
        assert new.ask("/setup", "POST", Origin=edge.address).status == 422
        assert new.ask("/").status == 303
        assert json.loads(new.ask("/readyz").body)["enrolled"] is False


def test_health_metrics_and_readiness(client: Client) -> None:
    assert client.ask("/healthz").status == 200
    assert json.loads(client.ask("/readyz").body) == {"status": "ready", "enrolled": True}
    text = client.ask("/metrics").body.decode()
    assert "songtan_edge_lessons_ready 2.0" in text
    assert text.endswith("# EOF\n")


def test_status_says_in_the_schools_time_when_all_was_read(school: School) -> None:
    async def scrubbed(node: Node) -> None:
        node.notes.keep(scrub_finished="2026-11-25T18:30:12.345678+00:00", scrub_found="2")

    school.run(scrubbed)
    line = "All of it last read and compared by 26 Nov 2026, %s: 2 parts had rotten.\n"
    assert line % "02:30" in EdgeProcess(school.folder).command("status").stdout
    assert line % "00:30" in EdgeProcess(school.folder, time_zone="Asia/Urumqi").command("status").stdout


def test_commands_tell_by_their_exit_codes(school: School) -> None:
    edge = EdgeProcess(school.folder, attempts="1")
    first = edge.command("sync", "--json")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["bytes_fetched"] > 0
    assert json.loads(edge.command("sync", "--json").stdout)["bytes_fetched"] == 0
    status = json.loads(edge.command("status", "--json").stdout)
    assert (status["courses"][0]["lessons_ready"], status["problems"]) == (2, [])
    assert (status["updates"], status["scrub"], status["store"]["segments"]) == ([], None, 36)
    assert status["disk"]["free"] > 0
    assert "token" not in json.dumps(status)
    assert edge.command("verify").returncode == 0
    victim = next((school.folder / "store" / "segments").glob("*/*"))
    victim.write_bytes(b"rot")
    found = edge.command("verify", "--json")
    assert (found.returncode, json.loads(found.stdout)["damaged"]) == (4, [victim.name])
    mended = edge.command("verify", "--fetch", "--json")
    assert (mended.returncode, json.loads(mended.stdout)["damaged"]) == (0, [])
    assert json.loads(edge.command("sync", "--json").stdout)["bytes_fetched"] > 0
    victim.write_bytes(b"rot")
    mended = edge.command("verify", "--fetch", "--json")
    assert (mended.returncode, json.loads(mended.stdout)["fetched_again"]) == (0, True)
    stray = victim.with_name(victim.name[:2] + "0" * 62)
    stray.write_bytes(b"nobody's")
    swept = edge.command("gc", "--json")
    assert (swept.returncode, json.loads(swept.stdout)["segments"], stray.exists()) == (0, 1, False)
    assert victim.exists()
    victim.write_bytes(b"rot")
    school.wire.fault = lambda name, _start: "500" if name.startswith("packs/") else None
    assert edge.command("verify", "--fetch").returncode == 4, "it could not be fetched"
    assert edge.command("sync").returncode == 3
    again = edge.command("enrol", "--centre", school.wire.address, "--code", school.wire.code)
    assert again.returncode == 1
    assert "node.already-enrolled" in again.stderr
    assert edge.command("serve", "--nonsense").returncode == 2
    wrong = EdgeProcess(school.folder, in_flight="many").command("status")
    assert wrong.returncode == 2
    assert "SONGTAN_EDGE_IN_FLIGHT" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    with socket.create_server(("127.0.0.1", edge.port)):
        taken = edge.command("serve")
        assert (taken.returncode, "node.address-taken" in taken.stderr) == (1, True)
    with edge:
        held = edge.command("sync")
        assert held.returncode == 1
        assert "node.running" in held.stderr
        assert edge.command("status").returncode == 0, "while the node runs"
        assert edge.stop() == 0
