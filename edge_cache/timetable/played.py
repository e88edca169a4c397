"""What classes really play, noted without noting anybody: how many devices played a lesson, by the hour.

A device counts for a lesson and an hour once it has been sent enough for about a minute: opening a page, or looking
into a lesson, does not count. Who it was is known only in memory, and only until the hour is over.
"""

import asyncio
import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_cache.errors import DiskTrouble
from edge_cache.timetable.repository import Played, PlayedRepository

log = structlog.get_logger(__name__)

SEGMENTS_PLAYED = 8
"""Segments of pictures and of sound, of 10 to 20 seconds each, that make about a minute together."""
SHARE_PLAYED = 0.03
"""A minute and a bit of a lesson of 45."""
KEPT = timedelta(days=400)
FLUSH_SECONDS = 20.0
MOST_DEVICES = 5_000
ENOUGH = 0.999
"""1, but for what floats lose."""

SEGMENT = re.compile(r"/media/track/([0-9a-f]{64})/\d{1,9}\.m4s")
FILE = re.compile(r"/media/([0-9A-Z]{26})/\d{1,18}/([0-9A-Z]{26})/[a-z]+(?:\.modern)?\.mp4")

Which = tuple[str, str]
"""(course, lesson)."""


class Plays:
    """Counts devices that play lessons; `flush` writes what was counted. `clock` gives the best guess of the time."""

    def __init__(self, rows: PlayedRepository, clock: Callable[[], datetime], zone: tzinfo) -> None:
        self._rows, self._clock, self._zone = rows, clock, zone
        self._lock = threading.Lock()
        self._lesson_of = lru_cache(maxsize=256)(rows.lesson_of_track)
        self._hour: tuple[date, int] | None = None
        self._sent: dict[tuple[str, Which], float] = {}
        self._new: Counter[tuple[date, int, Which]] = Counter()

    def segment(self, device: str, track: str) -> None:
        """Note that a segment of a track was sent to a device."""
        which = self._lesson_of(track)
        if which is not None:
            self._add(device, which, 1 / SEGMENTS_PLAYED)

    def part(self, device: str, which: Which, share: float) -> None:
        """Note that a part of a lesson's one file (`share`, 0 to 1) was sent to a device."""
        self._add(device, which, share / SHARE_PLAYED)

    def _add(self, device: str, which: Which, enough: float) -> None:
        now = self._clock().astimezone(self._zone)
        hour = (now.date(), now.hour)
        with self._lock:
            if hour != self._hour or len(self._sent) > MOST_DEVICES:
                self._hour, self._sent = hour, {}
            before = self._sent.get((device, which), 0.0)
            self._sent[device, which] = before + enough
            if before < ENOUGH <= before + enough:
                self._new[(*hour, which)] += 1

    @property
    def waiting(self) -> bool:
        """Whether something was counted that is not written yet."""
        return bool(self._new)

    def flush(self) -> None:
        """Write what was counted."""
        with self._lock:
            counted, self._new = self._new, Counter()
        played = [Played(*which, day, hour, count) for (day, hour, which), count in counted.items()]
        try:
            self._rows.add(played, self._clock().astimezone(self._zone).date() - KEPT)
        except (sqlite3.Error, DiskTrouble) as error:  # a full disk: lessons play on, and the counts wait
            with self._lock:
                self._new.update(counted)
            log.warning("played.not-kept", why=str(error))


class PlaysWatch:
    """ASGI middleware that tells `plays` what is streamed, and has it written now and then."""

    def __init__(self, app: ASGIApp, plays: Plays) -> None:
        self._app, self._plays = app, plays
        self._flushing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note what of a lesson goes out."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, self._last(send))
            return
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        device = (scope.get("client") or ("", 0))[0]
        segment, file = SEGMENT.fullmatch(scope["path"]), FILE.fullmatch(scope["path"])
        total = 0

        async def note(message: Message) -> None:
            nonlocal total
            await send(message)
            if message["type"] == "http.response.start" and message["status"] in (200, 206):
                total = _whole_length(dict(message["headers"]))
                if segment and total:
                    # Not among the threads of the fill, which gives way to screens: this one waits.
                    await run_in_threadpool(self._plays.segment, device, segment[1])
            elif file and total and message.get("body"):
                self._plays.part(device, (file[1], file[2]), len(message["body"]) / total)
            if self._plays.waiting and (self._flushing is None or self._flushing.done()):
                self._flushing = asyncio.create_task(self._flush_later())

        await self._app(scope, receive, note if segment or file else send)

    def _last(self, send: Send) -> Send:
        async def flush_first(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown"):
                await asyncio.to_thread(self._plays.flush)
            await send(message)

        return flush_first

    async def _flush_later(self) -> None:
        await asyncio.sleep(FLUSH_SECONDS)
        await asyncio.to_thread(self._plays.flush)


def _whole_length(headers: dict[bytes, bytes]) -> int:
    """Return the length of the whole thing that an answer is of, or a part of."""
    ranged = headers.get(b"content-range", b"").rpartition(b"/")[2]
    length = ranged or headers.get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0
