"""`songtan edge bundle …`: releases to and from a USB drive."""

import json
from pathlib import Path
from typing import Annotated, Any, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from edge_cache.bundle.export import Exported, export_node
from edge_cache.bundle.source import DriveSource
from edge_cache.errors import SourceFailed, SourceLacks, SourceSentBadBytes
from edge_cache.job import Outcome
from edge_cache.node import Node
from edge_cache.settings import EdgeSettings
from edge_cache.terminal import DAMAGED, IN_PART, Json, console, finish, with_node

bundle = typer.Typer(
    name="bundle",
    help="Lessons on a USB drive: where there is no line, or too thin a one. Signed and checked as over the line.",
    no_args_is_help=True,
)
Folder = Annotated[Path, typer.Argument(help="Where the drive is mounted, for example /media/usb")]
STAGES = {"check": "Checking", "write": "Writing"}


@bundle.command("export")
def write(
    folder: Folder,
    course: Annotated[list[str] | None, typer.Option(help="Id of a course; once for each. Without it: all.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="First read what is on the drive; mend what is rotten.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write what this node holds to a drive; what is there stays. Works while the node runs.

    Run it again after a break, or when there is more: it goes on where it stopped. Exit code 3: the drive is full, or
    the node itself does not hold all of it.
    """

    def run() -> int:
        with _Bar(as_json) as bar:
            done = export_node(EdgeSettings().state, folder, course or (), check, bar)
        _tell_export(done, folder, as_json)
        return IN_PART if done.full or done.lacking else 0

    finish(run)


@bundle.command("import")
def read(folder: Folder, as_json: Json = False) -> None:
    """Take from a drive what this node should hold, with no line. A running node takes it by itself.

    Stop it at any moment: what was taken stays. Exit code 3: the drive was pulled out or the disk is full; 4: parts of
    the drive are damaged, and were not taken.
    """

    async def work(node: Node) -> int:
        drive = await DriveSource.open(folder)
        node.nearby = lambda: (drive,)
        with _Bar(as_json) as bar:
            await node.sync_once(line=False)
            bar.begin("Reading", sum(c.bytes_wanted - c.bytes_held for c in node.releases.held()))
            node.on_progress = lambda: bar.reach(node.bytes_fetched)
            outcome = await node.fill_once(node.nearby)
        # What a drive lacks is no fault of anybody's: it comes with another drive, or over the line.
        lacks = [p.source for p in node.notes.problems() if p.code == SourceLacks.code]
        node.notes.mended(*(source for source in lacks if source.startswith(("blob:", "pack:"))))
        return _tell_import(node, outcome, as_json)

    with_node(work)


class _Bar:
    """Bars for people, one for each stage, on standard error; none beside JSON."""

    def __init__(self, as_json: bool) -> None:
        columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
        self._bars = Progress(*columns, console=Console(stderr=True), disable=as_json)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._bars.stop()

    def begin(self, stage: str, length: int) -> None:
        """Show the next stage."""
        self._bars.add_task(STAGES.get(stage, stage), total=length or None)

    def advance(self, length: int) -> None:
        """Move the bar of the stage that runs."""
        self._bars.advance(self._bars.task_ids[-1], length)

    def reach(self, length: int) -> None:
        """Say how far the stage that runs is in all."""
        self._bars.update(self._bars.task_ids[-1], completed=length)


def _tell_export(done: Exported, folder: Path, as_json: bool) -> None:
    if as_json:
        print(json.dumps(vars(done)))
        return
    words = [f"{folder}: {done.written} bytes written, {done.there} were there."]
    if done.damaged:
        words.append(f"{done.damaged} damaged parts were found on the drive and written anew.")
    if done.lacking:
        words.append(f"{done.lacking} bytes are not on this node yet, and so not on the drive.")
    if done.ahead:
        words.append("The drive's signed statements are newer than this node's, and stay. Let this node read it too.")
    if done.full:
        words.append("The drive is full. What is on it is sound; the rest can come over the line.")
    console.print("\n".join(words), highlight=False, soft_wrap=True)


def _tell_import(node: Node, outcome: Outcome, as_json: bool) -> int:
    damaged = any(isinstance(error, SourceSentBadBytes) for error in outcome.failures)
    broke_off = any(not isinstance(error, SourceFailed) or error.wears_off for error in outcome.failures)
    courses: list[dict[str, Any]] = [course.model_dump(mode="json") for course in node.releases.held()]
    if as_json:
        found = {"bytes_taken": node.bytes_fetched, "damaged": damaged, "broke_off": broke_off, "courses": courses}
        print(json.dumps(found))
    else:
        titles = {course.course: course.title for course in node.releases.courses()}
        words = [f"{node.bytes_fetched} bytes taken."]
        for held in courses:
            ready = f"{held['lessons_ready']} of {held['lessons']} lessons ready"
            words.append(f"{titles.get(held['course']) or held['course']}: {ready}")
        words += sorted({str(error) for error in outcome.failures if not isinstance(error, SourceLacks)})
        console.print("\n".join(words), highlight=False, soft_wrap=True)
    return DAMAGED if damaged else IN_PART if broke_off else 0
