"""Wishes in words and in JSON, as commands tell them."""

from collections.abc import Sequence
from typing import Any

from edge_cache.planner.given import Wish
from edge_cache.timetable.repository import CourseHere
from edge_cache.wishes.repository import Wished

WISH_WORDS = {
    Wish.NOW: "to be fetched before everything else",
    Wish.KEEP: "kept here",
    Wish.NOT: "not wanted; fetched only if the timetable needs it",
}


def wish_json(one: Wished) -> dict[str, Any]:
    """Return a wish for machines; `since` is ISO 8601."""
    return {"course": one.course, "lesson": one.lesson, "wish": one.wish.value, "since": one.since.isoformat()}


def wish_words(one: Wished, courses: Sequence[CourseHere]) -> str:
    """Return a wish in a line for a person; a lesson that is not here by its id."""
    course = next((c for c in courses if c.id == one.course), None)
    lesson = next((known for known in course.lessons if known.id == one.lesson), None) if course else None
    name = f"{course.title}, lesson {lesson.number}" if course and lesson else f"{one.course}/{one.lesson}"
    return f"{name}: {WISH_WORDS[one.wish]}"
