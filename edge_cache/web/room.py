"""What has to go before it goes: for the page of the box."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.formats.errors import N_
from catalog.look.words import RUNG_WORDS
from edge_cache.planner.given import Given
from edge_cache.planner.result import Gone, Plan
from edge_cache.planning.repository import which
from edge_cache.timetable.repository import CourseHere

GONE_WORDS = {
    Gone.REFUSED: N_("nobody wants it"),
    Gone.BETTER_HERE: N_("a better picture of it is here"),
    Gone.LONG_AGO: N_("no class has used it for long"),
    Gone.UNUSED: N_("no class has used it yet"),
    Gone.LATELY: N_("no class is known to need it again"),
}
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Going:
    """A rendition that goes when its room is needed; `rung` and `why` are msgids, `length` bytes."""

    course: str
    lesson: str
    course_title: str
    number: int
    title: str
    rung: str
    length: int
    why: str


@dataclass(frozen=True, slots=True)
class RoomNeeded:
    """`short` bytes are lacking for what classes will use; `spare` of them nobody can ask for, then `going` goes.

    `more` renditions more than those shown go too, `more_length` bytes.
    """

    short: int
    spare: int
    going: Sequence[Going]
    more: int
    more_length: int


def room_needed(given: Given, plan: Plan, courses: Sequence[CourseHere]) -> RoomNeeded | None:
    """Return what goes for what is planned; None where there is room for all of it."""
    if not plan.short:
        return None
    known = {(c.id, lesson.id): (c.title, lesson.number, lesson.title) for c in courses for lesson in c.lessons}
    going = []
    for one in plan.evictions[:SHOWN]:
        course, lesson = which(one.lesson)
        title, number, name = known.get((course, lesson), ("", 0, lesson))
        rung = RUNG_WORDS.get(one.rung, one.rung)
        going.append(Going(course, lesson, title, number, name, rung, one.length, GONE_WORDS[one.why]))
    rest = plan.evictions[SHOWN:]
    spare = min(plan.short, given.disk.spare)
    return RoomNeeded(plan.short, spare, going, len(rest), sum(one.length for one in rest))
