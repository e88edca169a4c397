"""The planner of a node with its timetable: made once in the running node, and by commands beside it."""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

from catalog.formats.clock import best_now
from edge_cache.database import Database
from edge_cache.notes import Notes
from edge_cache.planning.repository import LadderRepository, key_of
from edge_cache.planning.service import Asked, Planning
from edge_cache.releases.repository import ReleaseRepository
from edge_cache.store.files import Files
from edge_cache.timetable.forecast import HeldForecast
from edge_cache.timetable.planned import PlannedForecast, Uses
from edge_cache.timetable.repository import PlayedRepository, TimetableRepository
from edge_cache.timetable.service import TimetableService


def open_planning(
    database: Database,
    files: Files,
    zone: tzinfo,
    clock: Callable[[], datetime] | None = None,
    place: Callable[[], str] = lambda: "",
) -> tuple[Planning, TimetableService]:
    """Return the planning of a node and its timetable, each of which knows the other.

    Without a `clock` it is the machine's, but never before a time that has surely passed. `place` names the node to
    people elsewhere.
    """
    notes = Notes(database)
    now = clock or (lambda: best_now(datetime.now(UTC), notes.moment("witness")))
    planning = Planning(LadderRepository(database), notes, lambda: files.disk()[0], now)
    held = HeldForecast(ReleaseRepository(database), now)
    timetable = TimetableService(
        TimetableRepository(database), PlannedForecast(planning, held, key_of), now, zone, place
    )
    uses = Uses(timetable, PlayedRepository(database), key_of)
    planning.asked = lambda: Asked(uses.due(), uses.foreseen())
    return planning, timetable
