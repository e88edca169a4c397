"""`songtan edge timetable …`: the timetable by commands. They work while the node runs, and without a line."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.formats.occurrences import OneLesson, Period, Plan, WeeklyPlan
from catalog.formats.timetable import disputed
from catalog.look.language import spoken_language
from edge_cache.database import Database
from edge_cache.errors import NodeStateUnreadable
from edge_cache.identity import read_identity
from edge_cache.planning.opening import open_planning
from edge_cache.settings import EdgeSettings
from edge_cache.store.files import Files
from edge_cache.terminal import FAILED, Json, finish
from edge_cache.timetable.entered import (
    days_from,
    find_lesson,
    once_from,
    read_clock,
    read_day,
    read_minutes,
    read_weekday,
    weekly_from,
)
from edge_cache.timetable.errors import ClockWrong, CourseNotHere, OccurrenceUnknown
from edge_cache.timetable.service import TimetableService
from edge_cache.timetable.sheet import Faulty, read_sheet, write_sheet
from edge_cache.timetable.telling import due_json, plan_json, tell, tell_faults, tell_timetable

app = typer.Typer(
    help="Which class takes which lesson when. Give an entry's id as `list` shows it; a course by its title or id.",
    no_args_is_help=True,
)
ClassName = Annotated[str | None, typer.Option("--class", help="The class, for example 八（1）班")]
Course = Annotated[str | None, typer.Option(help="The course: its title or its id")]
Lesson = Annotated[str | None, typer.Option(help="The lesson, or the first one of a weekly entry: its number or title")]
At = Annotated[
    list[str] | None,
    typer.Option(help='When: "Mon 08:00" for every week (again for each period), "2026-11-26 08:00" for once'),
]
Minutes = Annotated[str | None, typer.Option(help="How long, in minutes; 45 if nothing is said")]
First = Annotated[str | None, typer.Option("--from", help="The first day of a weekly entry; today if nothing is said")]
Last = Annotated[str | None, typer.Option("--until", help="Its last day; empty for as long as the course goes")]
EntryId = Annotated[str, typer.Argument(help="The entry's id, as `list` shows it")]


@contextlib.contextmanager
def opened() -> Iterator[TimetableService]:
    """The timetable of the node whose folder the settings name. Raises NodeStateUnreadable."""
    settings = EdgeSettings()
    if not (settings.state / "node.db").exists():
        raise NodeStateUnreadable(folder=str(settings.state), why="it holds no node.db; start the node once")
    identity = read_identity(settings.state)
    with contextlib.closing(Database(settings.state / "node.db")) as database:
        _, timetable, _ = open_planning(
            database, Files(settings.state / "store"), settings.zone, place=lambda: identity.name if identity else ""
        )
        yield timetable


def _with_timetable(work: Callable[[TimetableService], int]) -> None:
    def run() -> int:
        with opened() as timetable:
            return work(timetable)

    finish(run)


@app.command("list")
def list_entries(
    days: Annotated[int, typer.Option(min=1, max=60, help="For how many days to say what is due")] = 2,
    as_json: Json = False,
) -> None:
    """Show the entries, and whether the lessons of today and tomorrow are ready."""

    def work(timetable: TimetableService) -> int:
        courses = timetable.courses()
        plans = timetable.plans()
        due = timetable.standing(timetable.upcoming(timetable.now(), days))
        asked = {entry.id: sorted(disputed(entry)) for entry in timetable.disputed()}
        if as_json:
            told = {"entries": [plan_json(plan) for plan in plans], "due": [due_json(one) for one in due]}
            print(json.dumps({**told, "disputed": asked}, ensure_ascii=False, indent=2))
        else:
            tell_timetable(plans, due, courses, asked)
        return 0

    _with_timetable(work)


@app.command()
def add(
    class_name: ClassName = None,
    course: Course = None,
    lesson: Lesson = None,
    at: At = None,
    minutes: Minutes = None,
    first: First = None,
    last: Last = None,
    as_json: Json = False,
) -> None:
    """Add an entry: a class takes a course in order, every week; or one lesson, on one day."""

    def work(timetable: TimetableService) -> int:
        typed = _typed(class_name=class_name, course=course, lesson=lesson, first=first, last=last)
        weekly, once = _times(at or [], minutes)
        courses, plans = timetable.courses(), list[Plan]()
        for day, start, long in once:
            when = {"first": day, "start": start, "minutes": long}
            plans.append(once_from({**typed, **when}, courses))
        if weekly or not once:
            plans.append(weekly_from(typed, weekly, courses, timetable.today()))
        return _done(timetable.add(plans), as_json)

    _with_timetable(work)


@app.command()
def change(
    entry: EntryId,
    class_name: ClassName = None,
    course: Course = None,
    lesson: Lesson = None,
    at: At = None,
    minutes: Minutes = None,
    first: First = None,
    last: Last = None,
    as_json: Json = False,
) -> None:
    """Change an entry. What is not said stays; `--at` replaces all of its periods."""

    def work(timetable: TimetableService) -> int:
        was = timetable.plan(entry)
        typed = _typed(class_name=class_name, course=course, lesson=lesson, first=first, last=last)
        weekly, once = _times(at or [], minutes)
        plan: Plan
        if isinstance(was, OneLesson):
            when = dict(zip(("first", "start", "minutes"), once[0], strict=True)) if once else {}
            length = {"minutes": minutes} if minutes is not None else {}
            plan = once_from({**typed, **when, **length}, timetable.courses(), was)
        elif isinstance(was, WeeklyPlan):
            if minutes is not None and not weekly:
                weekly = [replace(period, minutes=read_minutes(minutes)) for period in was.periods]
            plan = weekly_from(typed, weekly, timetable.courses(), timetable.today(), was)
        else:
            names = {"first": was.first.isoformat(), "last": was.last.isoformat(), "name": was.name}
            plan = days_from({**names, "class_name": was.class_name, "follows": str(was.follows or ""), **typed})
        timetable.save({entry: plan}, [])
        return _done([entry], as_json)

    _with_timetable(work)


@app.command()
def once(
    entry: EntryId,
    at: Annotated[str, typer.Argument(help='Which time of a weekly entry, as it has it: "2026-11-26 08:00"')],
    skip: Annotated[bool, typer.Option("--skip", help="It does not take place; its lesson is taken next time")] = False,
    lesson: Annotated[str | None, typer.Option(help="This lesson instead: its number or title")] = None,
    onward: Annotated[bool, typer.Option("--onward", help="The course goes on after that lesson")] = False,
    move: Annotated[str | None, typer.Option(help='Then instead: "2026-11-27 10:00"')] = None,
    as_json: Json = False,
) -> None:
    """Change a weekly entry at one time only; without an option it is as planned again."""

    def work(timetable: TimetableService) -> int:
        day_text, start_text = _two_words(at)
        day, start = read_day(day_text), read_clock(start_text)
        plan = timetable.plan(entry)
        taken = [one for one in timetable.between(day, day) if (one.entry, one.start) == (entry, start)]
        changed = isinstance(plan, WeeklyPlan) and (day, start) in plan.changes
        if not isinstance(plan, WeeklyPlan) or not (taken or changed):
            raise OccurrenceUnknown
        said: dict[str, Any] = {"skip": True} if skip else {}
        if lesson is not None:
            course = next((c for c in timetable.courses() if c.id == plan.course), None)
            if course is None:
                raise CourseNotHere(course=plan.course)
            said |= {"lesson": find_lesson(lesson, course).id, "onward": onward}
        if move is not None:
            to_day, to_start = _two_words(move)
            said |= {"day": read_day(to_day).isoformat(), "start": read_clock(to_start)}
        timetable.change_once(entry, day, start, said or None)
        return _done([entry], as_json)

    _with_timetable(work)


@app.command("days-off")
def days_off(
    first: Annotated[str, typer.Option("--from", help="The first day")],
    last: Annotated[str | None, typer.Option("--until", help="The last day; the same if nothing is said")] = None,
    name: Annotated[str, typer.Option(help="What it is, for example 国庆节")] = "",
    class_name: Annotated[str | None, typer.Option("--class", help="One class; all if nothing is said")] = None,
    follows: Annotated[str | None, typer.Option(help="Classes take place, as on this day of the week")] = None,
    as_json: Json = False,
) -> None:
    """Add days without classes, or on which another weekday's classes take place."""

    def work(timetable: TimetableService) -> int:
        typed = _typed(first=first, last=last, name=name, class_name=class_name, follows=follows)
        return _done(timetable.add([days_from(typed)]), as_json)

    _with_timetable(work)


@app.command()
def remove(entry: EntryId, as_json: Json = False) -> None:
    """Remove an entry."""

    def work(timetable: TimetableService) -> int:
        timetable.remove(entry)
        return _done([entry], as_json)

    _with_timetable(work)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV file; - is standard input")], as_json: Json = False
) -> None:
    """Take the entries of a CSV file: all of it, or nothing and what is wrong by row and column."""

    def work(timetable: TimetableService) -> int:
        data = sys.stdin.buffer.read() if str(file) == "-" else _read(file)
        try:
            sheet = read_sheet(data, timetable.courses(), timetable.today(), timetable.plans())
        except Faulty as faulty:
            tell_faults(faulty, as_json)
            return FAILED
        added = timetable.save(sheet.changed, sheet.added)
        there = {"added": len(added), "known": len(sheet.changed) + len(sheet.added) - len(added)}
        print(json.dumps(there) if as_json else f"{there['added']} added, {there['known']} were known.")
        return 0

    _with_timetable(work)


@app.command("export")
def export_file(
    file: Annotated[Path, typer.Argument(help="Where to write; - is standard output")] = Path("-"),
) -> None:
    """Write the entries as a CSV file that spreadsheets open, and that `import` takes again."""

    def work(timetable: TimetableService) -> int:
        data = write_sheet(timetable.plans(), timetable.courses(), spoken_language())
        if str(file) == "-":
            sys.stdout.buffer.write(data)
            return 0
        try:
            file.write_bytes(data)
        except OSError as error:
            tell(f"{file}: {error.strerror}")
            return FAILED
        return 0

    _with_timetable(work)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from error


def _typed(**said: str | None) -> dict[str, str]:
    return {name: value for name, value in said.items() if value is not None}


def _two_words(text: str) -> tuple[str, str]:
    first, _, second = text.strip().rpartition(" ")
    if not first:
        raise ClockWrong(text=text[:40])
    return first, second


def _times(at: Sequence[str], minutes: str | None) -> tuple[list[Period], list[tuple[str, str, str]]]:
    """Return weekly periods, and (day, start, minutes) of single lessons, from what `--at` says."""
    weekly, once = [], []
    for text in at:
        day, start = _two_words(text)
        if day.strip()[:4].isdigit() and len(day.strip()) >= 8:
            once.append((day, start, minutes or ""))
        else:
            weekly.append(Period(read_weekday(day), read_clock(start), read_minutes(minutes or "")))
    return weekly, once


def _done(ids: Sequence[str], as_json: bool) -> int:
    print(json.dumps({"entries": ids}) if as_json else "\n".join(ids) or "It is on the timetable already.")
    return 0
