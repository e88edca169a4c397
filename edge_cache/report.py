"""Reports to the centre: queued in node.db, sent in order, each counted once however often it is sent."""

from collections.abc import Callable
from datetime import datetime

import structlog

from catalog.formats.forecast import TimetableForecast
from catalog.formats.ids import new_id
from catalog.formats.protocol import Health, Report
from edge_cache import SOFTWARE
from edge_cache.centre import Centre
from edge_cache.database import Database
from edge_cache.errors import CentreRefused, ClockWrong
from edge_cache.notes import Notes
from edge_cache.releases.repository import ReleaseRepository
from edge_cache.store.files import Files

log = structlog.get_logger(__name__)

LONGEST_QUEUE = 500
CLOCK_WRONG_BY_S = 300


class ReportQueue:
    """The rows of reports that the centre has not acknowledged."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, report: Report) -> None:
        """Queue a report; of a queue that grew too long offline the oldest go."""
        with self._database.write() as rows:
            rows.execute(
                "insert into report values (?, ?, ?)", (report.id, report.made.isoformat(), report.model_dump_json())
            )
            rows.execute(
                "delete from report where id not in (select id from report order by id desc limit ?)", (LONGEST_QUEUE,)
            )

    def waiting(self) -> list[tuple[str, bytes]]:
        """Return (id, body) of what waits, the oldest first."""
        return [(row[0], row[1].encode()) for row in self._database.read("select id, body from report order by id")]

    def sent(self, report: str) -> None:
        """Forget a report that the centre has acknowledged."""
        with self._database.write() as rows:
            rows.execute("delete from report where id = ?", (report,))


class Reporter:
    """Makes and sends reports. `machine` is the box's own clock, `forecast` says how timetabled lessons stand.

    `timetable_there` is the digest of the centre's timetable as it last said; None while it has said nothing new.
    """

    def __init__(
        self,
        centre: Centre,
        database: Database,
        files: Files,
        machine: Callable[[], datetime],
        clock: Callable[[], datetime],
        forecast: Callable[[], TimetableForecast | None] = lambda: None,
    ) -> None:
        self._forecast = forecast
        self.timetable_there: str | None = None
        self._centre, self._queue, self._files = centre, ReportQueue(database), files
        self._releases, self._notes = ReleaseRepository(database), Notes(database)
        self._machine, self._clock, self._started = machine, clock, clock()

    def make(self, direction_version: int) -> Report:
        """Queue a report of how the node is and what it holds; everything counted as held has been verified."""
        free, total = self._files.disk()
        offset = self._notes.fact("clock_offset_s")
        report = Report(
            id=new_id(),
            made=self._clock(),
            health=Health(
                software=SOFTWARE,
                started=self._started,
                disk_free=free,
                disk_total=total,
                clock_offset_s=None if offset is None else float(offset),
                direction_version=direction_version,
                problems=tuple(f"{p.source}: {p.text}"[:500] for p in self._notes.problems()[:50]),
            ),
            courses=self._releases.held(),
            timetable=self._forecast(),
        )
        self._queue.add(report)
        return report

    async def send(self) -> int:
        """Send all that waits; return the version of the newest direction the centre has, 0 if it was not asked.

        Raises AppError when the centre does not take one; that one and later ones wait. A report that the centre
        calls invalid would be so for ever: it is dropped, and logged.
        """
        newest = 0
        for report, body in self._queue.waiting():
            before = self._machine()
            try:
                receipt = await self._centre.report(body)
            except CentreRefused as error:
                if not str(error.data["answer"]).startswith(("400", "413", "422")):
                    raise
                log.warning("report.refused", report=report, answer=error.data["answer"])
            else:
                newest, self.timetable_there = receipt.direction_version, receipt.timetable
                self._learn_time(before + (self._machine() - before) / 2, receipt.now)
            self._queue.sent(report)
        return newest

    def _learn_time(self, here: datetime, there: datetime) -> None:
        """Note how wrong this box's clock is, to the second or so, and what time it is by the centre's word."""
        offset = (here - there).total_seconds()
        self._notes.keep(clock_offset_s=f"{offset:.1f}", witness=there.isoformat())
        if abs(offset) > CLOCK_WRONG_BY_S:
            self._notes.trouble("clock", ClockWrong(seconds=round(offset)))
        else:
            self._notes.mended("clock")
