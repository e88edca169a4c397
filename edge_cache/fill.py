"""The fill: plan, fetch, plan again, until every assigned release is here or something stands in the way."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import structlog

from catalog.formats.errors import AppError
from catalog.formats.index import Index
from catalog.formats.protocol import Policy
from edge_cache.board import Board, Item, Stretch, contiguous
from edge_cache.errors import DiskTrouble
from edge_cache.evict import Evictor
from edge_cache.fetch import Fetcher
from edge_cache.job import Job, Outcome, key_of
from edge_cache.line.line import Line
from edge_cache.notes import Notes
from edge_cache.planning.service import Ahead, Orders
from edge_cache.releases.repository import ReleaseRepository, Wanted
from edge_cache.room import room_of
from edge_cache.settings import EdgeSettings
from edge_cache.sources import Sources
from edge_cache.standing import Standing, pause_after
from edge_cache.steps import FetchRun, LessonNeed, RungNeed, Step, TrackNeed, lacks, steps_for
from edge_cache.store.keeper import Keeper

log = structlog.get_logger(__name__)

HORIZON_BYTES = 32 << 20
LESSONS_AHEAD = 50
INDEXES_KEPT = 32


class Fill:
    """Passes of the fill. One at a time."""

    def __init__(
        self,
        keeper: Keeper,
        evictor: Evictor,
        releases: ReleaseRepository,
        notes: Notes,
        settings: EdgeSettings,
        line: Line,
        on_bytes: Callable[[int], None] = lambda count: None,
    ) -> None:
        self._keeper, self._releases, self._notes, self.settings = keeper, releases, notes, settings
        self._evictor = evictor
        self.line, self.on_bytes = line, on_bytes
        self.standings: dict[str, Standing] = {}
        self._board = Board()
        self._indexes: dict[str, Index] = {}
        self._resting: dict[str, tuple[float, int]] = {}
        self._planned_at = 0.0
        self._rests = 0
        self._job: Job | None = None
        self._sources: Sources = tuple
        self._near_only: set[str] = set()
        self._troubled = {p.source for p in notes.problems()}
        self.policy = Policy()
        self._room = room_of(self.policy, keeper.files, keeper.rows)
        self._full: DiskTrouble | None = None
        self._waits = False
        self.orders: Callable[[], Orders] = Orders

    async def run_pass(self, sources: Sources) -> Outcome:
        """Do what one job can do. What fails is noted as a problem and rests a while; the others go on."""
        self._sources = sources
        if not await self._replan():
            return Outcome(finished=True, closed=self._waits)
        job = Job(
            self, self._board, sources, self._replan, lambda it: Fetcher(self._keeper, self._board, it, self._index)
        )
        rested = self._rests
        self._job = job
        try:
            outcome = await job.run()
        finally:
            self._job = None
        if not outcome.kept and not outcome.failures and not outcome.closed:
            # Nobody who is there has what stands first: it rests, so that what they do have is planned next.
            for key in {key_of(item) for item in self._board.items()}:
                self.rest(key)
            outcome.finished = self._rests == rested
        return outcome

    def plan_anew(self) -> None:
        """Let the pass that runs, if one does, go by a fresh plan at once. Call it in the event loop."""
        if self._job is not None:
            self._job.plan_anew()

    def rests_for(self) -> float | None:
        """Return seconds until something that failed may be tried again; None if nothing rests.

        What had rested enough when it was planned last, and rests no more, the plan did not name: nobody wants it now.
        """
        waits = [until for until, _ in self._resting.values() if until > self._planned_at]
        return max(0.0, min(waits) - time.monotonic()) if waits else None

    def check_disk(self, length: int) -> None:
        """Raises DiskTrouble if `length` bytes more would touch the reserve, or go beyond the quota."""
        room = room_of(self.policy, self._keeper.files, self._keeper.rows)
        if room.left < length:
            raise room.trouble

    def is_near_only(self, name: str) -> bool:
        """See `Host.is_near_only`."""
        return name in self._near_only

    async def _replan(self) -> bool:
        """Put a fresh plan on the board; return whether there is anything to do."""
        self._board.planning()
        steps, items = await asyncio.to_thread(self._planned)
        covered = sum(step.length for step in steps)
        self._board.plan(items, more=covered >= HORIZON_BYTES)
        if not steps and self._full is not None:
            self.trouble("disk", self._full, Outcome())
        if not items:  # nothing came of it: not again at once
            for step in steps:
                self.rest(_key(step))
        return bool(items) or not self._board.is_empty

    def _planned(self) -> tuple[Sequence[Step], list[Item]]:
        """Return the steps of a plan, and what of them is not on the disk after all (a crash came between)."""
        while True:
            steps = self._plan()
            items: list[Item] = []
            seen: set[str] = set()
            adopted = False
            for step in steps:
                if not isinstance(step, FetchRun):
                    items.append(step)
                elif (index := self._index(step.index)) is not None:
                    rows = [r for r in index.segments[step.first : step.first + step.count] if r.digest not in seen]
                    seen.update(row.digest for row in rows)
                    here = self._keeper.adopt([row.digest for row in rows])
                    adopted = adopted or bool(here)
                    items += [Stretch(step.index, s) for s in contiguous([r for r in rows if r.digest not in here])]
            if items or not adopted:
                return steps, items

    def _index(self, digest: str) -> Index | None:
        if digest not in self._indexes:
            index = self._keeper.index(digest)
            if index is None:
                return None
            if len(self._indexes) >= INDEXES_KEPT:
                self._indexes.pop(next(iter(self._indexes)))
            self._indexes[digest] = index
        return self._indexes[digest]

    def _plan(self) -> list[Step]:
        self._planned_at = now = time.monotonic()
        resting = {key for key, (until, _) in self._resting.items() if until > now}
        orders = self.orders()
        first = [need for one in orders.ahead if (need := self._first(one, resting)) is not None]
        self._make_room(first, orders.going)
        rest = list(self._rest(orders, first, resting))
        self._near_only = set() if orders.by_line else _names(rest) - _names(first)
        needs = [*first, *rest]
        steps = steps_for(needs, self.settings.run_bytes, HORIZON_BYTES, self._room.left)
        is_full = not steps and not self._waits and any(map(lacks, needs))
        self._full = self._room.trouble if is_full else None
        return [step for step in steps if _key(step) not in resting]

    def _rest(self, orders: Orders, first: Sequence[LessonNeed], resting: set[str]) -> Iterator[LessonNeed]:
        """Yield what the rest of the catalogue lacks, as far as anybody looks ahead, if anybody may fetch it."""
        if not orders.rest or not (orders.by_line or self._is_near()):
            return
        others = {need.lesson for need in first} | {lesson for _, lesson in orders.refused}
        for wanted in self._releases.wanted(LESSONS_AHEAD + len(resting) + len(others)):
            if wanted.lesson not in others:
                yield self._need(wanted, resting)

    def _make_room(self, first: Sequence[LessonNeed], going: Sequence[tuple[str, str, str]]) -> None:
        """Let go what the plan gives up, lesson by lesson, when what it fetches next has no room beside it.

        Nothing goes for what cannot come now.
        """
        files, rows, need = self._keeper.files, self._keeper.rows, 0
        self._room = room_of(self.policy, files, rows)
        for lesson in first:
            need += sum(lacks(lesson).values())
            if need >= HORIZON_BYTES:
                break
        self._waits = need > self._room.left and not (self.line.is_open or self._is_near())
        if need <= self._room.left or self._waits:
            return
        try:
            self._evictor.make_room(lambda: room_of(self.policy, files, rows).left >= need, going)
        except DiskTrouble as error:  # what cannot be removed makes no room: what has none is told below
            log.warning("store.in-trouble", problem=error.code, **error.data)
        self._room = room_of(self.policy, files, rows)

    def _is_near(self) -> bool:
        return any(not source.uses_line for source in self._sources())

    def _first(self, one: Ahead, resting: set[str]) -> LessonNeed | None:
        """Return what a lesson lacks at the rung that was chosen for it; that rung then stands for its floor."""
        wanted = self._releases.wanted_of(one.course, one.lesson)
        rung = next((rung for rung in wanted.rungs if rung.rung == one.rung), None) if wanted is not None else None
        if wanted is None or rung is None:
            return None
        return self._need(replace(wanted, rungs=(replace(rung, floor=True),), stills=()), resting)

    def _need(self, wanted: Wanted, resting: set[str]) -> LessonNeed:
        rungs = []
        for rung in wanted.rungs:
            # The sound first: with it, and the stills that are here, a lesson can be listened to.
            tracks = [
                self._track(digest) for digest in (rung.sound, rung.video) if digest and f"pack:{digest}" not in resting
            ]
            rungs.append(RungNeed(rung.height, rung.floor, tuple(track for track in tracks if track is not None)))
        words, stills, attachments = (
            tuple((digest, length) for digest, length in blobs if f"blob:{digest}" not in resting)
            for blobs in (wanted.words, wanted.stills, wanted.attachments)
        )
        return LessonNeed(wanted.lesson, tuple(rungs), words, stills, attachments)

    def _track(self, digest: str) -> TrackNeed | None:
        track = self._keeper.rows.track(digest)
        if track is None or track.complete:
            return None
        missing = tuple(self._keeper.rows.missing(digest)) if track.segments else None
        return TrackNeed(digest, track.index_length, track.length, missing, f"pack:{digest}" in self._resting)

    def rest(self, key: str) -> None:
        """See `Host.rest`."""
        times = self._resting.get(key, (0.0, 0))[1]
        pause = pause_after(times, self.settings.retry_seconds, self.settings.retry_longest_seconds)
        self._resting[key] = (time.monotonic() + pause, times + 1)
        self._rests += 1

    def trouble(self, key: str, error: AppError, outcome: Outcome) -> None:
        """See `Host.trouble`."""
        outcome.failures.append(error)
        self._troubled.add(key)
        if self._notes.trouble(key, error):
            log.warning("fill.in-trouble", at=key, problem=error.code, **error.data)

    def mended(self, *keys: str) -> None:
        """See `Host.mended`."""
        for key in keys:
            self._resting.pop(key, None)
        found = self._troubled.intersection(keys)
        if found:
            self._troubled -= found
            self._notes.mended(*found)


def _names(needs: Sequence[LessonNeed]) -> set[str]:
    """Return the digests of what lessons lack."""
    return set().union(*map(lacks, needs))


def _key(step: Step) -> str:
    """Name what a step needs, as `key_of` does for what stands on the board."""
    return f"pack:{step.index}" if isinstance(step, FetchRun) else key_of(step)
