"""`songtan edge wish`: what a teacher asks of a lesson, by command. It works while the node runs, which heeds it."""

import contextlib
import json
from typing import Annotated

import typer

from edge_cache.database import Database
from edge_cache.errors import NodeStateUnreadable
from edge_cache.planning.opening import open_planning
from edge_cache.settings import EdgeSettings
from edge_cache.store.files import Files
from edge_cache.terminal import Json, console, finish
from edge_cache.timetable.service import TimetableService
from edge_cache.wishes.service import Wishes, read_wish, which_lesson
from edge_cache.wishes.telling import wish_json, wish_words


def wish(
    lesson: Annotated[
        str | None, typer.Argument(help="The lesson: its title, its id, or with --course its number")
    ] = None,
    what: Annotated[str | None, typer.Argument(help="get-now, pin, not-this, or none to take it back")] = None,
    course: Annotated[str | None, typer.Option(help="The course: its title or its id")] = None,
    as_json: Json = False,
) -> None:
    """Ask for a lesson now, keep it here, or leave it out; without arguments show what is asked.

    get-now: before everything else, until it is here. pin: fetch it, and never give it up. not-this: leave it out, and
    give it up first when room is needed, unless the timetable needs it. The box obeys within a second.
    """

    def run() -> int:
        settings = EdgeSettings()
        if not (settings.state / "node.db").exists():
            raise NodeStateUnreadable(folder=str(settings.state), why="it holds no node.db; start the node once")
        with contextlib.closing(Database(settings.state / "node.db")) as database:
            _, timetable, wishes = open_planning(database, Files(settings.state / "store"), settings.zone)
            done = lesson is None or _ask(timetable, wishes, lesson, what, course)
            _show(timetable, wishes, as_json=as_json, done=done)
        return 0

    if lesson is not None and what is None:
        raise typer.BadParameter("say what is asked of it: get-now, pin, not-this or none")
    finish(run)


def _ask(timetable: TimetableService, wishes: Wishes, lesson: str, what: str | None, course: str | None) -> bool:
    """Note a wish; return whether there is something to do for it."""
    asked = read_wish(what or "")
    return wishes.ask(*which_lesson(lesson, course, timetable.courses()), asked)


def _show(timetable: TimetableService, wishes: Wishes, *, as_json: bool, done: bool) -> None:
    found = wishes.all()
    if as_json:
        print(json.dumps({"wishes": [wish_json(one) for one in found]}, indent=2))
        return
    if not done:
        console.print("It is here already.")
    for one in found:
        console.print(wish_words(one, timetable.courses()), highlight=False, soft_wrap=True)
    if not found:
        console.print("Nothing is asked for.")
