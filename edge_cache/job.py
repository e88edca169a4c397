"""One job of the fill: the sources that are there now work off the board together, the nearest first."""

import asyncio
import contextlib
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from catalog.formats.errors import AppError
from catalog.formats.index import Segment
from edge_cache.board import LEAST_PIECE, Board, Item, Piece, Small, Stretch, name_of
from edge_cache.errors import DiskTrouble, SourceFailed, SourceLacks, SourceSentBadBytes
from edge_cache.fetch import Fetcher
from edge_cache.line.errors import LineClosed, SourceDistrusted, SourceDrips
from edge_cache.line.line import Line
from edge_cache.settings import EdgeSettings
from edge_cache.sources import Source, Sources
from edge_cache.standing import Standing
from edge_cache.steps import FetchIndex

log = structlog.get_logger(__name__)

NEAR_CONNECTIONS = 4
LOOK_S = 0.25
ASK_S = 2.0
"""So long at most new work waits to hear what a source holds: on a LAN who is there answers at once."""
HELD_S = 20.0
"""How long what a source says that it holds is taken to be all: it may be filling itself."""
CLAIM_S = 300.0
"""What a source nearby is too slow to bring in so many seconds others need not leave to it."""
PIECE_S = 24.0
"""How long a piece should take: longer, and what is urgent waits for it; shorter, and asking costs more."""
LOW_BYTES = 8 << 20
"""With less than this on the board, and more to be planned, it is planned again."""


@dataclass
class Outcome:
    """What a pass did: bytes kept, what failed, and whether nothing is left that could be tried now.

    `closed`: the line may not be used now, and something would come over it.
    """

    kept: int = 0
    failures: list[AppError] = field(default_factory=list)
    finished: bool = False
    closed: bool = False


class Host(Protocol):
    """The fill, as far as a job knows it."""

    settings: EdgeSettings
    line: Line
    standings: dict[str, Standing]

    def trouble(self, key: str, error: AppError, outcome: Outcome) -> None:
        """Note a problem where people see it."""
        ...

    def rest(self, key: str) -> None:
        """Leave what `key` names alone for a while."""
        ...

    def mended(self, *keys: str) -> None:
        """Note that something is well."""
        ...

    def check_disk(self, length: int) -> None:
        """Raises DiskTrouble if `length` bytes more would touch the reserve, or go beyond the quota."""
        ...

    def is_near_only(self, name: str) -> bool:
        """Say whether what `name` names (a digest) is not worth its bytes over the line."""
        ...

    def on_bytes(self, count: int) -> None:
        """So many verified bytes more are kept."""
        ...


def key_of(item: Item) -> str:
    """Name what an item needs: where its problem is noted, and what rests after it failed."""
    return f"{'pack' if isinstance(item, Stretch | FetchIndex) else 'blob'}:{name_of(item)}"


class Job:
    """Works until the board is empty and nothing more is planned, or until no source can go on."""

    def __init__(
        self,
        host: Host,
        board: Board,
        sources: Sources,
        replan: Callable[[], Awaitable[bool]],
        fetcher: Callable[["Job"], Fetcher],
    ) -> None:
        """`replan` puts a fresh plan on the board; it says whether anything stands there."""
        self._host, self._board, self._sources, self._replan = host, board, sources, replan
        self.outcome = Outcome()
        self._fetcher = fetcher(self)
        self._now: list[Source] = []
        self._held: dict[tuple[str, str], Sequence[tuple[int, int]] | None] = {}
        self._ask_after: dict[tuple[str, str], float] = {}
        self._asking: dict[asyncio.Task[None], str] = {}
        self._refused: set[tuple[str, str]] = set()
        self._bad: Counter[tuple[str, str]] = Counter()
        self._spoilt: set[str] = set()
        self._away: set[str] = set()
        self._working: Counter[str] = Counter()
        self._news = asyncio.Event()
        self._plan_again = False
        self._stopped = False

    async def run(self) -> Outcome:
        """Do it; what came is kept, whatever is raised. Raises OSError or sqlite3.Error (in a group) if the disk is in
        trouble."""
        try:
            async with asyncio.TaskGroup() as group:
                while await self._tend(group):
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._news.wait(), LOOK_S)
                    self._news.clear()
                for task in self._asking:
                    task.cancel()
        finally:
            with contextlib.suppress(DiskTrouble):
                await self._fetcher.flush()
        return self.outcome

    def plan_anew(self) -> None:
        """What has been planned is no longer what is wanted; what is under way is finished. Call it in the loop."""
        self._plan_again = True
        self._news.set()

    async def _tend(self, group: asyncio.TaskGroup) -> bool:
        """Put every source to work that has something to do; return whether anything is under way."""
        self._now = list(self._sources())
        self._board.let_go(self._goes_on)
        if not self._stopped and (self._plan_again or (self._board.more and self._board.waiting < LOW_BYTES)):
            self._plan_again = False
            await self._replan()
        await self._ask_what_they_have(group)
        for source in self._now:
            while self._working[source.name] < self._places(source) and (work := self._take(source)) is not None:
                self._working[source.name] += 1
                group.create_task(self._work(source, work))
        if sum(self._working.values()) or (self._asking and not self._stopped and not self._board.is_empty):
            return True
        waits = [s for s in self._now if self._standing(s).is_believed(time.monotonic()) and s.name not in self._away]
        on_line = any(source.uses_line for source in waits)
        self.outcome.closed = on_line and not self._board.is_empty and not self._host.line.is_open
        wanting = not self._stopped and not self._board.is_empty
        return wanting and any(self._standing(s).not_before > time.monotonic() for s in waits)

    def _places(self, source: Source) -> int:
        if self._stopped or not self._is_able(source):
            return 0
        if not source.uses_line:
            return NEAR_CONNECTIONS
        return self._host.line.connections if self._host.line.is_open else 0

    def _is_able(self, source: Source) -> bool:
        return source.name not in self._away and self._standing(source).may_be_asked(time.monotonic())

    def _goes_on(self, name: str, index: str) -> bool:
        """Say whether a source, by name, may yet bring what is missing of a segment that it has begun.

        What the line had begun waits for it; what was begun nearby others begin anew when that is away.
        """
        return (name, index) not in self._refused and any(
            source.name == name
            and (source.uses_line or name not in self._away)
            and self._standing(source).is_believed(time.monotonic())
            for source in self._now
        )

    def _standing(self, source: Source) -> Standing:
        return self._host.standings.setdefault(source.name, Standing(lenient=source.uses_line))

    async def _ask_what_they_have(self, group: asyncio.TaskGroup) -> None:
        """Learn of each source which segments it has of what stands on the board, and now and then anew.

        One that has not answered yet is not waited for: what it says counts when it comes.
        """
        wanted = list(dict.fromkeys(item.index for item in self._board.items() if isinstance(item, Stretch)))
        now, late, awaited = time.monotonic(), set(self._asking.values()), set[asyncio.Task[None]]()
        for source in self._now:
            for index in wanted:
                key = source.name, index
                if now >= self._ask_after.get(key, 0.0) and key not in self._refused and self._is_able(source):
                    self._ask_after[key] = math.inf
                    task = group.create_task(self._ask(source, index))
                    self._asking[task] = source.name
                    task.add_done_callback(self._asking.pop)
                    if source.name not in late:
                        awaited.add(task)
        if awaited:
            await asyncio.wait(awaited, timeout=ASK_S)

    async def _ask(self, source: Source, index: str) -> None:
        try:
            self._held[source.name, index] = await source.held(index)
        except SourceFailed as error:
            self._failed(source, error, index)
        finally:
            self._ask_after[source.name, index] = time.monotonic() + HELD_S
            self._news.set()

    def _take(self, source: Source) -> Piece | Small | None:
        line, settings = self._host.line, self._host.settings
        if source.uses_line:
            size = self._board.size(line.connections, line.rate, line.trip, settings.run_bytes, PIECE_S)
        else:
            rate = self._standing(source).speed.rate(time.monotonic())
            each = math.inf if rate is None else rate / NEAR_CONNECTIONS * PIECE_S
            size = int(min(settings.run_bytes, max(LEAST_PIECE, each)))
        claims = {other.name: self._claim(other) for other in self._now}
        return self._board.take(source.name, size, lambda item: self._gives(source, item, claims))

    def _claim(self, source: Source) -> float:
        """Return how many bytes others leave to a source that is nearer: all, until it has shown to be slow."""
        rate = None if source.uses_line else self._standing(source).speed.rate(time.monotonic())
        return math.inf if rate is None else rate * CLAIM_S

    def _gives(self, source: Source, item: Item, claims: dict[str, float]) -> Sequence[Segment] | None:
        """What of an item this source should give: what it has and no nearer one can give soon.

        `claims` are the bytes that each still keeps from others; what it keeps of this item is taken off.
        """
        name = name_of(item)
        if source.uses_line and self._host.is_near_only(name):
            return ()
        rows: Sequence[Segment] = item.rows if isinstance(item, Stretch) else ()
        for other in self._now:
            able = (other.name, name) not in self._refused and (other is source or self._is_able(other))
            if isinstance(item, Stretch):
                has = self._rows(other, name, rows) if able else []
                if other is source:
                    return has
                taken = {row.number for row in has if _claims(claims, other.name, row.length)}
                rows = [row for row in rows if row.number not in taken]
            elif able and other is source:
                return None
            elif able and _claims(claims, other.name, item.length):
                return ()
        return ()

    def _rows(self, source: Source, index: str, rows: Sequence[Segment]) -> list[Segment]:
        runs = self._held.get((source.name, index), ())
        if runs is None:
            return list(rows)
        return [row for row in rows if any(first <= row.number < first + count for first, count in runs)]

    async def _work(self, source: Source, work: Piece | Small | None) -> None:
        speed = self._standing(source).speed
        speed.work(time.monotonic(), busy=True)
        try:
            while work is not None:
                if not await self._do(source, work):
                    return
                self._news.set()
                enough = self._working[source.name] > self._places(source)
                work = None if enough else self._take(source)
        finally:
            self._working[source.name] -= 1
            speed.work(time.monotonic(), busy=self._working[source.name] > 0)
            self._news.set()

    async def _do(self, source: Source, work: Piece | Small) -> bool:
        """Do one piece; return whether this source goes on."""
        name = work.index if isinstance(work, Piece) else work.digest
        key = f"pack:{name}" if isinstance(work, Piece) else key_of(work)
        try:
            self._host.check_disk(work.length)
        except DiskTrouble as error:
            self._give_back(work)
            return self._full(error)
        try:
            if isinstance(work, Piece):
                await self._fetcher.piece(work, source)
            else:
                await self._small(work, source)
        except DiskTrouble as error:
            return self._full(error)
        except LineClosed:
            return False
        except SourceFailed as error:
            if isinstance(work, Piece) and work.came and not isinstance(error, SourceDrips):
                self._standing(source).came()
            return self._failed(source, error, name, key)
        stands_for_all = source.uses_line or not any(other.uses_line for other in self._now)
        came = () if isinstance(work, Piece) else (key,)  # a piece's segments are looked at as they are kept
        self._host.mended("disk", *(("store",) if stands_for_all else ()), *came)
        return True

    async def _small(self, work: Small, source: Source) -> None:
        try:
            await self._fetcher.small(work, source)
        except BaseException:
            self._board.put_back(work)
            raise
        self._board.done_small(work)
        self._plan_again |= isinstance(work, FetchIndex)

    def _give_back(self, work: Piece | Small) -> None:
        if isinstance(work, Piece):
            self._board.give_back(work, work.start, work.part)
        else:
            self._board.put_back(work)

    def _full(self, error: DiskTrouble) -> bool:
        if not self._stopped:
            self._stopped = True
            self._host.trouble("disk", error, self.outcome)
        return False

    def _failed(self, source: Source, error: SourceFailed, name: str, key: str = "") -> bool:
        """Judge a failure of `source` at what `name` names; return whether it goes on at once."""
        log.info("source.failed", source=source.name, at=name, problem=error.code)
        settings = self._host.settings
        if not error.wears_off:
            self._refuse(source, error, name, key)
            return True
        standing, now = self._standing(source), time.monotonic()
        if now >= standing.not_before:  # of connections that fail together only the first counts
            standing.failed(now, settings.retry_seconds, settings.retry_longest_seconds)
        if standing.failures >= settings.attempts and source.name not in self._away:
            self._away.add(source.name)
            if source.uses_line or all(other.name in self._away for other in self._now):
                self._host.trouble("store", error, self.outcome)
        return False

    def _refuse(self, source: Source, error: SourceFailed, name: str, key: str) -> None:
        """A source does not give something: others may; if nobody does, it is a problem, and rests."""
        self._refused.add((source.name, name))
        self._board.let_go(self._goes_on)
        if not any(self._may_have(other, name) for other in self._now):
            self._board.give_up(name)
            if key:
                # A drive or a peer may have a part only; the store, where it is asked too, must have all.
                if any(other.uses_line for other in self._now) or not isinstance(error, SourceLacks):
                    self._host.trouble(key, error, self.outcome)
                self._host.rest(key)

    def _may_have(self, source: Source, name: str) -> bool:
        """Say whether a source may yet give something of what `name` names."""
        key = source.name, name
        return (
            key not in self._refused
            and self._held.get(key) != ()
            and self._standing(source).is_believed(time.monotonic())
        )

    def kept(self, source: Source, length: int, index: str | None = None) -> None:
        """See `Judge.kept`."""
        if index is not None and index not in self._spoilt:
            self._host.mended(f"pack:{index}")
        self.outcome.kept += length
        self._standing(source).gave()
        self._standing(source).speed.brought += length
        self._host.on_bytes(length)

    def bad(self, source: Source, index: str, row: Segment, why: str) -> None:
        """See `Judge.bad`: once may be the line; twice the same, and it is the source."""
        log.warning("segment.bad", source=source.name, index=index, number=row.number, why=why)
        self._bad[source.name, row.digest] += 1
        self._spoilt.add(index)
        self._board.release(index, [row])
        error = SourceSentBadBytes(address=f"{source.name}/packs/{index}", why=why)
        if self._bad[source.name, row.digest] > 1:
            self._refuse(source, error, index, f"pack:{index}")
        if self._standing(source).gave_bad(time.monotonic()):
            self._host.trouble(f"source:{source.name}", SourceDistrusted(address=source.name), self.outcome)
        self._news.set()


def _claims(claims: dict[str, float], name: str, length: int) -> bool:
    """Say whether a source, by name, keeps `length` bytes from others; they are taken off its claim."""
    claims[name] -= length
    return claims[name] >= 0
