"""Updates: what the newest release of a course still costs this node, before a byte of it is fetched."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from catalog.formats.errors import AppError
from edge_cache.database import Database
from edge_cache.sources import Source
from edge_cache.store.repository import StoreRepository

log = structlog.get_logger(__name__)

UNDER_WAY = (
    "select c.course, c.title, (select max(s.release) from serving s where s.course = c.course), c.number,"
    " (select count(*) from lesson l where l.course = c.course and l.release = c.number and not exists"
    "  (select 1 from serving s where s.course = l.course and s.lesson = l.id and s.release = l.release))"
    " from current c where exists (select 1 from serving s where s.course = c.course and s.release < c.number)"
    " order by c.position"
)
COST = (
    "select (select coalesce(sum(length), 0) from (select distinct s.id, s.length from lacking_track t"
    "  join part p on p.track = t.id join segment s on s.id = p.segment where t.course = ? and not s.held)),"
    " (select coalesce(sum(length + index_length), 0) from lacking_track where course = ? and segments = 0),"
    " (select coalesce(sum(b.length), 0) from blob b where not b.held and b.digest in"
    "  (select k.digest from lesson_blob k where k.course = ? and k.release = ?))"
)
UNKNOWN = "select digest, index_length from lacking_track where course = ? and segments = 0"


@dataclass(frozen=True, slots=True)
class Update:
    """A course whose newest release is not wholly served yet: from which release to which.

    `lessons` still play an older version. `cost` are bytes to be fetched; where an index is not here yet, its whole
    track counts, and the cost is not `exact` but the most that it can be.
    """

    course: str
    title: str
    serving: int
    release: int
    lessons: int
    cost: int
    exact: bool


class UpdateRepository:
    """Reads what updates cost."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def under_way(self) -> list[Update]:
        """Return the updates that have not come through, in the order of the direction."""
        found = []
        for course, title, serving, release, lessons in self._database.read(UNDER_WAY):
            known, unknown, words = self._database.read(COST, (course, course, course, release))[0]
            found.append(Update(course, title, serving, release, lessons, known + unknown + words, unknown == 0))
        return found

    def unknown_indexes(self, update: Update) -> list[tuple[str, int]]:
        """Return (digest, length) of the indexes without which the cost of an update is not exact."""
        rows = self._database.read(UNKNOWN, (update.course,))
        return [(row[0], row[1]) for row in rows]


async def price(updates: UpdateRepository, rows: StoreRepository, sources: Sequence[Source]) -> None:
    """Fetch the indexes that the costs of updates need, from the nearest source: some kB for each changed lesson.

    What fails here is left to the fill, which needs them too.
    """
    for update in await asyncio.to_thread(updates.under_way):
        for digest, length in await asyncio.to_thread(updates.unknown_indexes, update):
            if not await _fetch_index(digest, length, rows, sources):
                log.info("update.not-priced", course=update.course, index=digest)
                break


async def _fetch_index(digest: str, length: int, rows: StoreRepository, sources: Sequence[Source]) -> bool:
    for source in sources:
        with contextlib.suppress(AppError):  # the next source may have it
            await asyncio.to_thread(rows.add_index, digest, await source.get(f"indexes/{digest}", length))
            return True
    return False


def expected_hours(cost: int, bytes_per_s: float | None) -> float | None:
    """Return how long `cost` bytes take at the line's usual rate; None while that is not known."""
    return cost / bytes_per_s / 3600 if bytes_per_s else None
