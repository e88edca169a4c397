"""One timetable at the node and at the centre: what is new goes each way, and nothing that either has is lost."""

import asyncio
from typing import Protocol

import structlog

from catalog.formats.timetable import TimetableAnswer, TimetableSent
from edge_cache.timetable.repository import TimetableRepository

log = structlog.get_logger(__name__)


class Other(Protocol):
    """Who else keeps the timetable: the centre."""

    async def timetable(self, sent: TimetableSent) -> TimetableAnswer:
        """Say what is new here; return what is new there. Raises AppError."""
        ...


async def exchange(centre: Other, rows: TimetableRepository, there: str) -> int:
    """Make the node's timetable and the centre's the same; return how many entries changed here.

    `there` is the digest of the centre's: where it is the node's own, nothing is asked. Only what is new is said; if
    the two still differ after that, one of them has lost something, and all is said anew. Raises AppError.
    """
    changed = 0
    for anew in (False, True):
        if await asyncio.to_thread(rows.digest) == there:
            break
        if anew:
            log.warning("timetable.told-anew")
            await asyncio.to_thread(rows.tell_all_anew)
        while True:
            sent = await asyncio.to_thread(rows.untold)
            answer = await centre.timetable(TimetableSent(since=rows.revision(), entries=tuple(sent)))
            changed += await asyncio.to_thread(rows.take, sent, answer.entries, answer.revision)
            there = answer.digest
            if not answer.more and not await asyncio.to_thread(rows.untold):
                break
    if changed:
        log.info("timetable.changed", entries=changed)
    return changed
