"""What a node does for its store beside serving and filling: makes room in time, collects, scrubs. It never hurries."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

import structlog

from edge_cache.errors import DiskTrouble
from edge_cache.evict import Evictor
from edge_cache.notes import Notes
from edge_cache.scrub import Looked, Scrub
from edge_cache.store.files import PREFIXES
from edge_cache.store.keeper import Keeper
from edge_cache.store.needs import NeedsRepository
from edge_cache.store.turns import Pace

log = structlog.get_logger(__name__)

LOOK_S = 30.0
"""Pause between two looks at the disk, in seconds."""
FOLDER_S = 60.0
"""Rest after each folder: a store that is almost empty is not read all day, and a round takes some hours at least."""
SLOWEST, FASTEST = 64 << 10, 4 << 20
"""Bytes a second that the scrub reads: fewer than an old disk or a card gives to one screen, at most."""
DAY_S = 86_400
UPKEEP = "upkeep"


def margin(total: int) -> int:
    """Return how many bytes over its reserve a disk of `total` bytes should have free: 1 %, within bounds."""
    return min(1 << 30, max(64 << 20, total // 100))


def scrub_rate(held_bytes: int, days: float) -> float:
    """Return bytes a second that read `held_bytes` in so many days of being on, within what is polite."""
    return min(FASTEST, max(SLOWEST, held_bytes / (days * DAY_S)))


class Housekeeping:
    """One node's. `reserve` gives the bytes that stay free on the disk, `scrub_days` is 0 for no scrub."""

    def __init__(
        self,
        keeper: Keeper,
        needs: NeedsRepository,
        notes: Notes,
        clock: Callable[[], datetime],
        reserve: Callable[[], int],
        scrub_days: float,
        rest_s: float = FOLDER_S,
    ) -> None:
        self._keeper, self._needs, self._notes, self._clock = keeper, needs, notes, clock
        self._reserve, self._scrub_days, self._rest_s = reserve, scrub_days, rest_s
        self.evictor, self.scrub = Evictor(keeper, needs), Scrub(keeper, needs)
        self._replaced = asyncio.Event()
        self._troubled = any(problem.source == UPKEEP for problem in notes.problems())

    def releases_changed(self) -> None:
        """Something may be needed no longer: it is looked after soon. Call it in the event loop."""
        self._replaced.set()

    async def run(self) -> None:
        """Keep house until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_after_room())
            if self._scrub_days:
                tasks.create_task(self._look_for_rot())

    async def _look_after_room(self) -> None:
        self._replaced.set()
        while True:
            wanted = self._replaced.is_set()
            self._replaced.clear()
            if not await self._on_the_disk(self._make_room, wanted) and wanted:
                self._replaced.set()
            # Only what was written shows that the disk takes something again.
            tried = partial(self._notes.keep, upkeep_tried=self._clock().isoformat())
            if self._troubled and await self._on_the_disk(tried):
                self._notes.mended(UPKEEP)
                self._troubled = False
            await asyncio.sleep(LOOK_S)

    def _make_room(self, collect: bool) -> None:
        if collect:
            self.evictor.collect()
        free, total = self._keeper.files.disk()
        wanted = self._reserve() + margin(total)
        if free < wanted:
            self.evictor.make_room(lambda: self._keeper.files.disk()[0] >= wanted)

    async def _look_for_rot(self) -> None:
        """Scrub round after round; a start goes on in the folder where the last one stopped."""
        while True:
            done = int(self._notes.fact("scrub_folders_done") or 0)
            bad = int(self._notes.fact("scrub_bad") or 0)
            if done < len(PREFIXES):
                await self._on_the_disk(self.evictor.sweep_folder, PREFIXES[done])
                bad += await self._read(self.scrub.folder(PREFIXES[done]))
                facts = {"scrub_folders_done": str(done + 1), "scrub_bad": str(bad)}
            else:
                bad += await self._read(self.scrub.rest())
                facts = {"scrub_finished": self._clock().isoformat(), "scrub_found": str(bad)}
                facts |= {"scrub_folders_done": "0", "scrub_bad": "0"}
                log.info("scrub.finished", damaged=bad)
            await self._on_the_disk(partial(self._notes.keep, **facts))
            await asyncio.sleep(self._rest_s)

    async def _read(self, looks: Iterator[Looked]) -> int:
        """Look at files at a polite pace; return how many were bad."""
        held = self._keeper.rows.totals()[1]
        pace, bad = Pace(scrub_rate(held, self._scrub_days)), 0
        while (looked := await asyncio.to_thread(next, looks, None)) is not None:
            bad += not looked.sound
            await asyncio.sleep(pace.rest_after(looked.length))
            await asyncio.to_thread(self._keeper.turns.give_way)
        return bad

    async def _on_the_disk(self, work: Callable[..., object], *given: object) -> bool:
        """Do something in a thread; say whether the disk let it. A disk in trouble is told of, and tried again."""
        try:
            await asyncio.to_thread(work, *given)
        except DiskTrouble as error:
            if self._notes.trouble(UPKEEP, error):
                log.warning("store.in-trouble", problem=error.code, **error.data)
            self._troubled = True
            return False
        return True
