"""The fill: plan, fetch, plan again, until every assigned release is here or something stands in the way."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from catalog.formats.errors import AppError
from edge_cache.errors import DiskFull, DiskTrouble, SourceFailed
from edge_cache.fetch import Fetcher, pause_after
from edge_cache.notes import Notes
from edge_cache.plan import FetchBlob, FetchIndex, FetchRun, LessonNeed, RungNeed, Step, TrackNeed, plan
from edge_cache.planning.service import Ahead
from edge_cache.releases.repository import ReleaseRepository, Wanted
from edge_cache.settings import EdgeSettings
from edge_cache.sources import Sources
from edge_cache.store.keeper import Keeper

log = structlog.get_logger(__name__)

HORIZON_BYTES = 32 << 20
LESSONS_AHEAD = 50


@dataclass
class Outcome:
    """What a pass did: bytes kept, what failed, and whether nothing is left that could be tried now."""

    kept: int = 0
    failures: list[AppError] = field(default_factory=list)
    finished: bool = False


class Fill:
    """Passes of the fill. One at a time."""

    def __init__(
        self,
        keeper: Keeper,
        releases: ReleaseRepository,
        notes: Notes,
        settings: EdgeSettings,
        on_bytes: Callable[[int], None] = lambda count: None,
    ) -> None:
        self._keeper, self._releases, self._notes, self._settings = keeper, releases, notes, settings
        self._resting: dict[str, tuple[float, int]] = {}
        self._did_nothing: set[Step] = set()
        self._troubled = {p.source for p in notes.problems()}
        self._on_bytes = on_bytes
        self.disk_reserve = 0
        self.ahead: Callable[[], Sequence[Ahead]] = tuple

    async def run_pass(self, sources: Sources) -> Outcome:
        """Do the steps of one plan. What fails is noted as a problem and rests a while; the others go on."""
        outcome = Outcome()
        steps = deque(await asyncio.to_thread(self._plan))
        if not steps:
            outcome.finished = True
            return outcome
        planned = set(steps)

        def count(length: int) -> None:
            outcome.kept += length
            self._on_bytes(length)

        fetcher = Fetcher(self._keeper, self._settings, count)
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(min(self._settings.in_flight, len(steps))):
                    workers.create_task(self._work(steps, fetcher, sources, outcome))
        finally:
            await fetcher.flush()
        if not outcome.kept and not outcome.failures and planned == self._did_nothing:
            for step in planned:
                self._rest(_key(step))
        self._did_nothing = set() if outcome.kept or outcome.failures else planned
        return outcome

    def rests_for(self) -> float | None:
        """Return seconds until something that failed may be tried again; None if nothing rests."""
        if not self._resting:
            return None
        return max(0.0, min(until for until, _ in self._resting.values()) - time.monotonic())

    async def _work(self, steps: deque[Step], fetcher: Fetcher, sources: Sources, outcome: Outcome) -> None:
        while steps:
            step = steps.popleft()
            key = _key(step)
            try:
                self._check_disk(step.length)
                await fetcher.carry_out(step, sources())
            except DiskTrouble as error:
                self._trouble("disk", error, outcome)
                steps.clear()
            except SourceFailed as error:
                if error.wears_off:
                    self._trouble("store", error, outcome)
                    steps.clear()
                else:
                    self._trouble(key, error, outcome)
                    self._rest(key)
            else:
                self._resting.pop(key, None)
                self._mended("store", "disk", key)

    def _check_disk(self, length: int) -> None:
        free, _ = self._keeper.files.disk()
        if free - length < self.disk_reserve:
            raise DiskFull(free=free, reserve=self.disk_reserve)

    def _plan(self) -> list[Step]:
        now = time.monotonic()
        resting = {key for key, (until, _) in self._resting.items() if until > now}
        first = [need for one in self.ahead() if (need := self._first(one, resting)) is not None]
        chosen = {need.lesson for need in first}
        wanted = [w for w in self._releases.wanted(LESSONS_AHEAD + len(resting)) if w.lesson not in chosen]
        needs = first + [self._need(w, resting) for w in wanted]
        steps = plan(needs, self._settings.run_bytes, HORIZON_BYTES)
        return [step for step in steps if _key(step) not in resting]

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
        words, stills = (
            tuple((digest, length) for digest, length in blobs if f"blob:{digest}" not in resting)
            for blobs in (wanted.words, wanted.stills)
        )
        return LessonNeed(wanted.lesson, tuple(rungs), words, stills)

    def _track(self, digest: str) -> TrackNeed | None:
        track = self._keeper.rows.track(digest)
        if track is None or track.complete:
            return None
        missing = tuple(self._keeper.rows.missing(digest)) if track.segments else None
        return TrackNeed(digest, track.index_length, track.length, missing, f"pack:{digest}" in self._resting)

    def _rest(self, key: str) -> None:
        times = self._resting.get(key, (0.0, 0))[1]
        pause = pause_after(times, self._settings.retry_seconds, self._settings.retry_longest_seconds)
        self._resting[key] = (time.monotonic() + pause, times + 1)

    def _trouble(self, key: str, error: AppError, outcome: Outcome) -> None:
        outcome.failures.append(error)
        self._troubled.add(key)
        if self._notes.trouble(key, error):
            log.warning("fill.in-trouble", at=key, problem=error.code, **error.data)

    def _mended(self, *keys: str) -> None:
        found = self._troubled.intersection(keys)
        if found:
            self._troubled -= found
            self._notes.mended(*found)


def _key(step: Step) -> str:
    """Name what a step needs: where its problem is noted, and what rests after it failed."""
    if isinstance(step, FetchBlob):
        return f"blob:{step.digest}"
    if isinstance(step, FetchIndex):
        return f"pack:{step.digest}"
    assert isinstance(step, FetchRun)  # noqa: S101 - tells mypy what the union leaves
    return f"pack:{step.index}"
