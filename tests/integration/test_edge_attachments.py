"""Attachments on a node: fetched after what a lesson is taught with, served to be saved and only verified, kept over
updates."""

import json
import random
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest

from catalog.formats.attachments import PART_BYTES, cut
from catalog.formats.hashing import sha256_hex
from catalog.formats.release import Release
from tests.factories import make_attachment
from tests.fakes.edge_client import Client
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.school import CAPTIONS, POSTER, School

NAME = "课堂练习 #1（答案）.pdf"
PDF = random.Random(1).randbytes(2 * PART_BYTES + 1000)
NOTES = "春眠不觉晓".encode()


def attach(school: School, number: int, files: dict[str, bytes], kind: str = "application/pdf") -> Release:
    """Publish a release in which the first lesson has these files."""
    first, *others = school.release.lessons
    attachments = tuple(make_attachment(data, name, kind) for name, data in files.items())
    lessons = (first.model_copy(update={"attachments": attachments}), *others)
    release = school.release.model_copy(update={"number": number, "lessons": lessons})
    parts = [part for data in files.values() for part in cut(data)]
    school.world.publish(release, school.tracks, [CAPTIONS, POSTER, *parts])
    return release


def address(release: Release, name: str = NAME) -> str:
    lesson = release.lessons[0].id
    return f"/media/{release.course}/{release.number}/{lesson}/attachments/{quote(name, safe='')}"


def page(client: Client, release: Release) -> str:
    path = f"/lessons/{release.course}/{release.lessons[0].id}?lang=en"
    return client.ask(path, accept="text/html").body.decode()


def in_time(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not there():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


def test_files_are_served_to_be_saved_whole_and_by_range(school: School) -> None:
    release = attach(school, 2, {NAME: PDF, "课文.txt": NOTES, "evil.html": b"<script>"}, "text/html")
    assert school.sync().whole
    with EdgeProcess(school.folder) as edge:
        client = Client(edge)
        got = client.ask(address(release))
        assert (got.status, got.body) == (200, PDF)
        assert got.headers["content-disposition"] == f"attachment; filename*=UTF-8''{quote(NAME, safe='')}"
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["content-type"] == "application/octet-stream", "what a browser might run is never called so"
        assert "sandbox" in got.headers["content-security-policy"]
        etag = got.headers["etag"]
        assert client.ask(address(release), If_None_Match=etag).status == 304
        size = len(PDF)
        for header, start, end in (
            ("bytes=0-0", 0, 1),
            (f"bytes={PART_BYTES - 5}-{PART_BYTES + 4}", PART_BYTES - 5, PART_BYTES + 5),
            (f"bytes={2 * PART_BYTES}-", 2 * PART_BYTES, size),
            ("bytes=-7", size - 7, size),
        ):
            part = client.ask(address(release), Range=header, If_Range=etag)
            assert (part.status, part.body) == (206, PDF[start:end])
            assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        assert client.ask(address(release), Range=f"bytes={size}-").status == 416
        head = client.ask(address(release), "HEAD")
        assert (head.status, head.body, int(head.headers["content-length"])) == (200, b"", size)
        assert client.ask(address(release, "课文.txt")).body == NOTES
        shown = page(client, release)
        assert address(release) in shown
        assert "525 kB" in shown
        for odd in ("no such.pdf", "..", "%00", "a" * 3000):
            assert client.ask(address(release, odd)).status == 404


def test_a_file_on_its_way_is_said_to_be_and_the_lesson_plays(school: School) -> None:
    release = attach(school, 2, {NAME: PDF})
    late = f"blobs/{release.lessons[0].attachments[0].parts[1]}"
    school.wire.fault = lambda name, _start: "503" if name == late else None
    with EdgeProcess(school.folder) as edge:
        client = Client(edge)
        lesson = release.lessons[0].id
        in_time(lambda: client.ask(f"/media/{release.course}/2/{lesson}/lesson.m3u8").status == 200)
        assert "still on its way" in page(client, release)
        assert client.ask(address(release)).status == 404
        school.wire.fault = lambda _name, _start: None
        in_time(lambda: client.ask(address(release)).body == PDF)
        assert "still on its way" not in page(client, release)


def test_a_lesson_that_cannot_play_yet_gives_its_files(school: School) -> None:
    release = attach(school, 2, {NAME: PDF})
    lacking = {f"packs/{track.index}" for track in release.lessons[0].media.all_tracks()}
    school.wire.fault = lambda name, _start: "404" if name in lacking else None
    with EdgeProcess(school.folder) as edge:
        client = Client(edge)
        in_time(lambda: client.ask(address(release)).body == PDF)
        shown = page(client, release)
        assert "<video" not in shown
        assert address(release) in shown


def test_an_update_fetches_only_what_changed(school: School) -> None:
    attach(school, 2, {"same.pdf": PDF, "changed.pdf": PDF[:-1]})
    assert school.sync().whole
    school.wire.log.clear()
    release = attach(school, 3, {"the same, renamed.pdf": PDF, "changed.pdf": PDF[:-1] + b"!", "new.pdf": NOTES})
    assert school.sync().whole
    asked = sorted(name for name, _, _ in school.wire.log if name.startswith(("blobs/", "packs/")))
    last = (PDF[:-1] + b"!")[2 * PART_BYTES :]
    assert asked == sorted([f"blobs/{sha256_hex(last)}", f"blobs/{sha256_hex(NOTES)}"])
    with EdgeProcess(school.folder) as edge:
        assert Client(edge).ask(address(release, "the same, renamed.pdf")).body == PDF


@pytest.mark.parametrize("number", [0, 1])
def test_a_rotten_part_is_never_sent_and_comes_anew(school: School, number: int) -> None:
    release = attach(school, 2, {NAME: PDF})
    digest = release.lessons[0].attachments[0].parts[number]
    assert school.sync().whole
    with EdgeProcess(school.folder) as edge:
        client = Client(edge)
        path = school.folder / "store" / "blobs" / digest[:2] / digest
        path.write_bytes(path.read_bytes()[:-1] + b"!")
        got = client.ask(address(release))
        if number == 0:
            assert (got.status, json.loads(got.body)["code"]) == (503, "media.damaged")
        else:
            assert got.broken
            assert got.body == PDF[:PART_BYTES]
        in_time(lambda: client.ask(address(release)).body == PDF)
