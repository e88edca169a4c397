"""What two people said differently about an entry, in words to choose from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from catalog.formats.errors import N_
from catalog.formats.timetable import Entry, Write, disputed, value_of
from catalog.formats.timetable_fields import BELLS_ID, clock_of
from catalog.look.filters import clock_words, local_day
from catalog.look.language import Language, translate
from catalog.look.words import WEEKDAY_WORDS
from edge_cache.timetable.repository import CourseHere

FIELD_WORDS = {
    "class_name": N_("Class"),
    "course": N_("Course"),
    "lesson": N_("Lesson"),
    "first": N_("First day"),
    "last": N_("Last day"),
    "start": N_("Start"),
    "minutes": N_("Minutes"),
    "name": N_("Name"),
    "follows": N_("As on"),
}


@dataclass(frozen=True, slots=True)
class Option:
    """One of several values: which, in words, and where it was said."""

    dot: str
    words: str
    by: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A field of which somebody has to say which value holds."""

    field: str
    words: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """An entry in dispute. `removed_by` says where it was removed without seeing all of it; None if it was not."""

    entry: str
    title: str
    choices: tuple[Choice, ...]
    removed_by: str | None


def dot_of(write: Write) -> str:
    """Return what names a value among others, though more of them may come while somebody chooses."""
    return f"{write.writer}.{write.n}"


def choices_of(entry: Entry, courses: Sequence[CourseHere], language: Language) -> Choices:
    """Return what is to be chosen of an entry, in a language."""
    titles = {course.id: course.title for course in courses}
    asked = disputed(entry)
    removed = next((write.by for write in asked.pop("removed", ()) if write.value is not None), None)
    title = " · ".join(
        words for words in (value_of(entry, "class_name"), titles.get(value_of(entry, "course") or "")) if words
    )
    choices = []
    for name, writes in asked.items():
        options = (Option(dot_of(w), _words(name, w.value, courses, language), w.by) for w in writes)
        choices.append(Choice(name, _field_words(name, language), tuple(options)))
    if entry.id == BELLS_ID:
        title = translate(N_("Bells"), language)
    return Choices(entry.id, title or value_of(entry, "name") or "–", tuple(choices), removed)


def _field_words(name: str, language: Language) -> str:
    stem, *rest = name.split(".")
    if stem == "at":
        return f"{translate(WEEKDAY_WORDS[int(rest[0]) - 1], language)} {clock_words(clock_of(rest[1]))}"
    if stem == "on":
        return f"{local_day(date.fromisoformat(rest[0]), language)} {clock_words(clock_of(rest[1]))}"
    if stem == "bell":
        return clock_words(clock_of(rest[0]))
    return translate(FIELD_WORDS.get(name, ""), language) or name


def _words(name: str, value: Any, courses: Sequence[CourseHere], language: Language) -> str:
    stem = name.split(".")[0]
    if stem in ("at", "bell"):
        return translate(N_("%(minutes)s minutes"), language, minutes=value) if value else translate(N_("no"), language)
    if stem == "on":
        return _change_words(value, courses, language)
    if stem in ("course", "lesson"):
        return _titles(courses).get(value, str(value))
    if stem == "start":
        return clock_words(value)
    if stem == "follows" and value:
        return translate(WEEKDAY_WORDS[value - 1], language)
    return "–" if value in (None, "") else str(value)


def _change_words(change: dict[str, Any] | None, courses: Sequence[CourseHere], language: Language) -> str:
    if not change:
        return translate(N_("as planned"), language)
    if change.get("skip"):
        return translate(N_("skipped"), language)
    words = [_titles(courses).get(change["lesson"], change["lesson"])] if change.get("lesson") else []
    if change.get("day"):
        words.append(local_day(date.fromisoformat(change["day"]), language))
    if change.get("start") is not None:
        words.append(clock_words(change["start"]))
    return " ".join(words)


def _titles(courses: Sequence[CourseHere]) -> dict[str, str]:
    lessons = {lesson.id: f"{lesson.number}. {lesson.title}" for course in courses for lesson in course.lessons}
    return {course.id: course.title for course in courses} | lessons
