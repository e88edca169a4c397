"""A timetable as a file of a spreadsheet: CSV, as whatever program and code page wrote it.

A row is one weekly period, or one lesson on one day. Rows with the same number, or that differ in nothing but the
period, are one entry. What comes out goes in again and changes nothing. Days off and what is different at single
occurrences are not in it, and stay as they are.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from catalog.formats.errors import N_, AppError
from catalog.formats.occurrences import OneLesson, Period, Plan, WeeklyPlan
from catalog.look.filters import clock_words
from catalog.look.language import Language, translate
from catalog.look.words import WEEKDAY_WORDS
from edge_cache.timetable.entered import once_from, plain, read_clock, read_minutes, read_weekday, weekly_from
from edge_cache.timetable.errors import (
    ColumnMissing,
    FieldRefused,
    FileNotText,
    FileTooLong,
    RowsDiffer,
    RowsRefused,
)
from edge_cache.timetable.repository import CourseHere

MAX_BYTES = 1 << 20
MAX_ROWS = 5_000
MOST_FAULTS = 50

HEADINGS = {
    "class_name": N_("Class"),
    "course": N_("Course"),
    "lesson": N_("Lesson"),
    "weekday": N_("Weekday"),
    "start": N_("Start"),
    "minutes": N_("Minutes"),
    "first": N_("First day"),
    "last": N_("Last day"),
    "id": N_("Number of the entry"),
}
"""The columns in the order of an export."""
NAMES = {
    "class_name": ("class", "class name", "班级", "班"),
    "course": ("course", "课程", "课程名称"),
    "lesson": ("lesson", "课时", "第几课", "起始课时"),
    "weekday": ("weekday", "星期", "周几"),
    "start": ("start", "time", "上课时间", "开始时间", "时间"),
    "minutes": ("minutes", "分钟", "时长"),
    "first": ("first day", "date", "开始日期", "起始日期", "日期"),
    "last": ("last day", "结束日期"),
    "id": ("number of the entry", "id", "条目编号", "编号"),
}
"""What a file may call a column, in any order of columns."""
NEEDED = ("class_name", "course", "start")
FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet takes for a formula: an export puts an apostrophe before it, and an import takes that off."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one place of a file: `row` as a spreadsheet numbers it, `column` by our name."""

    row: int
    column: str
    error: AppError


class Faulty(RowsRefused):
    """Rows of a file are wrong; `faults` are the first of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(count=len(faults))
        self.faults = tuple(faults[:MOST_FAULTS])


@dataclass(slots=True)
class Sheet:
    """What a file says: entries to change, by id, and entries to add."""

    changed: dict[str, Plan] = field(default_factory=dict)
    added: list[Plan] = field(default_factory=list)


def read_sheet(data: bytes, courses: Sequence[CourseHere], today: date, there: Iterable[Plan]) -> Sheet:
    """Return what a file says; `there` is what is on the timetable.

    Raises FileTooLong, FileNotText, ColumnMissing, and Faulty with every row and column that is wrong.
    """
    known = {plan.id: plan for plan in there if isinstance(plan, WeeklyPlan | OneLesson)}
    faults: list[Fault] = []
    groups: dict[object, WeeklyPlan] = {}
    undated: set[object] = set()
    sheet = Sheet()
    for number, cells in _rows(data):
        try:
            plan = _plan(cells, courses, today, known.get(cells.get("id", "")))
        except FieldRefused as error:
            faults.append(Fault(number, error.field, error))
            continue
        if isinstance(plan, OneLesson):
            if plan.id:
                sheet.changed[plan.id] = plan
            else:
                sheet.added.append(plan)
            continue
        key: object = plan.id or (plan.class_name, plan.course, plan.lesson, plan.first, plan.last)
        if not cells.get("first", "").strip():
            undated.add(key)
        before = groups.get(key)
        if before is not None and replace(before, periods=()) != replace(plan, periods=()):
            faults.append(Fault(number, "id", RowsDiffer()))
        groups[key] = plan if before is None else replace(plan, periods=(*before.periods, *plan.periods))
    if faults:
        raise Faulty(faults)
    for group, plan in groups.items():
        whole = replace(plan, periods=tuple(sorted(set(plan.periods), key=lambda p: (p.weekday, p.start))))
        if plan.id:
            sheet.changed[plan.id] = whole
        elif group not in undated or not any(_same_but_for_its_first_day(whole, old) for old in known.values()):
            sheet.added.append(whole)
    return sheet


def _same_but_for_its_first_day(plan: WeeklyPlan, old: Plan) -> bool:
    """Say whether a row without a first day is there already: it began when it was first imported."""
    return isinstance(old, WeeklyPlan) and replace(old, id="", first=plan.first, changes={}) == plan


def _plan(
    cells: Mapping[str, str], courses: Sequence[CourseHere], today: date, was: Plan | None
) -> WeeklyPlan | OneLesson:
    """Return what one row says. Raises FieldRefused."""
    if cells.get("weekday", "").strip():
        period = Period(
            read_weekday(cells["weekday"]), read_clock(cells["start"]), read_minutes(cells.get("minutes", ""))
        )
        return weekly_from(cells, [period], courses, today, was if isinstance(was, WeeklyPlan) else None)
    return once_from(cells, courses, was if isinstance(was, OneLesson) else None)


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (number, cells by our names) of each row that is not empty. Raises what `read_sheet` does of files."""
    text = decoded(data)
    delimiter = max(",;\t，", key=text.split("\n", 1)[0].count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise FileNotText from error
    if len(lines) > MAX_ROWS:
        raise FileTooLong(rows=MAX_ROWS)
    headings = [plain(cell).lower() for cell in lines[0]] if lines else []
    places = {name: n for name, names in NAMES.items() for n, heading in enumerate(headings) if heading in names}
    for name in NEEDED:
        if name not in places:
            raise ColumnMissing(column=f"{NAMES[name][-1]} / {NAMES[name][0]}")
    for number, line in enumerate(lines[1:], 2):
        if any(cell.strip() for cell in line):
            yield number, {name: _cell(line[n]) if n < len(line) else "" for name, n in places.items()}


def _cell(text: str) -> str:
    text = text.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in FORMULA else text


def decoded(data: bytes) -> str:
    """Return a file's text: UTF-8 or UTF-16 by its mark, UTF-8 without one, else GB18030.

    Raises FileTooLong, FileNotText.
    """
    if len(data) > MAX_BYTES:
        raise FileTooLong(rows=MAX_ROWS)
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise FileNotText


def write_sheet(plans: Iterable[Plan], courses: Sequence[CourseHere], language: Language) -> bytes:
    """Return weekly entries and single lessons as a file: UTF-8 with the mark by which spreadsheets know it."""
    titles = [course.title for course in courses]
    named = {course.id: course.title for course in courses if titles.count(course.title) == 1}
    numbers = {(course.id, lesson.id): str(lesson.number) for course in courses for lesson in course.lessons}
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([translate(heading, language) for heading in HEADINGS.values()])
    for plan in plans:
        if isinstance(plan, WeeklyPlan | OneLesson):
            who = (plan.class_name, named.get(plan.course, plan.course))
            what = numbers.get((plan.course, plan.lesson), plan.lesson)
            for weekday, start, minutes, last in _times(plan, language):
                cells = (*who, what, weekday, start, minutes, plan.first.isoformat(), last, plan.id)
                writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells])
    return out.getvalue().encode("utf-8-sig")


def _times(plan: WeeklyPlan | OneLesson, language: Language) -> Iterator[tuple[str, str, str, str]]:
    if isinstance(plan, OneLesson):
        yield "", clock_words(plan.start), str(plan.minutes), ""
        return
    for period in plan.periods:
        weekday = translate(WEEKDAY_WORDS[period.weekday - 1], language)
        last = plan.last.isoformat() if plan.last else ""
        yield weekday, clock_words(period.start), str(period.minutes), last
