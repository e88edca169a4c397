"""The planner of a node with its timetable: made once in the running node, and by commands beside it."""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

from catalog.formats.clock import best_now
from edge_cache.database import Database
from edge_cache.notes import Notes
from edge_cache.planner.foresee import foresee, likely
from edge_cache.planning.repository import LadderRepository, key_of
from edge_cache.planning.service import Asked, Planning
from edge_cache.releases.repository import ReleaseRepository
from edge_cache.room import Room, room_of
from edge_cache.store.files import Files
from edge_cache.store.repository import StoreRepository
from edge_cache.timetable.forecast import HeldForecast
from edge_cache.timetable.planned import PlannedForecast, Uses
from edge_cache.timetable.repository import PlayedRepository, TimetableRepository
from edge_cache.timetable.service import TimetableService
from edge_cache.wishes.repository import WishRepository
from edge_cache.wishes.service import Wishes


def open_planning(
    database: Database,
    files: Files,
    zone: tzinfo,
    clock: Callable[[], datetime] | None = None,
    place: Callable[[], str] = lambda: "",
) -> tuple[Planning, TimetableService, Wishes]:
    """Return the planning of a node, and what it heeds: the timetable, which knows the planning, and wishes.

    Without a `clock` it is the machine's, but never before a time that has surely passed. `place` names the node to
    people elsewhere.
    """
    notes = Notes(database)
    now = clock or (lambda: best_now(datetime.now(UTC), notes.witness()))
    rows = StoreRepository(database)
    planning = Planning(
        LadderRepository(database, zone), notes, lambda told: _room(room_of(told, files, rows)), now, zone
    )
    wishes = Wishes(WishRepository(database), now)
    held = HeldForecast(ReleaseRepository(database), now)
    timetable = TimetableService(
        TimetableRepository(database), PlannedForecast(planning, held, key_of), now, zone, place
    )
    uses = Uses(timetable, PlayedRepository(database), key_of)

    def asked() -> Asked:
        school, moment = uses.school(), now().timestamp()
        wished = {key_of(*which): wish for which, wish in wishes.by_lesson().items()}
        return Asked(uses.due(), foresee(moment, school), wished, likely(moment, school))

    planning.asked = asked
    return planning, timetable, wishes


def _room(room: Room) -> int:
    """Return what the planner is told: a store past its quota shrinks; a disk that others fill takes no lesson away."""
    return room.left if room.quota is not None and room.quota < room.held else max(0, room.left)
