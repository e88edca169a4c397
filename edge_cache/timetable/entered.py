"""What people type about the timetable, on a page, in a file or at a command: understood in the forms that they use."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from catalog.formats.occurrences import DaysOff, OneLesson, Period, Plan, WeeklyPlan
from catalog.formats.timetable import Entry
from catalog.formats.timetable_fields import at_field
from edge_cache.timetable.errors import (
    ClassNameWrong,
    ClockWrong,
    CourseAmbiguous,
    CourseNotHere,
    DaysBackwards,
    DayWrong,
    LessonNotHere,
    MinutesWrong,
    NameTooLong,
    NoPeriods,
    WeekdayWrong,
)
from edge_cache.timetable.repository import CourseHere, LessonHere

USUAL_MINUTES = 45
WEEKDAYS = ("一", "二", "三", "四", "五", "六", "日")
WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def plain(text: str) -> str:
    """Return what was typed with full-width digits and signs as the usual ones, without blanks around it."""
    return unicodedata.normalize("NFKC", text).strip()


def read_class_name(text: str) -> str:
    """Return the name of a class as typed. Raises ClassNameWrong."""
    name = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(name) <= 40 or any(unicodedata.category(c)[0] == "C" or c in "\u2028\u2029" for c in name):
        raise ClassNameWrong
    return name


def read_name(text: str) -> str:
    """Return the name of days off as typed; it may be empty. Raises NameTooLong."""
    name = unicodedata.normalize("NFC", text).strip()
    if len(name) > 100 or any(unicodedata.category(c)[0] == "C" or c in "\u2028\u2029" for c in name):
        raise NameTooLong
    return name


def read_day(text: str) -> date:
    """Return a day: 2026-11-26, 2026/11/26, 2026.11.26, 2026年11月26日, 20261126. Raises DayWrong."""
    found = re.fullmatch(
        r"(20\d\d|21\d\d)(?:[-/.年](\d\d?)[-/.月](\d\d?)日?|(\d\d)(\d\d))(?: 0?0:00(?::00)?)?", plain(text)
    )
    if found is None:
        raise DayWrong(text=text.strip()[:40])
    try:
        return date(int(found[1]), int(found[2] or found[4]), int(found[3] or found[5]))
    except ValueError as error:
        raise DayWrong(text=text.strip()[:40]) from error


def read_clock(text: str) -> int:
    """Return minutes since midnight: 8:00, 08:00, 08:00:00, 0800, 8点, 8点05分, 8时. Raises ClockWrong."""
    found = re.fullmatch(r"(\d{1,2})(?::(\d\d)(?::00)?|[点时](?:(\d{1,2})分?)?)|(\d\d)(\d\d)", plain(text))
    if found is None:
        raise ClockWrong(text=text.strip()[:40])
    hour, minute = int(found[1] or found[4]), int(found[2] or found[3] or found[5] or 0)
    if hour > 23 or minute > 59:
        raise ClockWrong(text=text.strip()[:40])
    return hour * 60 + minute


def read_minutes(text: str) -> int:
    """Return a lesson's length in minutes; 45 where nothing was typed. Raises MinutesWrong."""
    found = re.fullmatch(r"(\d{1,3})(?:\.0+)? ?(?:分钟?|min)?", plain(text)) if text.strip() else None
    minutes = int(found[1]) if found else USUAL_MINUTES
    if (text.strip() and found is None) or not 5 <= minutes <= 300:
        raise MinutesWrong(text=text.strip()[:40])
    return minutes


def read_weekday(text: str) -> int:
    """Return a day of the week, 1 is Monday: 1, 一, 周一, 星期一, 礼拜天, Mon, Monday. Raises WeekdayWrong."""
    word = re.sub(r"^(周|星期|礼拜)", "", plain(text).lower()).replace("天", "日")
    if len(word) == 1 and word in "1234567":
        return int(word)
    if word in WEEKDAYS:
        return WEEKDAYS.index(word) + 1
    found = [n for n, name in enumerate(WEEKDAY_NAMES, 1) if len(word) >= 3 and name.startswith(word)]
    if not found:
        raise WeekdayWrong(text=text.strip()[:40])
    return found[0]


def find_course(text: str, courses: Sequence[CourseHere]) -> CourseHere:
    """Return the course that somebody named by its id or its title. Raises CourseNotHere, CourseAmbiguous."""
    wanted = plain(text).casefold()
    found = [c for c in courses if wanted in (c.id.casefold(), plain(c.title).casefold())]
    if not found:
        raise CourseNotHere(course=text.strip()[:100])
    if len(found) > 1:
        raise CourseAmbiguous(course=text.strip()[:100])
    return found[0]


def find_lesson(text: str, course: CourseHere) -> LessonHere:
    """Return the lesson that somebody named by number, id or title; the first where nothing was typed.

    Raises LessonNotHere.
    """
    wanted = plain(text).casefold()
    if not wanted and course.lessons:
        return course.lessons[0]
    number = re.fullmatch(r"第? ?(\d{1,5})(?:\.0+)? ?(?:课|课时|讲)?", wanted)
    for lesson in course.lessons:
        if number and lesson.number == int(number[1]):
            return lesson
    for lesson in course.lessons:
        if wanted and wanted in (lesson.id.casefold(), plain(lesson.title).casefold()):
            return lesson
    raise LessonNotHere(course=course.title, lesson=text.strip()[:100], count=len(course.lessons))


def weekly_from(
    typed: Mapping[str, str],
    periods: Sequence[Period],
    courses: Sequence[CourseHere],
    today: date,
    was: WeeklyPlan | None = None,
) -> WeeklyPlan:
    """Return what somebody typed as a weekly entry. What is not in `typed` stays as it `was`; so do no periods.

    Names: class_name, course, lesson, first (today where it is empty), last. Raises FieldRefused, as a subclass that
    names the field.
    """
    class_name = _class_of(typed, was)
    course, lesson = _lesson_of(typed, courses, was)
    first = _day_of(typed, "first", was.first if was else None) or today
    last = _day_of(typed, "last", was.last if was else None)
    if last is not None and last < first:
        raise DaysBackwards
    kept = tuple(periods) or (was.periods if was else ())
    if not kept:
        raise NoPeriods
    return WeeklyPlan(was.id if was else "", class_name, course, lesson, first, last, kept, was.changes if was else {})


def once_from(typed: Mapping[str, str], courses: Sequence[CourseHere], was: OneLesson | None = None) -> OneLesson:
    """Return what somebody typed as one lesson: class_name, course, lesson, first, start, minutes.

    What is not in `typed` stays as it `was`. Raises FieldRefused, as a subclass that names the field.
    """
    class_name = _class_of(typed, was)
    course, lesson = _lesson_of(typed, courses, was)
    first = _day_of(typed, "first", was.first if was else None)
    if first is None:
        raise DayWrong(text=typed.get("first", ""))
    start = was.start if was and "start" not in typed else read_clock(typed.get("start", ""))
    minutes = was.minutes if was and "minutes" not in typed else read_minutes(typed.get("minutes", ""))
    return OneLesson(was.id if was else "", class_name, course, lesson, first, start, minutes)


def days_from(typed: Mapping[str, str]) -> DaysOff:
    """Return what somebody typed as days off: name, first, last (the same day where it is empty), class_name (all
    classes), follows (a weekday). Raises FieldRefused, as a subclass that names the field."""
    first = read_day(typed.get("first", ""))
    last = _day_of(typed, "last", None) or first
    if last < first:
        raise DaysBackwards
    class_name = read_class_name(typed["class_name"]) if typed.get("class_name", "").strip() else ""
    follows = read_weekday(typed["follows"]) if typed.get("follows", "").strip() else None
    return DaysOff("", read_name(typed.get("name", "")), class_name, first, last, follows)


def _class_of(typed: Mapping[str, str], was: WeeklyPlan | OneLesson | None) -> str:
    return was.class_name if was and "class_name" not in typed else read_class_name(typed.get("class_name", ""))


def _day_of(typed: Mapping[str, str], name: str, old: date | None) -> date | None:
    if name not in typed:
        return old
    return read_day(typed[name]) if typed[name].strip() else None


def _lesson_of(
    typed: Mapping[str, str], courses: Sequence[CourseHere], was: WeeklyPlan | OneLesson | None
) -> tuple[str, str]:
    """Return the ids of course and lesson: those that it had where nothing else is typed, though unknown here."""
    named, lesson = typed.get("course", was.course if was else ""), typed.get("lesson", "")
    if was and named == was.course and (not lesson.strip() or lesson == was.lesson):
        return was.course, was.lesson
    course = find_course(named, courses)
    return course.id, find_lesson(lesson, course).id


def fields_of(plan: Plan, was: Entry | None = None) -> dict[str, Any]:
    """Return the fields of an entry that says what `plan` says; periods that `was` has and it lacks are taken away."""
    fields: dict[str, Any] = {"class_name": plan.class_name, "first": plan.first.isoformat(), "removed": None}
    if isinstance(plan, OneLesson):
        once = {"course": plan.course, "lesson": plan.lesson, "start": plan.start, "minutes": plan.minutes}
        return fields | {"kind": "once"} | once
    fields["last"] = plan.last.isoformat() if plan.last else None
    if isinstance(plan, DaysOff):
        return fields | {"kind": "days", "name": plan.name, "follows": plan.follows}
    gone = {name: None for name in was.fields if name.startswith("at.")} if was else {}
    at = {at_field(p.weekday, p.start): p.minutes for p in plan.periods}
    return fields | {"kind": "weekly", "course": plan.course, "lesson": plan.lesson} | gone | at
