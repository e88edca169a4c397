"""One HTTP/1.1 connection, held so near that its window can be limited and its bytes taken when the line allows.

h11 reads and writes the heads; the body of a range is taken from the socket as it comes.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Self

import h11

from edge_cache import SOFTWARE
from edge_cache.answers import promised
from edge_cache.errors import SourceFailed, SourceNotOurs
from edge_cache.line.errors import ProxyRefuses
from edge_cache.line.faults import told_apart
from edge_cache.line.route import Route
from edge_cache.line.tcp import limit_window

MAX_HEAD_BYTES = 64 << 10
_TAKE = 128 << 10


@dataclass(frozen=True, slots=True)
class Head:
    """An answer's status and headers, their names in lower case; `length` of its body where it says so."""

    status: int
    headers: dict[str, str]

    @property
    def length(self) -> int | None:
        """Content-Length, if it is one."""
        return promised(self.headers)

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return "transfer-encoding" in self.headers


class Connection:
    """A connection to a source. One request at a time; `usable` says whether another may follow once nothing is `left`.

    After a body without a length none may, until its end was seen.
    """

    def __init__(self, sock: socket.socket, route: Route, silence: float) -> None:
        """`silence`: the longest in seconds without a byte while one is waited for."""
        self.sock, self.route, self._silence = sock, route, silence
        self.usable = True
        self.asked = 0
        self.left = 0
        self._rest = b""
        self._talk: h11.Connection | None = None

    @classmethod
    async def open(
        cls, route: Route, connect_seconds: float, silence: float, tls: ssl.SSLContext | None, window: int
    ) -> Self:
        """Connect, through the proxy if there is one, and speak TLS if the source does. Raises SourceFailed.

        `window`: what may be on its way at first, in bytes; a window that was offered cannot be taken back.
        """
        address = f"{'https' if route.secure else 'http'}://{route.authority}"
        sock: socket.socket | None = None
        try:
            async with asyncio.timeout(connect_seconds):
                sock = await _connected(*route.door, window)
                if route.secure:
                    if route.proxy is not None:
                        await _tunnel(sock, route)
                    sock = await _secured(sock, tls or ssl.create_default_context(), route.host)
        except (OSError, UnicodeError, SourceFailed) as error:
            if sock is not None:
                sock.close()
            raise told_apart(error, address) from error
        except BaseException:
            if sock is not None:
                sock.close()
            raise
        return cls(sock, route, silence)

    def close(self) -> None:
        """Close it."""
        self.usable = False
        self.sock.close()

    async def ask(self, path: str, headers: Sequence[tuple[str, str]] = ()) -> Head:
        """Send a GET for `path` and return the head of the answer. Raises OSError, TimeoutError or SourceNotOurs."""
        self._talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        own = [("Host", self.route.authority), ("User-Agent", SOFTWARE), ("Accept-Encoding", "identity")]
        if self.route.proxy_key and not self.route.secure:
            own.append(("Proxy-Authorization", self.route.proxy_key))
        request = h11.Request(method="GET", target=self.route.target(path), headers=[*own, *headers])
        data = self._talk.send(request)
        data = (data or b"") + (self._talk.send(h11.EndOfMessage()) or b"")
        self.asked += 1
        await self._send(data)
        event = await self._event()
        while isinstance(event, h11.InformationalResponse):
            event = await self._event()
        if not isinstance(event, h11.Response):
            raise ConnectionResetError("it hung up without an answer")
        found = Head(event.status_code, {k.decode("latin-1"): v.decode("latin-1") for k, v in event.headers})
        self.left = 0
        if found.length is None or found.chunked:
            self.usable = False
        else:
            self.left = found.length
            self._rest, _ = self._talk.trailing_data
            ends = "close" in found.headers.get("connection", "").lower() or event.http_version == b"1.0"
            if ends or len(self._rest) > self.left:
                self.usable = False
        return found

    async def take(self) -> bytes:
        """Return what of the body has come, waiting for something; empty at its end. For bodies with a length.

        Raises OSError, or TimeoutError after too long a silence.
        """
        if not self.left:
            return b""
        data, self._rest = self._rest, b""
        if not data:
            data = await self._receive()
        if len(data) > self.left:  # what follows was not asked for: whoever sends it is not to be trusted with more
            data, self.usable = data[: self.left], False
        if not data:
            self.usable = False
            return b""
        self.left -= len(data)
        return data

    async def body(self, limit: int) -> AsyncIterator[bytes]:
        """Yield a body of any framing, up to a little more than `limit` bytes. Raises as `take` does."""
        got = 0
        if self.left:
            while got <= limit and (data := await self.take()):
                got += len(data)
                yield data
            return
        while got <= limit:
            event = await self._event()
            if not isinstance(event, h11.Data):
                self.usable = isinstance(event, h11.EndOfMessage) and self._may_go_on()
                return
            got += len(event.data)
            yield bytes(event.data)

    def _may_go_on(self) -> bool:
        talk = self._talk
        return (
            talk is not None
            and talk.their_state is h11.DONE
            and talk.our_state is h11.DONE
            and not talk.trailing_data[0]
        )

    async def _event(self) -> object:
        """Return the next of h11's events."""
        talk, ended = self._talk, False
        if talk is None:
            raise RuntimeError("an answer is read before anything was asked")
        while True:
            try:
                event = talk.next_event()
            except h11.RemoteProtocolError as error:
                self.usable = False
                if ended:
                    raise ConnectionResetError("it hung up before its answer was whole") from error
                raise SourceNotOurs(address=self.route.authority, why=f"no HTTP: {error}"[:120]) from error
            if event is not h11.NEED_DATA:
                return event
            data = await self._receive()
            ended = not data
            talk.receive_data(data)

    async def _receive(self) -> bytes:
        """Return what has come, waiting for something; empty if the other side has ended."""
        while True:
            try:
                return self.sock.recv(_TAKE)
            except (BlockingIOError, ssl.SSLWantReadError):
                await _ready(self.sock, self._silence)
            except ssl.SSLWantWriteError:
                await _ready(self.sock, self._silence, write=True)

    async def _send(self, data: bytes) -> None:
        while data:
            try:
                data = data[self.sock.send(data) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                await _ready(self.sock, self._silence, write=True)
            except ssl.SSLWantReadError:
                await _ready(self.sock, self._silence)


async def _ready(sock: socket.socket, silence: float | None = None, *, write: bool = False) -> None:
    """Wait until `sock` can be read or written. Raises TimeoutError after `silence` seconds."""
    loop = asyncio.get_running_loop()
    there: asyncio.Future[None] = loop.create_future()
    add, remove = (loop.add_writer, loop.remove_writer) if write else (loop.add_reader, loop.remove_reader)
    add(sock.fileno(), _wake, there)
    alarm = None if silence is None else loop.call_later(silence, _too_late, there)
    try:
        await there
    finally:
        remove(sock.fileno())
        if alarm is not None:
            alarm.cancel()


def _wake(there: "asyncio.Future[None]") -> None:
    if not there.done():
        there.set_result(None)


def _too_late(there: "asyncio.Future[None]") -> None:
    if not there.done():
        there.set_exception(TimeoutError("nothing came"))


async def _connected(host: str, port: int, window: int) -> socket.socket:
    """Return a socket that is connected to the first of a host's addresses that answers.

    Raises OSError, or UnicodeError for a name that cannot be one.
    """
    loop = asyncio.get_running_loop()
    failed: OSError = OSError("no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        limit_window(sock, window)
        try:
            await loop.sock_connect(sock, address)
        except OSError as error:
            sock.close()
            failed = error
        except BaseException:
            sock.close()
            raise
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise failed


async def _tunnel(sock: socket.socket, route: Route) -> None:
    """Ask a proxy to connect us to the source (RFC 9110, 9.3.6). Raises ProxyRefuses, SourceNotOurs or OSError."""
    loop, talk = asyncio.get_running_loop(), h11.Connection(h11.CLIENT)
    target = f"{f'[{route.host}]' if ':' in route.host else route.host}:{route.port}"
    headers = [("Host", target), ("User-Agent", SOFTWARE)]
    if route.proxy_key:
        headers.append(("Proxy-Authorization", route.proxy_key))
    await loop.sock_sendall(sock, talk.send(h11.Request(method="CONNECT", target=target, headers=headers)) or b"")
    talk.send(h11.EndOfMessage())
    door, data, event = f"{route.door[0]}:{route.door[1]}", b" ", talk.next_event()
    try:
        while event is h11.NEED_DATA or isinstance(event, h11.InformationalResponse):
            if event is h11.NEED_DATA:
                data = await loop.sock_recv(sock, 4096)
                talk.receive_data(data)
            event = talk.next_event()
    except h11.RemoteProtocolError as error:
        if not data:
            raise ConnectionResetError("the network's proxy hung up") from error
        raise SourceNotOurs(address=door, why=f"no HTTP: {error}"[:120]) from error
    if not isinstance(event, h11.Response) or not 200 <= event.status_code < 300:
        status = event.status_code if isinstance(event, h11.Response) else 0
        raise ProxyRefuses(address=door, status=status)


async def _secured(sock: socket.socket, tls: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    """Return `sock` with TLS on it. Raises ssl.SSLError."""
    secure = tls.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    try:
        while True:
            try:
                secure.do_handshake()
            except ssl.SSLWantReadError:
                await _ready(secure)
            except ssl.SSLWantWriteError:
                await _ready(secure, write=True)
            else:
                return secure
    except BaseException:
        with contextlib.suppress(OSError):
            secure.close()
        raise
