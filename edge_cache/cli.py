"""`songtan edge …` and `python -m edge_cache …`: the commands of a node.

Exit codes: 0 done; 1 the command could not be done, the message says why; 2 wrong use; 3 done in part, run it
again later; 4 damage was found (and will be fetched again).
"""

import json
import shutil
import signal
import socket
from collections import Counter
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Annotated, Any

import typer
import uvicorn
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from catalog.formats.errors import AppError
from catalog.formats.forecast import State
from catalog.formats.protocol import Direction
from catalog.lifeline import follow_parent
from catalog.look.filters import local_moment
from catalog.look.language import spoken_language, translate
from edge_cache.app import make_app
from edge_cache.bundle.cli import bundle
from edge_cache.database import Database
from edge_cache.errors import AddressTaken, NotEnrolled
from edge_cache.identity import read_identity
from edge_cache.logs import start_logs
from edge_cache.memory import keep_little
from edge_cache.node import Node
from edge_cache.notes import Notes, is_paused, set_paused
from edge_cache.planning.line import usual_rate
from edge_cache.planning.opening import open_planning
from edge_cache.planning.telling import plan_json, tell_plan
from edge_cache.releases.repository import ReleaseRepository
from edge_cache.releases.updates import UpdateRepository, expected_hours
from edge_cache.scrub import Looked
from edge_cache.serve.sending import Missing
from edge_cache.settings import EdgeSettings
from edge_cache.store.files import Files
from edge_cache.store.repository import StoreRepository
from edge_cache.terminal import DAMAGED, FAILED, IN_PART, Json, console
from edge_cache.terminal import finish as _finish
from edge_cache.terminal import with_node as _with_node
from edge_cache.timetable.cli import app as timetable_app
from edge_cache.wishes.cli import wish
from edge_cache.wishes.repository import WishRepository
from edge_cache.wishes.telling import wish_json, wish_words

STOP_SECONDS = 3

app = typer.Typer(
    name="edge",
    help="The classroom box: fetches verified lessons and serves them, with or without a line.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(bundle, name="bundle")
app.add_typer(timetable_app, name="timetable")
app.command("wish")(wish)


@app.command()
def serve() -> None:
    """Serve the classroom's pages, and fill the node while there is a line, until stopped."""

    def run() -> int:
        keep_little()
        settings = EdgeSettings()
        start_logs(settings.log_level, settings.log_json, expected=(Missing,))
        with Node(settings) as node, _listen(settings) as listener:
            config = uvicorn.Config(
                make_app(node),
                http="h11",  # not what else is installed: a box runs what is tested
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
            server = uvicorn.Server(config)
            for stop in (signal.SIGTERM, signal.SIGINT):
                signal.signal(stop, _stopped)  # uvicorn raises the signal anew when it has stopped in order
            server.run(sockets=[listener])
            return 0 if server.started else FAILED

    _finish(run)


@app.command()
def enrol(
    centre: Annotated[str, typer.Option(help="Address of the centre, for example https://songtan.example")],
    code: Annotated[str, typer.Option(help="One-time code from the centre's staff: six groups of four")],
) -> None:
    """Make this box a node of a centre, with a one-time code."""

    async def work(node: Node) -> int:
        identity = await node.enrol(centre, code)
        console.print(f"Enrolled as {identity.name}, {identity.site_name}.", highlight=False)
        return 0

    _with_node(work)


@app.command()
def status(as_json: Json = False) -> None:
    """Show what the node is, holds and lacks; works while the node runs."""

    def run() -> int:
        settings = EdgeSettings()
        identity = read_identity(settings.state)
        if not (settings.state / "node.db").exists():
            if as_json:
                print(json.dumps({"enrolled": identity is not None}))
            else:
                console.print("This node has not been started yet.")
            return 0
        database = Database(settings.state / "node.db")
        try:
            found = _figures(database) | _store_figures(database, settings)
        finally:
            database.close()
        found["node"] = identity.model_dump(mode="json", exclude={"token"}) if identity else None
        found["enrolled"] = identity is not None
        print(json.dumps(found, ensure_ascii=False, indent=2)) if as_json else _tell(found, settings.zone)
        return 0

    _finish(run)


@app.command()
def sync(as_json: Json = False) -> None:
    """Look at the centre once, fetch all that is new, report, and stop. Exit code 3: something is still missing."""

    async def work(node: Node) -> int:
        with _bar(as_json) as bar:
            task = bar.add_task("Fetching", total=None)
            await node.sync_once()
            wanted = sum(c.bytes_wanted - c.bytes_held for c in node.releases.held())
            bar.update(task, total=wanted or None)
            node.on_progress = lambda: bar.update(task, completed=node.bytes_fetched)
            outcome = await node.fill_once()
        try:
            await node.report_once()
        except AppError as error:
            node.notes.trouble("report", error)
        else:
            node.notes.mended("report")
        found = _figures(node.database) | {"bytes_fetched": node.bytes_fetched}
        print(json.dumps(found, ensure_ascii=False, indent=2)) if as_json else _tell(found, node.settings.zone)
        return IN_PART if found["problems"] or outcome.closed else 0

    _with_node(work)


@app.command()
def pause() -> None:
    """Stop fetching until `resume`, within a second and over restarts. Lessons that are here play on."""
    _pause(True, "The fill is paused. `songtan edge resume` lets it go on.")


@app.command()
def resume() -> None:
    """Go on fetching after a `pause`."""
    _pause(False, "The fill goes on.")


def _pause(paused: bool, words: str) -> None:
    """Write down whether the fill is paused: the node that runs reads it."""

    def run() -> int:
        settings = EdgeSettings()
        if read_identity(settings.state) is None:
            raise NotEnrolled
        database = Database(settings.state / "node.db")
        try:
            set_paused(Notes(database), paused)
        finally:
            database.close()
        console.print(words)
        return 0

    _finish(run)


@app.command()
def verify(
    fetch: Annotated[bool, typer.Option("--fetch", help="Fetch what has rotten again at once.")] = False,
    as_json: Json = False,
) -> None:
    """Read and check everything the node holds. What has rotten is forgotten, to be fetched again.

    Exit code 4: damage was found; with --fetch 0 if all of it has come again. A node that runs does this by itself,
    slowly: `songtan edge status` says when it last came through.
    """

    async def work(node: Node) -> int:
        found: list[Looked] = []
        with _bar(as_json) as bar:
            task = bar.add_task("Checking", total=node.keeper.rows.totals()[1])
            for looked in node.housekeeping.scrub.everything():
                found.append(looked)
                bar.update(task, advance=looked.length)
        bad = [looked.digest for looked in found if not looked.sound]
        fetched = bool(bad) and fetch and await _fetched_again(node)
        if as_json:
            print(json.dumps({"sound": len(found) - len(bad), "damaged": bad, "fetched_again": fetched}))
        else:
            again = " All of it has been fetched again." if fetched else ""
            console.print(f"{len(found) - len(bad)} sound, {len(bad)} damaged.{again}")
        return DAMAGED if bad and not fetched else 0

    _with_node(work)


@app.command()
def gc(as_json: Json = False) -> None:
    """Remove what no known release needs, and what a power cut left. A node that runs does this by itself."""

    async def work(node: Node) -> int:
        evictor = node.housekeeping.evictor
        removed = evictor.collect() + evictor.sweep()
        if as_json:
            print(
                json.dumps({"segments": removed.segments, "small_files": removed.blobs, "bytes_freed": removed.freed})
            )
        else:
            console.print(
                f"{removed.segments} segments and {removed.blobs} small files removed, {removed.freed} bytes freed."
            )
        return 0

    _with_node(work)


async def _fetched_again(node: Node) -> bool:
    """Fetch what is missing; say whether nothing is missing any more."""
    await node.fill_once()
    return all(course.bytes_held == course.bytes_wanted for course in node.releases.held())


def _bar(quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
        console=Console(stderr=True), disable=quiet,
    )  # fmt: skip


@app.command()
def plan(as_json: Json = False) -> None:
    """Show what the node fetches next and why, what goes for it, and how timetabled lessons stand; fetches nothing."""

    def run() -> int:
        settings = EdgeSettings()
        if not (settings.state / "node.db").exists():
            print(json.dumps(None)) if as_json else console.print("This node has not been started yet.")
            return 0
        database = Database(settings.state / "node.db")
        try:
            planning, timetable, wishes = open_planning(database, Files(settings.state / "store"), settings.zone)
            (given, found), asked, courses = planning.planned(), wishes.all(), timetable.courses()
        finally:
            database.close()
        if as_json:
            told = plan_json(found, given) | {"wishes": [wish_json(one) for one in asked]}
            print(json.dumps(told, ensure_ascii=False, indent=2))
        else:
            tell_plan(found, given, {course.id: course.title for course in courses}, settings.zone)
            for one in asked:
                console.print(wish_words(one, courses), highlight=False, soft_wrap=True)
        return 0

    _finish(run)


def _figures(database: Database) -> dict[str, Any]:
    """What `status` and `sync` tell."""
    notes, releases = Notes(database), ReleaseRepository(database)
    text = notes.fact("direction")
    titles = {course.course: course.title for course in releases.courses()}
    rate = usual_rate(notes)
    return {
        "direction": Direction.model_validate_json(text).version if text else 0,
        "courses": [{"title": titles.get(c.course), **c.model_dump(mode="json")} for c in releases.held()],
        "updates": [
            {**asdict(update), "expected_hours": expected_hours(update.cost, rate)}
            for update in UpdateRepository(database).under_way()
        ],
        "paused": is_paused(notes),
        "wishes": [wish_json(one) for one in WishRepository(database).all()],
        "problems": [
            {"at": p.source, "code": p.code, "text": translate(p.message, spoken_language(), **p.data)}
            for p in notes.problems()
        ],
    }


def _store_figures(database: Database, settings: EdgeSettings) -> dict[str, Any]:
    """What `status` tells of the store besides; bytes and ISO times. `timetable` counts today's and tomorrow's."""
    notes, usage = Notes(database), shutil.disk_usage(settings.state)
    _, timetable, _ = open_planning(database, Files(settings.state / "store"), settings.zone)
    states = Counter(one.state for one in timetable.forecast().lessons)
    segments, held_bytes = StoreRepository(database).totals()
    scrubbed = notes.fact("scrub_finished")
    return {
        "disk": {"free": usage.free, "total": usage.total},
        "store": {"segments": segments, "bytes": held_bytes},
        "timetable": {"lessons": states.total(), **{state.value: states[state] for state in State}},
        "scrub": {"finished": scrubbed, "damaged": int(notes.fact("scrub_found") or 0)} if scrubbed else None,
        "line_bytes_per_s": usual_rate(notes),
    }


def _tell(found: dict[str, Any], zone: tzinfo) -> None:
    """Print figures for a person; `zone` is the school's."""
    if found.get("node"):
        console.print(f"{found['node']['name']}, {found['node']['site_name']}", style="bold", highlight=False)
    for course in found["courses"]:
        words = f"{course['lessons_ready']} of {course['lessons']} lessons ready"
        console.print(
            f"{course['title'] or course['course']}: {words}, {course['bytes_held']} of {course['bytes_wanted']} bytes",
            highlight=False,
        )
    if due := found.get("timetable", {}).get("lessons"):
        risk = found["timetable"][State.AT_RISK]
        words = f"{risk} at risk; `songtan edge plan` says why" if risk else "none at risk"
        console.print(f"Timetable, today and tomorrow: {due} lessons, {words}.", highlight=False)
    for update in found["updates"]:
        hours = update["expected_hours"]
        time = "how long is not known yet" if hours is None else f"about {hours:.1f} h on this line"
        most = "" if update["exact"] else "at most "
        console.print(
            f"{update['title']}: release {update['serving']} becomes {update['release']},"
            f" {most}{update['cost']} bytes to fetch, {time}",
            highlight=False,
        )
    if scrub := found.get("scrub"):
        words = f"{scrub['damaged']} parts had rotten" if scrub["damaged"] else "nothing had rotten"
        finished = local_moment(datetime.fromisoformat(scrub["finished"]), "en", zone)
        console.print(f"All of it last read and compared by {finished}: {words}.", highlight=False)
    if found["paused"]:
        console.print("The fill is paused; `songtan edge resume` lets it go on.")
    for problem in found["problems"]:
        console.print(f"{problem['at']}: {problem['text']}", style="red", highlight=False)
    if not found["problems"]:
        console.print("No problems.")


def _listen(settings: EdgeSettings) -> socket.socket:
    """Return the socket of the classroom's pages. Raises AddressTaken."""
    host, port = settings.address
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=512
        )
    except (OSError, UnicodeError) as error:
        raise AddressTaken(address=settings.listen, why=str(error)) from error


def _stopped(_signal: int, _frame: object) -> None:
    raise SystemExit(0)


def main() -> None:
    """Start of `python -m edge_cache`."""
    follow_parent()
    app(prog_name="songtan edge")
