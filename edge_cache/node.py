"""A node: its folder, what is in it, and the tasks that keep it filled."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Self

import httpx2
import structlog

from catalog.formats.clock import best_now
from catalog.formats.errors import AppError
from catalog.formats.forecast import State
from catalog.formats.protocol import Direction
from edge_cache import SOFTWARE
from edge_cache.centre import Centre
from edge_cache.database import Database
from edge_cache.enrol import enrol
from edge_cache.errors import LINE_CODES, NotEnrolled, SourceFailed
from edge_cache.fill import Fill
from edge_cache.folder_lock import FolderLock
from edge_cache.holdings import Holdings
from edge_cache.housekeeping import Housekeeping
from edge_cache.identity import Identity, read_identity
from edge_cache.job import Outcome
from edge_cache.line.line import Line
from edge_cache.line.source import LineSource
from edge_cache.nearby import Nearby
from edge_cache.notes import Notes
from edge_cache.people import LOOK_SECONDS, People
from edge_cache.planning.opening import open_planning
from edge_cache.releases.refresh import Metadata
from edge_cache.releases.repository import ReleaseRepository
from edge_cache.releases.statements import StatementRepository
from edge_cache.releases.trusted import TrustFolder
from edge_cache.releases.updates import UpdateRepository, price
from edge_cache.report import Reporter
from edge_cache.settings import EdgeSettings
from edge_cache.sources import Source, Sources
from edge_cache.standing import apart, pause_after
from edge_cache.store.files import Files
from edge_cache.store.keeper import Keeper
from edge_cache.store.needs import NeedsRepository
from edge_cache.store.repository import StoreRepository
from edge_cache.store.turns import stand_back
from edge_cache.sync import Sync, SyncResult
from edge_cache.timetable.exchange import exchange

log = structlog.get_logger(__name__)

THREADS = 6
"""For what syncing, filling and keeping house do at the disk and the processor, all together."""


def machine_clock() -> datetime:
    """The box's own clock, which may be wrong."""
    return datetime.now(UTC)


class Node:
    """Everything of one node, opened for one process. Close it."""

    def __init__(self, settings: EdgeSettings, clock: Callable[[], datetime] = machine_clock) -> None:
        """Open the node's folder. Raises NodeRunning or NodeStateUnreadable."""
        self.settings, self._machine = settings, clock
        self._lock = FolderLock(settings.state)
        with contextlib.ExitStack() as undo:
            undo.callback(self._lock.release)
            self.database = Database(settings.state / "node.db")
            undo.callback(self.database.close)
            self.identity = read_identity(settings.state)
            undo.pop_all()
        self.notes = Notes(self.database)
        self.releases, self.statements = ReleaseRepository(self.database), StatementRepository(self.database)
        self.updates = UpdateRepository(self.database)
        self.keeper = Keeper(Files(settings.state / "store"), StoreRepository(self.database))
        self.keeper.files.drop_unfinished()
        self.housekeeping = Housekeeping(
            self.keeper,
            NeedsRepository(self.database),
            self.notes,
            self.now,
            lambda: self.fill.policy.disk_reserve_bytes,
            settings.scrub_days,
        )
        self.line = Line(settings.in_flight, self.local_time)
        evictor = self.housekeeping.evictor
        self.fill = Fill(self.keeper, evictor, self.releases, self.notes, settings, self.line, self._on_bytes)
        self.planning, self.timetable, self.wishes = open_planning(
            self.database,
            self.keeper.files,
            settings.zone,
            self.now,
            lambda: self.identity.name if self.identity else "",
        )
        self.fill.orders, self.planning.meter.used = self.planning.orders, lambda: self.line.came
        self.bytes_fetched = 0
        self.neighbourhood = Nearby(settings, self.keeper.rows, self.releases, self.source_at, self._look_again)
        self.nearby: Sources = self.neighbourhood.sources
        self.on_progress: Callable[[], None] = lambda: None
        self._client: httpx2.AsyncClient | None = None
        self._sources: dict[str, LineSource] = {}
        self._sync_wanted, self._fill_wanted = asyncio.Event(), asyncio.Event()
        self._reporter: Reporter | None = None
        self._newest_told = 0
        self._people = People(self.notes, self.line, self.wishes, self._plan_anew)
        self._replaced: Callable[[], None] = lambda: None
        self.keeper.on_complete = self._on_complete

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Finish what is on its way to the disk, close the database, and let go of the folder."""
        self.keeper.close()
        self.database.close()
        self._lock.release()

    def now(self) -> datetime:
        """The best guess of the time: the box's clock, but never before a time that has surely passed."""
        return best_now(self._machine(), self.notes.witness())

    def local_time(self) -> datetime:
        """The school's time, by which fill windows open and close."""
        return self.now().astimezone(self.settings.zone)

    @property
    def holdings(self) -> Holdings:
        """What this node can give to peers."""
        files = self.keeper.files
        return Holdings(self.keeper.rows, self.statements, files.segments, files.blobs, self._rotten)

    def _rotten(self, digest: str) -> None:
        self.keeper.lose([digest], "its bytes are not what its name says")

    @property
    def client(self) -> httpx2.AsyncClient:
        """The HTTP client, made on first use inside the event loop."""
        if self._client is None:
            timeout = httpx2.Timeout(self.settings.read_seconds, connect=self.settings.connect_seconds)
            proxy = None if self.settings.proxy in ("", "none") else self.settings.proxy
            self._client = httpx2.AsyncClient(
                timeout=timeout, headers={"User-Agent": SOFTWARE}, proxy=proxy, trust_env=self.settings.proxy != "none"
            )
        return self._client

    async def close_client(self) -> None:
        """Close the connections to the centre, to peers and to the store."""
        await self.neighbourhood.close()
        while self._sources:
            self._sources.popitem()[1].close()
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def enrol(self, address: str, code: str) -> Identity:
        """Enrol this node; the running tasks notice."""
        self.identity = await enrol(self.client, self.settings.state, address, code)
        self._sync_wanted.set()
        return self.identity

    def source_at(self, base: str) -> Source:
        """The source at a store's address, whose connections are kept. Raises SourceFailed for what is none."""
        if base not in self._sources:
            self._sources[base] = LineSource(base, self.settings, self.line)
        return self._sources[base]

    def sources(self) -> Sequence[Source]:
        """The sources of segments, the nearest first: what `nearby` finds on the LAN, then the store.

        A store whose address is none is left out: syncing says so.
        """
        found = list(self.nearby())
        with contextlib.suppress(SourceFailed):
            found.append(self.source_at(self.sync().store_url))
        return found

    def sync(self) -> Sync:
        """What brings releases in. Raises NotEnrolled."""
        identity = self._enrolled()
        return Sync(
            identity,
            self._centre(identity),
            self.source_at,
            self.nearby,
            Metadata(TrustFolder(self.settings.state / "trust"), self.statements),
            self.statements,
            self.releases,
            self.notes,
            self.now,
        )

    async def sync_once(self, *, line: bool = True) -> SyncResult:
        """Look once at the centre and every source for what is new; with `line` False at those nearby alone."""
        sync, drives = self.sync(), self.neighbourhood.drives
        asked = drives.drives
        result = await sync.run(line=line)
        if result.releases:
            self._replaced()
            await price(self.updates, self.keeper.rows, self.sources() if line else self.nearby())
        await drives.heard(asked)
        self._obey(sync.direction)
        return result

    def _obey(self, direction: Direction | None) -> None:
        """Let the fill keep to the policy in force."""
        if direction is not None:
            self.fill.policy = direction.policy
            self.line.obey(direction.policy)

    def pause(self, paused: bool) -> None:
        """Stop the fill until someone lets it go on, also over a restart; or let it go on."""
        self._people.pause(paused)

    def _plan_anew(self) -> None:
        """Somebody wants something else: the fill that works now hears of it, or it begins again."""
        self.fill.plan_anew()
        self._fill_wanted.set()

    async def fill_once(self, sources: Sources | None = None) -> Outcome:
        """Fetch from all sources, or those given, until nothing is left that could be tried now.

        What failed is in the outcome.
        """
        self._people.heed()
        total = Outcome()
        in_vain = 0
        while not total.finished:
            outcome = await self.fill.run_pass(sources or self.sources)
            total.kept += outcome.kept
            total.failures += outcome.failures
            # What failed alone may have stood before what would not: the next pass no longer waits for it.
            in_vain = in_vain + 1 if outcome.failures and not outcome.kept else 0
            away = any(not isinstance(error, SourceFailed) or error.wears_off for error in outcome.failures)
            total.closed = outcome.closed
            total.finished = outcome.finished or outcome.closed or in_vain > 1 or (away and not outcome.kept)
        return total

    @property
    def reporter(self) -> Reporter:
        """What makes and sends reports. Raises NotEnrolled."""
        if self._reporter is None:
            centre = self._centre(self._enrolled())
            self._reporter = Reporter(
                centre, self.database, self.keeper.files, self._machine, self.now, self.timetable.forecast
            )
        return self._reporter

    async def make_report(self) -> None:
        """Queue a report of how the node is now."""
        direction = self.sync().direction
        await asyncio.to_thread(self.reporter.make, direction.version if direction else 0)

    async def report_once(self) -> int:
        """Make a report and send all that wait, and have one timetable with the centre.

        Return the version of the newest direction that the centre has.
        """
        await self.make_report()
        newest = await self.reporter.send()
        await self._agree()
        return newest

    async def _agree(self) -> None:
        """Exchange the timetable with the centre if it has said that it has another."""
        there = self.reporter.timetable_there
        if there is not None and await exchange(self._centre(self._enrolled()), self.timetable.rows, there):
            self._fill_wanted.set()
        self.reporter.timetable_there = None  # what it said has been dealt with

    async def run(self) -> None:
        """Keep the node in step with the centre and filled, until cancelled."""
        loop = asyncio.get_running_loop()
        self.timetable.on_change = lambda: _call_in_loop(loop, self._look_again)
        # Whatever the node does in threads gives way to those that serve, which are others.
        loop.set_default_executor(ThreadPoolExecutor(THREADS, "node", stand_back))
        self._replaced = lambda: _call_in_loop(loop, self.housekeeping.releases_changed)
        self.keeper.on_rot = lambda: _call_in_loop(loop, self._fill_wanted.set)
        while self.identity is None:
            await self._sync_wanted.wait()
            self._sync_wanted.clear()
        self._obey(self.sync().direction)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._stay_in_step())
                tasks.create_task(self._stay_filled())
                tasks.create_task(self._people.watch())
                tasks.create_task(self.neighbourhood.run(self._enrolled().node))
                tasks.create_task(self.housekeeping.run())
        finally:
            await self.close_client()

    async def _stay_in_step(self) -> None:
        """Sync at intervals; report when something changed and at the longest after `report_seconds`."""
        told: object = None
        told_at = -self.settings.report_seconds
        loop = asyncio.get_running_loop()
        while True:
            self._sync_wanted.clear()
            result = await self.sync_once()
            came_back = await asyncio.to_thread(self.planning.watched, self.now(), is_up=not self._line_is_away())
            if result.releases or result.directed or came_back:
                self._fill_wanted.set()
            state = await asyncio.to_thread(self._state_to_tell)
            if state != told or loop.time() - told_at >= self.settings.report_seconds:
                await self.make_report()
                told, told_at = state, loop.time()
            await self._send_reports()
            await _wait(self._sync_wanted, self.settings.poll_seconds * apart())

    async def _send_reports(self) -> None:
        """Send what waits; if the centre has a newer direction than this node, look again at once, but once only."""
        try:
            newest = await self.reporter.send()
            await self._agree()
        except AppError as error:
            if self.notes.trouble("report", error):
                log.info("report.waits", problem=error.code)
            return
        self.notes.mended("report")
        direction = self.sync().direction
        if newest > max(direction.version if direction else 0, self._newest_told):
            self._newest_told = newest
            self._sync_wanted.set()

    async def _stay_filled(self) -> None:
        failures = 0
        while True:
            self._fill_wanted.clear()
            began, alone = time.monotonic(), not self.nearby()
            outcome = await self.fill.run_pass(self.sources)
            if outcome.kept:
                failures = 0
                if alone and not self.nearby():  # else not all of it came over the line
                    await asyncio.to_thread(self.planning.seen, time.monotonic() - began, outcome.kept)
            if outcome.closed:
                opens = self.line.opens_in()
                await _wait(self._fill_wanted, LOOK_SECONDS if opens is None else min(opens, 60.0))
            elif outcome.finished:
                rests = self.fill.rests_for()
                await _wait(self._fill_wanted, 3600.0 if rests is None else rests + 0.05)
            elif outcome.failures or not outcome.kept:
                pause = pause_after(failures, self.settings.retry_seconds, self.settings.retry_longest_seconds)
                failures += 1
                await _wait(self._fill_wanted, pause)

    def _look_again(self) -> None:
        """A drive, a peer, or another timetable: see what is new there, and plan anew."""
        self._sync_wanted.set()
        self._plan_anew()

    def _line_is_away(self) -> bool:
        return any(p.source in {"centre", "metadata"} and p.code in LINE_CODES for p in self.notes.problems())

    def _state_to_tell(self) -> object:
        """What makes a report worth sending before its time."""
        held = [(c.course, c.release, c.lessons_ready, c.bytes_held == c.bytes_wanted) for c in self.releases.held()]
        problems = {(p.source, p.code) for p in self.notes.problems() if p.code not in LINE_CODES}
        due = self.timetable.forecast().lessons
        late = {(one.entry, one.starts) for one in due if one.state == State.AT_RISK}
        return self.notes.fact("direction"), held, problems, self.timetable.rows.digest(), late

    def _on_bytes(self, count: int) -> None:
        self.bytes_fetched += count
        self.on_progress()

    def _on_complete(self) -> None:
        switched = self.releases.switch()
        if switched:
            log.info("lessons.switched", lessons=switched)
            self._replaced()

    def _enrolled(self) -> Identity:
        if self.identity is None:
            raise NotEnrolled
        return self.identity

    def _centre(self, identity: Identity) -> Centre:
        return Centre(self.client, identity.centre, identity.token.get_secret_value())


def _call_in_loop(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended: the next start plans anew anyway
        loop.call_soon_threadsafe(work)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, `seconds` at the longest."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
