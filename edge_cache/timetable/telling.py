"""The timetable in words and in JSON, as commands tell it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from catalog.formats.errors import N_, AppError
from catalog.formats.forecast import State
from catalog.formats.occurrences import DaysOff, OneLesson, Plan
from catalog.look.filters import clock_words
from catalog.look.language import Language, spoken_language, translate, translate_error
from catalog.look.words import STATE_WORDS, WEEKDAY_WORDS, WHY_WORDS
from edge_cache.terminal import console
from edge_cache.timetable.repository import CourseHere
from edge_cache.timetable.service import Standing
from edge_cache.timetable.sheet import Faulty


def plan_json(plan: Plan) -> dict[str, Any]:
    """Return an entry for machines."""
    told: dict[str, Any] = {"id": plan.id, "class": plan.class_name, "first": plan.first.isoformat()}
    if isinstance(plan, DaysOff):
        return told | {"kind": "days", "last": plan.last.isoformat(), "name": plan.name, "follows": plan.follows}
    told |= {"course": plan.course, "lesson": plan.lesson}
    if isinstance(plan, OneLesson):
        return told | {"kind": "once", "start": clock_words(plan.start), "minutes": plan.minutes}
    periods = [{"weekday": p.weekday, "start": clock_words(p.start), "minutes": p.minutes} for p in plan.periods]
    changes = [
        {"day": day.isoformat(), "at": clock_words(start), **change.model_dump(exclude_defaults=True)}
        for (day, start), change in sorted(plan.changes.items())
    ]
    last = plan.last.isoformat() if plan.last else None
    return told | {"kind": "weekly", "last": last, "periods": periods, "changes": changes}


def due_json(one: Standing) -> dict[str, Any]:
    """Return a lesson that is due, and how it stands, for machines."""
    due = one.due
    told = {"entry": due.entry, "class": due.class_name, "course": due.course, "lesson": due.lesson}
    times = {"starts": due.starts.isoformat(), "ends": due.ends.isoformat()}
    return {**told, **times, **one.forecast.model_dump(mode="json")}


def tell_timetable(
    plans: Sequence[Plan], due: Sequence[Standing], courses: Sequence[CourseHere], asked: Mapping[str, Sequence[str]]
) -> None:
    """Print entries and what is due; `asked` are entries of which somebody has to choose."""
    language = spoken_language()
    titles = {course.id: course.title for course in courses}
    lessons = {(c.id, lesson.id): f"{lesson.number}. {lesson.title}" for c in courses for lesson in c.lessons}
    for plan in plans:
        mark = "  (?)" if plan.id in asked else ""
        if isinstance(plan, DaysOff):
            console.print(f"{plan.id}  {plan.class_name} {plan.name or '–'}{mark}".rstrip(), soft_wrap=True)
        else:
            course = titles.get(plan.course, plan.course)
            lesson = lessons.get((plan.course, plan.lesson), plan.lesson)
            console.print(f"{plan.id}  {plan.class_name}  {course}: {lesson}{mark}", soft_wrap=True)
        console.print(f"    {_when(plan)}", soft_wrap=True)
    if not plans:
        console.print("Nothing is on the timetable. `songtan edge timetable add --help` says how to begin.")
    if due:
        console.print()
    for one in due:
        lesson = lessons.get((one.due.course, one.due.lesson or ""), "–")
        words = f"{one.due.starts:%m-%d %H:%M}  {one.due.class_name}  {lesson}  {_state(one, language)}"
        console.print(words, soft_wrap=True)
    if asked:
        tell("Entries marked (?) were changed at two places at once. Open the node's page and choose.")


def _state(one: Standing, language: Language) -> str:
    """Return how a lesson stands, in a few words."""
    told = one.forecast
    if told.state == State.ARRIVING and told.when is None:
        return translate(N_("Not here yet"), language)
    words = translate(STATE_WORDS.get(told.state, STATE_WORDS["at-risk"]), language)
    if told.when is not None and told.state == State.ARRIVING:
        words += f" {told.when.astimezone(one.due.starts.tzinfo):%m-%d %H:%M}"
    why = translate(WHY_WORDS.get(told.why, ""), language) if told.state != State.READY else ""
    return f"{words}. {why}" if why else words


def _when(plan: Plan) -> str:
    language = spoken_language()
    if isinstance(plan, OneLesson):
        return f"{plan.first.isoformat()} {clock_words(plan.start)}"
    days = f"{plan.first.isoformat()} – {plan.last.isoformat() if plan.last else '…'}"
    if isinstance(plan, DaysOff):
        return f"{days} ({translate(WEEKDAY_WORDS[plan.follows - 1], language)})" if plan.follows else days
    periods = (f"{translate(WEEKDAY_WORDS[p.weekday - 1], language)} {clock_words(p.start)}" for p in plan.periods)
    return f"{', '.join(periods)}; {days}"


def tell(what: AppError | str) -> None:
    """Tell a person what is wrong."""
    words = what if isinstance(what, str) else f"{translate_error(what, spoken_language())} [{what.code}]"
    typer.echo(words, err=True)


def tell_faults(faulty: Faulty, as_json: bool) -> None:
    """Print what is wrong in a file, by row and column."""
    language = spoken_language()
    if as_json:
        faults = [
            {"row": f.row, "column": f.column, "code": f.error.code, "text": translate_error(f.error, language)}
            for f in faulty.faults
        ]
        console.print_json(json.dumps({"code": faulty.code, "faults": faults}, ensure_ascii=False))
    else:
        for fault in faulty.faults:
            tell(f"{fault.row}, {fault.column}: {translate_error(fault.error, language)}")
    tell(faulty)
