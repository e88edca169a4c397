"""The line for real: pauses, hours and caps are obeyed; proxies, clocks and closed doors are told apart."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from catalog.formats.protocol import Policy, Window
from edge_cache.errors import (
    SourceFailed,
    SourceRefuses,
    SourceUnknownHost,
)
from edge_cache.job import Outcome
from edge_cache.line.errors import ProxyRefuses
from edge_cache.line.http import Connection
from edge_cache.line.line import Line
from edge_cache.line.route import route_to
from edge_cache.line.source import LineSource
from edge_cache.line.tcp import MSS, limit_window
from edge_cache.node import Node
from edge_cache.settings import EdgeSettings
from songtan.stack.ports import free_ports
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.school import School

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def a_line(now: datetime = NOON) -> Line:
    return Line(4, lambda: now)


def test_a_pause_in_the_middle_keeps_what_came_and_fetches_nothing_twice(school: School) -> None:
    paused: list[bool] = []

    async def work(node: Node) -> tuple[Outcome, Outcome]:
        await node.sync_once()

        def after_some(_name: str, start: int | None) -> None:
            if start is not None and len(school.wire.log) >= 22 and not paused:
                paused.append(True)
                node.line.pause(True)

        school.wire.fault = after_some
        stopped = await node.fill_once()
        held = node.keeper.rows.totals()[1]
        assert 0 < held < sum(t.index.pack_length for t in school.tracks)
        node.pause(False)
        return stopped, await node.fill_once()

    stopped, whole = school.run(work, run_bytes=1, in_flight=2)
    assert (stopped.closed, stopped.failures) == (True, [])
    assert (whole.closed, whole.failures) == (False, [])
    ranges = sorted(entry for entry in school.wire.log if entry[0].startswith("packs/"))
    assert len(set(ranges)) >= len(ranges) - 2, "more than one range of each connection came twice"
    assert all(one[0] != other[0] or other[1] >= one[2] for one, other in pairwise(sorted(set(ranges))))


def test_the_command_pauses_a_node_over_restarts(school: School) -> None:
    edge = EdgeProcess(school.folder)
    assert edge.command("pause").returncode == 0
    told = edge.command("sync")
    assert told.returncode == 3
    assert school.wire.pack_bytes() == 0
    assert edge.command("resume").returncode == 0
    assert edge.command("sync").returncode == 0
    assert school.sync().whole


def test_a_node_that_is_not_enrolled_cannot_be_paused(tmp_path: Path) -> None:
    told = EdgeProcess(tmp_path / "new").command("pause")
    assert told.returncode == 1
    assert "node.not-enrolled" in told.stderr


def test_outside_its_hours_a_node_leaves_the_line_alone(school: School) -> None:
    now = datetime.now(EdgeSettings().zone)
    later = (now.hour * 60 + now.minute + 120) % 1440
    school.wire.direct((school.release.course, 1), windows=[Window(start=later, end=(later + 60) % 1440)])
    seen = school.sync()
    assert not seen.whole
    assert school.wire.pack_bytes() == 0
    school.wire.direct((school.release.course, 1), windows=[Window(start=0, end=0)])
    assert school.sync().whole


def test_a_line_says_when_it_opens() -> None:
    line = a_line()
    line.obey(Policy(windows=(Window(start=1320, end=360),)))
    assert (line.is_open, line.opens_in()) == (False, 10 * 3600)
    line.pause(True)
    assert line.opens_in() is None


def test_a_cap_leaves_few_connections_and_an_idle_line_may_lift_it() -> None:
    line = a_line()
    assert line.connections > 1
    line.obey(Policy(rate_limit_bits_per_s=64_000))
    assert line.connections == 1
    line.obey(Policy(rate_limit_bits_per_s=64_000, idle_line_whole=True))
    assert line.pace.bits_per_s is None


@contextmanager
def connections(count: int, packets: int = MSS) -> Iterator[list[Connection]]:
    """Connections to nobody in particular, with a wire's packets, whose kernel can be asked what it was told."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        made = []
        for _ in range(count):
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, packets)
            sock.connect(listener.getsockname())
            made.append(Connection(sock, route_to("http://127.0.0.1", None), 1))
        yield made


def window_of(reader: Connection) -> int:
    return reader.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP) // MSS


def test_the_window_is_shared_out_to_the_packet() -> None:
    line = a_line()
    line.obey(Policy(gives_way=True))
    line.scavenger.window = 17 * MSS
    with connections(4) as readers:
        for reader in readers:
            line.join(reader)
        assert [window_of(reader) for reader in readers] == [5, 4, 4, 4]


def test_within_the_machine_no_window_is_kept_small() -> None:
    """A packet there is larger than the window would be, and the sender would wait for room for it."""
    line = a_line()
    line.obey(Policy(gives_way=True))
    with connections(1, packets=30_000) as readers:
        limit_window(readers[0].sock, 8 * MSS)  # as it was connected
        line.join(readers[0])
        assert window_of(readers[0]) > 500


def test_who_has_to_wait_still_takes_what_is_on_its_way() -> None:
    """A packet that finds no room has crossed the line for nothing."""
    line = a_line()
    line.obey(Policy(gives_way=True))
    line.scavenger.window = 16 * MSS
    with connections(3) as readers:
        line.join(readers[0])
        line.join(readers[1])
        line.scavenger.window = 2 * MSS
        line.join(readers[2])
        assert [window_of(reader) for reader in readers[:2]] == [2, 1]
        assert readers[1].sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= 10 * MSS


@contextmanager
def tls_server(folder: Path, begins: datetime, ends: datetime) -> Iterator[tuple[str, ssl.SSLContext]]:
    """A server with a certificate for 127.0.0.1 of the given dates, and a context that trusts who signed it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A refused handshake is what is tested."""

    server = Server(("127.0.0.1", 0), Handler)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(pem)
    server.socket = served.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    trusting = ssl.create_default_context(cadata=certificate.public_bytes(serialization.Encoding.PEM).decode())
    try:
        yield f"https://localhost:{server.server_address[1]}", trusting
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def ask(source: LineSource) -> str | None:
    """Return the code of what went wrong, None if it went well."""
    try:
        assert await source.get("x", 10) == b"ok"
    except SourceFailed as error:
        return error.code
    finally:
        source.close()
    return None


@pytest.mark.parametrize(
    ("begins", "ends", "trusted", "code"),
    [
        (-1, 1, True, None),
        (1, 2, True, "source.certificate-not-yet"),
        (-2, -1, True, "source.certificate-expired"),
        (-1, 1, False, "source.certificate-unknown"),
    ],
)
def test_a_certificate_tells_a_wrong_clock_from_a_stranger(
    tmp_path: Path, begins: int, ends: int, trusted: bool, code: str | None
) -> None:
    now, day = datetime.now(UTC), timedelta(days=1)
    with tls_server(tmp_path, now + begins * day, now + ends * day) as (address, trusting):
        tls = trusting if trusted else ssl.create_default_context()
        assert asyncio.run(ask(LineSource(address, EdgeSettings(proxy="none"), a_line(), tls))) == code


def test_nobody_at_the_door_and_no_such_name_are_two_things() -> None:
    closed = f"http://127.0.0.1:{free_ports(1)[0]}"
    assert asyncio.run(ask(LineSource(closed, EdgeSettings(proxy="none"), a_line()))) == SourceRefuses.code
    for nowhere in ("http://no-such-name.invalid", "http://store..cn", "https://" + "a" * 64 + ".cn"):
        assert asyncio.run(ask(LineSource(nowhere, EdgeSettings(proxy="none"), a_line()))) == SourceUnknownHost.code


def test_the_networks_proxy_is_asked_for_all(school: School) -> None:
    at = school.wire.address.removeprefix("http://")

    async def work(node: Node) -> bytes:
        return await node.source_at("http://store.invalid/store").get("metadata/timestamp.json", 100_000)

    assert school.run(work, proxy=f"http://{at}") == school.world.objects["metadata/timestamp.json"]


def test_a_proxy_that_refuses_is_told_so(school: School) -> None:
    """The fake answers no CONNECT: 501, as a proxy that lets nobody through."""

    async def work(node: Node) -> str | None:
        return await ask(LineSource("https://store.invalid", node.settings, node.line))

    assert school.run(work, proxy=school.wire.address) == ProxyRefuses.code


def test_what_an_index_names_finds_its_connections_open() -> None:
    """The store answers only when all of them are there: on a long line that is a round trip saved."""

    async def run() -> list[int]:
        line, came, all_here = a_line(), 0, asyncio.Event()
        answers: set[asyncio.Task[None] | None] = set()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal came
            came += 1
            answers.add(asyncio.current_task())
            if came == line.connections:
                all_here.set()
            with suppress(asyncio.IncompleteReadError):
                asked = await reader.readuntil(b"\r\n\r\n")
                if b"indexes/" in asked:
                    await all_here.wait()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                await reader.read()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            counts = []
            for path in ("blobs/x", "indexes/x"):
                source = LineSource(address, EdgeSettings(proxy="none"), line)
                came = 0
                assert await source.get(path, 10) == b"ok"
                counts.append(came)
                source.close()
            await asyncio.gather(*filter(None, answers))
        return counts

    assert asyncio.run(run()) == [1, a_line().connections]
