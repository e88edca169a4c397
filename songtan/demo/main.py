"""`songtan demo`: start, walk, and stay up to be tried; or with `--once` walk, check, sum up and end."""

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from catalog.formats.release import Media, Rendition
from catalog.settings import load
from catalog.telemetry import configure_logging
from songtan.demo.check import Check, tiers_fetched
from songtan.demo.lesson import DemoLesson, demo_lesson
from songtan.demo.node import LocalNode
from songtan.demo.way import PARTNER_LOGIN, PUBLISHER, Walked, Way
from songtan.settings import StackSettings
from songtan.stack.centre import OPS_LOGIN, LocalCentre
from songtan.stack.guard import guarded
from songtan.stack.postgres import discard
from songtan.stack.state import State


def run(*, once: bool, lesson: Path | None) -> int:
    """Run the demo; returns the exit code. Raises `AppError`s of what cannot even be begun."""
    chosen = demo_lesson(lesson.absolute() if lesson else None)
    settings = load(StackSettings)
    folder = settings.state / "once" if once else settings.state
    if once:
        _remove(folder)
    state = State.open(folder)
    state.lock()
    if "log_level" not in settings.model_fields_set:
        settings = settings.model_copy(update={"log_level": "warning"})  # each program has a log of its own
    code = guarded(lambda: _Demo(settings, state, chosen).run(once))
    if once and code == 0:
        _remove(folder)
    return code


def _remove(folder: Path) -> None:
    """Remove a state folder and what PostgreSQL keeps for it elsewhere."""
    discard(folder / "postgres")
    shutil.rmtree(folder, ignore_errors=True)


class _Bar:
    """A rich progress bar as the way sees it."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def move(self, done: float, total: float, words: str = "") -> None:
        """Show how far it is."""
        self._progress.update(self._task, completed=done, total=total, words=words)


class _Demo:
    """The work of the guarded half."""

    def __init__(self, settings: StackSettings, state: State, lesson: DemoLesson) -> None:
        configure_logging("songtan", settings)
        self._console = Console(stderr=True, highlight=False, markup=False)
        self._lesson = lesson
        self._centre = LocalCentre(settings, state, say=self._say)
        self._node = LocalNode(self._centre)

    def run(self, once: bool) -> int:
        """Walk; then sum up, or stay until Ctrl-C."""
        began = time.monotonic()
        try:
            self._centre.start()
            walked = Way(self._centre, self._node, self._bar, self._say).walk(self._lesson)
            if once:
                self._check(walked, began)
            else:
                self._invite()
                self._centre.supervisor.watch()
        finally:
            self._say("stopping")
            self._centre.stop()
        return 0

    def _say(self, words: str) -> None:
        self._console.print(f"• {words}")

    @contextmanager
    def _bar(self, title: str) -> Iterator[_Bar]:
        columns = (TextColumn("• {task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, TextColumn("{task.fields[words]}"), console=self._console) as progress:
            task = progress.add_task(title, total=None, words="")
            yield _Bar(progress, task)
            progress.update(task, words="", completed=progress.tasks[task].total or 1)

    def _check(self, walked: Walked, began: float) -> None:
        """Check everything, take the centre away, and check the classroom again."""
        check = Check(self._centre, self._node, walked)
        self._say("checking the signatures and every pack in the store")
        release = check.release()
        indexes = check.packs(release)
        self._say("checking every segment on the node, its pages and its media")
        segments, held = check.segments_on_node(release, indexes)
        small = check.small_files(release)
        check.classroom(release)
        self._say("switching the centre off: the classroom goes on")
        self._centre.supervisor.stop_all_but(self._node.program)
        served = check.classroom(release)
        lesson = next(lesson for lesson in release.lessons if lesson.id == walked.lesson)
        media, encode = lesson.media, walked.seconds["encode"]
        seconds = media.duration_ms / 1000
        table = Table("", "", show_header=False, box=None)
        table.add_row("lesson", f"{lesson.title}, {seconds:.0f} s, {walked.source_bytes:,} bytes uploaded")
        for rendition in media.renditions:
            table.add_row(f"rung {rendition.rung.value}, {rendition.tier.value}", rung_words(media, rendition))
        table.add_row("beside it", f"{len(media.stills)} stills, {len(media.chapters)} chapters")
        tiers = " and ".join(tier.value for tier in media.tiers)
        table.add_row("encoded", f"{tiers}, measured, in {encode:.1f} s, {seconds / encode:.1f}x real time")
        table.add_row("published", f"release {release.number}, signed and seen in {walked.seconds['publish']:.1f} s")
        fetched = " and ".join(tier.value for tier in tiers_fetched(media))
        table.add_row("node", f"fetches {fetched}: {segments} segments, {held:,} bytes, {small} small files")
        table.add_row("", f"all verified; there {walked.seconds['fill']:.1f} s on")
        table.add_row("centre off", f"page, HLS and progressive served, {served:,} bytes")
        table.add_row("whole way", f"{time.monotonic() - began:.1f} s")
        out = Console(highlight=False, markup=False)
        out.print(table)
        out.print("All is well.", style="bold green")
        sys.stdout.flush()

    def _invite(self) -> None:
        """Print what a person can now open."""
        secrets, api = self._centre.secrets, self._centre.url("api")
        self._centre.note_addresses({"edge": self._node.url})
        table = Table("", "open", "sign in", "password", box=None)
        table.add_row("classroom", self._node.url, "–", "–")
        table.add_row("partner", f"{api}/partner", PARTNER_LOGIN, secrets["partner_password"])
        table.add_row("ops", f"{api}/ops", OPS_LOGIN, secrets["ops_password"])
        table.add_row("signer", "from a release's page", PUBLISHER, secrets["publisher_passphrase"])
        out = Console(highlight=False, markup=False)
        out.print(table)
        out.print("Ctrl-C ends it all; what is stored stays for the next time.")
        sys.stdout.flush()


def rung_words(media: Media, rendition: Rendition) -> str:
    """What a class fetches to play a rendition: size, bytes with the sound, rate, and what was measured on it."""
    tracks = media.tracks(rendition.rung, rendition.tier)
    length = sum(track.length for track in tracks)
    video, quality = rendition.video, rendition.quality
    words = ["sound"] if video is None else [f"{video.width}x{video.height}, {video.frame_rate:.3g} frames/s"]
    sound = " with sound" if len(tracks) > 1 else ""
    words.append(f"{length:,} bytes{sound}, {length * 8 / media.duration_ms:.0f} kbit/s")
    if quality and quality.vmaf_mean is not None:
        words.append(f"VMAF {quality.vmaf_mean:.1f}")
    if quality and quality.legibility is not None:
        words.append(f"{quality.legibility:.0%} read")
    return ", ".join(words)
