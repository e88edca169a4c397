"""What servers and proxies may answer: drips, half of an answer, two at once, nothing at all. Nobody waits for ever."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import httpx2
import pytest

from edge_cache.errors import SourceFailed, SourceLacks, SourceNotOurs, SourceTimedOut, SourceUnreachable
from edge_cache.line.errors import LineClosed, ProxyRefuses, SourceDrips
from edge_cache.line.line import Line
from edge_cache.line.source import LineSource
from edge_cache.settings import EdgeSettings
from edge_cache.sources import HttpSource


def a_line() -> Line:
    return Line(4, lambda: datetime.now(UTC))


@asynccontextmanager
async def served(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Give the address of a server that speaks by `answer` with each who comes; all of it is closed at the end."""
    answers = set[asyncio.Task[None]]()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            await answer(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers.add(asyncio.create_task(speak(reader, writer)))

    async with await asyncio.start_server(begin, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.gather(*answers)


async def fault_of(source: LineSource | HttpSource) -> str:
    """Return the code of what goes wrong."""
    with pytest.raises(SourceFailed) as told:
        await source.get("metadata/timestamp.json", 2000)
    return told.value.code


def test_what_cannot_be_asked_for_is_told_as_a_fault_of_the_address() -> None:
    async def hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        """Say nothing."""

    async def run() -> str:
        async with served(hang_up) as address:
            return await fault_of(LineSource(f"{address}/two words", EdgeSettings(proxy="none"), a_line()))

    assert asyncio.run(run()) == SourceUnreachable.code


@pytest.mark.parametrize(
    ("at_once", "code"),
    [(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", SourceDrips.code), (b"HTTP/1.1 ", SourceTimedOut.code)],
)
def test_nobody_waits_long_for_an_object_that_drips(at_once: bytes, code: str) -> None:
    """From a neighbour and over the line, in the body and in the head."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(at_once)
        for _ in range(200):
            writer.write(b"2")
            await writer.drain()
            await asyncio.sleep(0.02)

    async def run() -> list[str]:
        async with served(drip) as address, httpx2.AsyncClient(timeout=10, trust_env=False) as lan:
            line = LineSource(address, EdgeSettings(proxy="none", read_seconds=0.3), a_line())
            codes = [await fault_of(HttpSource(lan, address, 0.3)), await fault_of(line)]
            line.close()
        return codes

    assert asyncio.run(run()) == [code, code]


def test_a_pause_stops_what_the_fill_fetches_whole_but_not_what_syncing_does() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    async def run() -> None:
        async with served(answer) as address:
            line = a_line()
            line.pause(True)
            source = LineSource(address, EdgeSettings(proxy="none"), line)
            for path in ("blobs/x", "indexes/x"):
                with pytest.raises(LineClosed):
                    await source.get(path, 10)
            assert await source.get("metadata/timestamp.json", 10) == b"ok"
            source.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", SourceUnreachable.code),
        (b"what?\r\n\r\n", SourceNotOurs.code),
        (b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n", ProxyRefuses.code),
    ],
)
def test_whatever_a_proxy_says_to_connect_is_told(answer: bytes, code: str) -> None:
    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if answer:
            await reader.read()

    async def run() -> str:
        async with served(proxy) as address:
            return await fault_of(LineSource("https://store.invalid", EdgeSettings(proxy=address), a_line()))

    assert asyncio.run(run()) == code


def test_a_connection_is_used_again_only_when_the_end_of_its_body_was_seen() -> None:
    """What is left of an answer would be taken for the next one."""

    async def run() -> list[int]:
        came = 0

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal came
            came += 1
            while True:
                lacks = b"lost" in await reader.readuntil(b"\r\n\r\n")
                status = b"404 Not Found" if lacks else b"200 OK"
                writer.write(b"HTTP/1.1 %s\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" % status)

        async with served(answer) as address:
            source, counts = LineSource(address, EdgeSettings(proxy="none"), a_line()), []
            for path in ("blobs/one", "blobs/other", "blobs/lost", "blobs/one"):
                with suppress(SourceLacks):
                    assert await source.get(path, 10) == b"ok"
                counts.append(came)
            source.close()
        return counts

    assert asyncio.run(run()) == [1, 1, 1, 2]
