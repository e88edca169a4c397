"""Screens of a classroom, as a process of its own: they play, seek, and note each wait. Raw sockets, little work.

Two thirds play as hls.js does: playlists, init parts, then segments of pictures and sound until 30 s are ahead. The
others play one file as a browser does: a range that is open to its end, read no faster than it is played. Each seeks
at random, once in a minute on average. A *stall* is when the picture stops though nobody sought: what was ahead is
used up before the next bytes are there.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

AHEAD_S = 30.0
START_S = 4.0
"""How much a screen with one file waits for before it plays."""
SEEK_EVERY_S = 60.0
CHUNK = 1 << 16


@dataclass(frozen=True)
class Lesson:
    """Where a lesson is: its address without a slash at the end, its length in seconds, the rung that is one file."""

    base: str
    seconds: float
    rung: str = "best"


@dataclass
class Seen:
    """What a screen saw: milliseconds to an answer's first byte and from a seek to the picture; stalls; bytes."""

    first_byte_ms: list[float] = field(default_factory=list)
    seek_ms: list[float] = field(default_factory=list)
    stalls: int = 0
    stalled_s: float = 0.0
    length: int = 0
    failures: list[str] = field(default_factory=list)


class Clock:
    """What is ahead of a screen's playing position, in seconds."""

    def __init__(self, seen: Seen) -> None:
        self._seen, self._runs_dry, self._sought = seen, 0.0, time.monotonic()
        self._playing = False

    def seek(self) -> None:
        """Forget what is ahead."""
        self._playing, self._sought = False, time.monotonic()

    def add(self, seconds: float) -> None:
        """So much more is ahead; the first that comes after a seek starts the picture."""
        now = time.monotonic()
        if not self._playing:
            self._playing, self._runs_dry = True, now
            self._seen.seek_ms.append((now - self._sought) * 1000)
        elif now > self._runs_dry:
            self._seen.stalls += 1
            self._seen.stalled_s += now - self._runs_dry
            self._runs_dry = now
        self._runs_dry += seconds

    @property
    def ahead(self) -> float:
        """Seconds that are ahead now."""
        return self._runs_dry - time.monotonic() if self._playing else 0.0


class Line:
    """One connection that stays."""

    def __init__(self, url: str, seen: Seen) -> None:
        at = urlsplit(url)
        self._host, self._port, self._seen = at.hostname or "", at.port or 80, seen
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self, path: str, start: int | None = None) -> tuple[asyncio.StreamReader, int]:
        """Ask for `path`, from byte `start` to its end if given; return the body's stream and its length."""
        if self._streams is not None and self._streams[0].at_eof():  # the server hung up on a quiet screen
            self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port, limit=CHUNK)
        reader, writer = self._streams
        wanted = "" if start is None else f"Range: bytes={start}-\r\n"
        began = time.monotonic()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n{wanted}\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        self._seen.first_byte_ms.append((time.monotonic() - began) * 1000)
        if head.split(b" ", 2)[1] not in (b"200", b"206"):
            raise ConnectionError(f"{path}: {head[:60]!r}")
        return reader, int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])

    async def get(self, path: str) -> bytes:
        """Return a whole body."""
        reader, length = await self.open(path)
        body = bytearray()
        while len(body) < length:
            chunk = await reader.read(min(CHUNK, length - len(body)))
            if not chunk:
                raise ConnectionError(f"{path} broke off")
            body += chunk
        self._seen.length += length
        return bytes(body)

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


def entries(text: bytes) -> list[str]:
    """Return the addresses in a playlist."""
    return [line for line in text.decode().splitlines() if line and not line.startswith("#")]


async def watch_hls(url: str, lesson: Lesson, until: float, chance: random.Random, seen: Seen) -> None:
    """Play by playlists."""
    line, clock = Line(url, seen), Clock(seen)
    master = (await line.get(f"{lesson.base}/lesson.m3u8")).decode()
    sound = master.partition('URI="')[2].partition('"')[0]
    tracks = [entries(await line.get(address)) for address in (entries(master.encode())[0], sound)]
    for track in tracks:
        await line.get(f"{track[0].rpartition('/')[0]}/init.mp4")
    step = lesson.seconds / len(tracks[0])
    number, seek_at = chance.randrange(len(tracks[0])), time.monotonic() + chance.expovariate(1 / SEEK_EVERY_S)
    while time.monotonic() < until:
        if time.monotonic() >= seek_at:
            number, seek_at = chance.randrange(len(tracks[0])), time.monotonic() + chance.expovariate(1 / SEEK_EVERY_S)
            clock.seek()
        if clock.ahead > AHEAD_S or number == len(tracks[0]):
            await asyncio.sleep(min(1.0, max(0.05, seek_at - time.monotonic())))
            continue
        for track in tracks:
            await line.get(track[number])
        clock.add(step)
        number += 1
    line.close()


async def watch_file(url: str, lesson: Lesson, until: float, chance: random.Random, seen: Seen) -> None:
    """Play one file."""
    line, clock = Line(url, seen), Clock(seen)
    path = f"{lesson.base}/{lesson.rung}.mp4"
    reader, size = await line.open(path)
    rate = size / lesson.seconds
    while time.monotonic() < until:
        line.close()
        clock.seek()
        seek_at = time.monotonic() + chance.expovariate(1 / SEEK_EVERY_S)
        reader, length = await line.open(path, chance.randrange(size))
        waiting = 0
        while time.monotonic() < min(until, seek_at):
            if clock.ahead > AHEAD_S or not length:
                await asyncio.sleep(0.25)
                continue
            chunk = await reader.read(CHUNK)
            if not chunk:
                raise ConnectionError(f"{path} broke off")
            length -= len(chunk)
            seen.length += len(chunk)
            waiting += len(chunk)
            if clock.ahead or waiting >= START_S * rate or not length:
                clock.add(waiting / rate)
                waiting = 0
    line.close()


async def one(number: int, url: str, lesson: Lesson, until: float, seed: int) -> Seen:
    """Play as screen `number`, which begins within the first seconds like the others."""
    chance, seen = random.Random(f"{seed} {number}"), Seen()
    await asyncio.sleep(chance.uniform(0, 5))
    watch = watch_file if number % 3 == 2 else watch_hls
    while time.monotonic() < until:
        try:
            await watch(url, lesson, until, chance, seen)
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            seen.failures.append(f"{type(error).__name__}: {error}"[:200])
            await asyncio.sleep(1)
    return seen


async def play(url: str, lessons: list[Lesson], screens: int, seconds: float, seed: int) -> list[Seen]:
    """Play on all screens at once; return what each saw."""
    until = time.monotonic() + seconds
    return await asyncio.gather(*(one(n, url, lessons[n % len(lessons)], until, seed) for n in range(screens)))


def main() -> None:
    """Read the work from standard input, say `ready`, wait for `go`, play, and print what was seen as JSON."""
    work = json.loads(sys.stdin.readline())
    lessons = [Lesson(**lesson) for lesson in work.pop("lessons")]
    print("ready", flush=True)
    if sys.stdin.readline() == "go\n":
        seen = asyncio.run(play(lessons=lessons, **work))
        print(json.dumps([vars(one) for one in seen]), flush=True)


if __name__ == "__main__":
    main()
