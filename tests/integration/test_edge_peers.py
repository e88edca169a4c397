"""Boxes that help each other: real nodes over real sockets, and peers that lie, break off, drip or never end."""

import json
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from edge_cache.node import Node
from edge_cache.settings import EdgeSettings
from tests.fakes.boxes import box_without_line
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.school import School, Seen
from tests.fakes.wire import Fault


@pytest.fixture
def box(school: School, tmp_path: Path) -> School:
    return box_without_line(school, tmp_path / "box")


@pytest.fixture
def peer(school: School, box: School) -> Iterator[EdgeProcess]:
    """A node that holds everything, and serves; the line has not been asked by another since."""
    school.sync()
    with EdgeProcess(school.folder, poll_seconds="600") as edge:
        yield edge


def fetch(address: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    try:
        with urlopen(Request(address, headers=headers), timeout=20) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except HTTPError as error:
        return error.code, error.read(), dict(error.headers)


def fill(box: School, *peers: str) -> Seen:
    """Fill a box without a line from peers by address."""

    async def work(node: Node) -> Seen:
        await node.sync_once(line=False)
        await node.fill_once(node.nearby)
        return Seen(node)

    seen: Seen = box.run(work, peers=peers)
    return seen


def test_a_peer_is_a_store_to_another_box(school: School, peer: EdgeProcess) -> None:
    """All that the store has of what the node holds is there, byte for byte, under the same names."""
    objects = school.world.objects
    held = [n for n in objects if not n.startswith(("packs/", "metadata/")) or "timestamp" in n]
    for name in held:
        assert fetch(f"{peer.address}/peer/{name}")[:2] == (200, objects[name]), name
    for track in school.tracks:
        name = f"packs/{track.index.digest}"
        status, data, headers = fetch(f"{peer.address}/peer/{name}", Range="bytes=1500-2999")
        assert (status, data) == (206, objects[name][1500:3000])
        assert headers["content-range"] == f"bytes 1500-2999/{len(track.pack)}"
        assert fetch(f"{peer.address}/peer/{name}")[:2] == (200, objects[name])
        runs = json.loads(fetch(f"{peer.address}/peer/held/{track.index.digest}")[1])
        assert runs == {"v": 1, "runs": [[0, len(track.segments)]]}


def test_what_is_not_there_is_said(peer: EdgeProcess) -> None:
    for name in ("packs/" + "0" * 64, "indexes/x", "blobs/" + "0" * 64, "metadata/99.root.json", "held/" + "0" * 64,
                 "releases/a/b/c.json", "metadata/../trusted.json", "packs/%00"):  # fmt: skip
        status, body, _ = fetch(f"{peer.address}/peer/{name}")
        assert status == 404, name
        assert b"Traceback" not in body
    assert fetch(f"{peer.address}/peer/held/x")[0] == 404


def test_only_what_is_held_is_served(school: School, peer: EdgeProcess) -> None:
    """Of a track with gaps the ranges around them are given, and rotten segments are not."""
    track = max(school.tracks, key=lambda t: t.index.pack_length)
    rotten = track.index.segments[2]
    (school.folder / "store" / "segments" / rotten.digest[:2] / rotten.digest).write_bytes(b"rot")
    address = f"{peer.address}/peer/packs/{track.index.digest}"
    before = f"bytes={track.index.segments[0].offset}-{rotten.offset - 1}"
    assert fetch(address, Range=before)[1] == track.pack[track.index.segments[0].offset : rotten.offset]
    with socket.create_connection(("127.0.0.1", peer.port)) as connection:
        wanted = f"bytes={rotten.offset}-{rotten.offset + rotten.length - 1}"
        request = f"GET /peer/packs/{track.index.digest} HTTP/1.1\r\nHost: x\r\nRange: {wanted}\r\n\r\n"
        connection.sendall(request.encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert answer.partition(b"\r\n\r\n")[2] == b"", "a rotten segment was given"


def test_a_box_without_a_line_is_filled_from_a_peer(school: School, box: School, peer: EdgeProcess) -> None:
    school.wire.log.clear()
    seen = fill(box, peer.address)
    assert seen.whole
    assert [line.ready for line in seen.lessons] == [True, True]
    by_line = [name for name, _, _ in school.wire.log if not name.startswith("metadata/")]
    assert by_line == [], "the line was used"


@pytest.mark.parametrize("kind", ["county", "cache"])
def test_what_stands_before_the_store_is_asked_over_the_line(
    school: School, box: School, peer: EdgeProcess, kind: str
) -> None:
    """A county's node, known by its path, and any HTTP cache of the store: sources beyond the school's line."""
    address = f"{peer.address}/peer" if kind == "county" else school.wire.store_url

    async def work(node: Node) -> Seen:
        (source,) = node.nearby()
        assert (source.uses_line, source.name) == (True, address)
        await node.sync_once(line=False)
        await node.fill_once(node.nearby)
        return Seen(node)

    assert box.run(work, caches=(address,)).whole


def test_two_peers_with_a_part_each_make_a_whole(school: School, box: School, tmp_path: Path) -> None:
    """One has the first half of every track, the other the second; neither knows of the other."""
    half = box_without_line(school, tmp_path / "half")
    for folder, keep in ((school, range(3)), (half, range(3, 6))):
        rows = {t.index.segments[n].offset for t in school.tracks for n in keep}
        school.wire.fault = _lacking_all_but(rows)
        if folder is half:
            _fill_over_wire(half, school)
        else:
            school.sync(run_bytes=1)
    school.wire.fault = lambda _name, _start: None
    with EdgeProcess(school.folder, poll_seconds="600") as one, EdgeProcess(half.folder, poll_seconds="600") as other:
        school.wire.asked.clear()
        assert fill(box, one.address, other.address).whole


def _lacking_all_but(starts: Collection[int]) -> Fault:
    """A store that has of its packs only what begins at these places."""
    return lambda _name, start: "404" if start and start not in starts else None


def _fill_over_wire(box: School, school: School) -> None:
    async def work(node: Node) -> None:
        store = node.source_at(school.wire.store_url)
        node.nearby = lambda: (store,)
        await node.sync_once(line=False)
        await node.fill_once(node.nearby)

    box.run(work, run_bytes=1)


def test_a_running_box_finds_its_peer_by_itself(school: School, box: School, peer: EdgeProcess) -> None:
    """Two processes, one with an address of the other and no line: it fills, by itself, while it serves."""
    with EdgeProcess(box.folder, peers=peer.address) as edge:
        wait_until(lambda: b"songtan_edge_lessons_ready 2" in fetch(f"{edge.address}/metrics")[1])
        status = fetch(f"{edge.address}/metrics")[1].decode()
        given = fetch(f"{peer.address}/metrics")[1].decode()
    assert "songtan_edge_lessons_ready 2.0" in status
    assert "songtan_edge_given_bytes_total 0.0" not in given


def test_boxes_find_each_other_without_being_told(school: School, box: School) -> None:
    """Both announce themselves on the loopback; the one without a line fills itself from the other."""
    school.sync()
    heard = {"discovery": "true", "interfaces": "127.0.0.1"}
    with EdgeProcess(school.folder, poll_seconds="600", **heard), EdgeProcess(box.folder, **heard) as edge:
        wait_until(lambda: b"songtan_edge_lessons_ready 2" in fetch(f"{edge.address}/metrics")[1])


def wait_until(there: Callable[[], bool], seconds: float = 30) -> None:
    """Ask again until `there()`; for what another process does."""
    ended = threading.Event()
    for _ in range(int(seconds / 0.1)):
        if there():
            return
        ended.wait(0.1)
    raise AssertionError("it did not come")


Spoil = Callable[[BaseHTTPRequestHandler, bytes], None]


def _lies(handler: BaseHTTPRequestHandler, part: bytes) -> None:
    _answer(handler, bytes(len(part)), len(part))


def _truncates(handler: BaseHTTPRequestHandler, part: bytes) -> None:
    _answer(handler, part[: len(part) // 2], len(part))


def _drips(handler: BaseHTTPRequestHandler, part: bytes) -> None:
    _answer(handler, part[:10], len(part))
    threading.Event().wait(2)


def _never_ends(handler: BaseHTTPRequestHandler, part: bytes) -> None:
    _answer(handler, part, None)
    for _ in range(2000):
        handler.wfile.write(bytes(65536))


def _answer(handler: BaseHTTPRequestHandler, body: bytes, length: int | None) -> None:
    start, _, end = handler.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
    handler.send_response(206 if end else 200)
    if end:
        handler.send_header("Content-Range", f"bytes {start}-{end}/*")
    if length is not None:
        handler.send_header("Content-Length", str(length))
    handler.end_headers()
    handler.wfile.write(body)
    handler.close_connection = True


@pytest.fixture
def rogue(school: School) -> Iterator[Callable[[Spoil], str]]:
    """A peer that has everything, and spoils each answer in one way."""
    servers: list[ThreadingHTTPServer] = []

    def start(spoil: Spoil) -> str:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                name = self.path.removeprefix("/peer/")
                if name.startswith("held/"):
                    _answer(self, b'{"v":1,"runs":[[0,6]]}', 22)
                    return
                data = school.world.objects.get(name)
                if data is None:
                    self.send_error(404)
                    return
                start, _, end = self.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
                try:
                    spoil(self, data[int(start) : int(end) + 1 if end else None])
                except OSError:
                    self.close_connection = True

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("spoil", [_lies, _truncates, _drips, _never_ends], ids=lambda f: f.__name__)
def test_a_rogue_peer_harms_nothing_and_is_passed_over(
    school: School, box: School, peer: EdgeProcess, rogue: Callable[[Spoil], str], spoil: Spoil
) -> None:
    """Beside an honest one: everything arrives, all of it right, and nobody is told of more than of the line."""

    async def work(node: Node) -> Seen:
        await node.sync_once(line=False)
        await node.fill_once(node.nearby)
        assert all(one.sound for one in node.housekeeping.scrub.everything())
        return Seen(node)

    seen = box.run(work, peers=(rogue(spoil), peer.address), read_seconds=0.3, attempts=1)
    assert seen.whole
    assert seen.problems == {"metadata": "source.refuses"}, "the store, which this box cannot reach"


def test_peers_wait_for_their_turn(school: School, peer: EdgeProcess) -> None:
    """More at once than there are places: all are answered."""
    track = school.tracks[0]
    name, found = f"{peer.address}/peer/packs/{track.index.digest}", []
    threads = [threading.Thread(target=lambda: found.append(fetch(name)[1])) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [track.pack] * 20


def test_addresses_of_peers_are_read_as_people_write_them() -> None:
    settings = EdgeSettings.model_validate({"peers": "192.168.1.7:8090, http://box/  songtan-ab12cd.local:8090"})
    assert settings.peers == ("http://192.168.1.7:8090", "http://box", "http://songtan-ab12cd.local:8090")


@pytest.mark.parametrize("words", ["http://", "ftp://x", "http://[::1"])
def test_what_is_no_address_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r"addresses|IPv6"):
        EdgeSettings.model_validate({"peers": words})
