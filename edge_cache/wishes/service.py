"""The rules of wishes: what can be asked of which lesson, and what is asked now."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from edge_cache.errors import LessonUnknown
from edge_cache.planner.given import Wish
from edge_cache.timetable.entered import find_course, find_lesson, plain
from edge_cache.timetable.errors import LessonNotHere
from edge_cache.timetable.repository import CourseHere
from edge_cache.wishes.errors import LessonNotClear, LessonNotFound, WishUnknown
from edge_cache.wishes.repository import Wished, WishRepository

NONE = "none"
"""What is said to take a wish back."""


def read_wish(text: str) -> Wish | None:
    """Return the wish that a form or a command names; None for `none`. Raises WishUnknown."""
    said = plain(text).casefold()
    if said == NONE:
        return None
    try:
        return Wish(said)
    except ValueError as error:
        raise WishUnknown(wish=text[:40], wishes=", ".join([*Wish, NONE])) from error


def which_lesson(text: str, course: str | None, courses: Sequence[CourseHere]) -> tuple[str, str]:
    """Return (course, lesson) of what somebody named by id, title or number; in one course, or in all.

    Raises CourseNotHere, CourseAmbiguous, LessonNotHere, LessonNotFound, LessonNotClear.
    """
    if course is not None:
        named = find_course(course, courses)
        return named.id, find_lesson(text, named).id
    found = []
    for one in courses if text.strip() else ():
        try:
            found.append((one.id, find_lesson(text, one).id))
        except LessonNotHere:
            continue
    if not found:
        raise LessonNotFound(lesson=text[:100])
    if len(found) > 1:
        raise LessonNotClear(lesson=text[:100], count=len(found))
    return found[0]


class Wishes:
    """What is asked of one node's lessons. `clock` gives the best guess of the time."""

    def __init__(self, rows: WishRepository, clock: Callable[[], datetime]) -> None:
        self._rows, self._clock = rows, clock

    def all(self) -> list[Wished]:
        """Return all wishes, the oldest first."""
        return self._rows.all()

    def by_lesson(self) -> Mapping[tuple[str, str], Wish]:
        """Return what is asked, by (course, lesson)."""
        return {(one.course, one.lesson): one.wish for one in self._rows.all()}

    def ask(self, course: str, lesson: str, wish: Wish | None) -> bool:
        """Note a wish, or with None take back what was asked. Return whether there is something to do for it.

        To get what is here already is no wish. Raises LessonUnknown.
        """
        here = self._rows.is_here(course, lesson)
        if here is None:
            raise LessonUnknown
        if wish is Wish.NOW and here:
            return False
        self._rows.put(course, lesson, wish, self._clock())
        return True
