"""Runs ffmpeg, ffprobe and other tools: confined, within limits, with progress while they run, and no orphans."""

import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from workers.pipeline import confine
from workers.pipeline.confinement import (
    Confinement,
    Reach,
    hand_over,
    reach,
    seen_from,
    split_inputs,
    user_of_tools,
    weigh,
    words_for,
)
from workers.pipeline.errors import (
    Cancelled,
    CannotConfine,
    NotDecodable,
    ToolFailed,
    ToolTooBusy,
    ToolTooSlow,
    ToolWroteTooMuch,
    WorkspaceFull,
)
from workers.pipeline.workspace import RESERVE_BYTES

log = structlog.get_logger(__name__)

TAIL_BYTES = 2000
LOOK_S = 0.2
"""So often is looked whether the work was cancelled or its time is over."""
WEIGH_S = 1.0
"""So often is looked how much it has written."""
MOST_FILES = 10_000
TICKS_A_S = os.sysconf("SC_CLK_TCK")

_OUT_TIME = re.compile(rb"^out_time_us=(\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may take: seconds of wall time, seconds of processor time, bytes of memory and of files.

    `memory_bytes` is address space, of which an encoder reserves more than it fills. `file_bytes` is for any one file,
    `folder_bytes` for all that the run adds to the folders that it writes in.
    """

    seconds: float
    cpu_seconds: int
    memory_bytes: int = 4 << 30
    file_bytes: int = 64 << 30
    folder_bytes: int = 64 << 30


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told how far the output is, in seconds of media, and who says when to stop."""

    progress: Callable[[float], None] = lambda seconds: None
    is_cancelled: Callable[[], bool] = lambda: False


UNWATCHED = Watch()


ALONE = Confinement()
"""One process that reaches what its command line names, and nothing else."""


def run(
    command: Sequence[str],
    limits: Limits,
    watch: Watch = UNWATCHED,
    stdout: Path | None = None,
    confinement: Confinement = ALONE,
) -> str:
    """Run `command` to its end and return the end of its stderr.

    Its stdout goes to the file `stdout`, or is read as ffmpeg's `-progress pipe:1`. Inputs written `-i fd:/path` are
    opened here. The process is confined as `confinement.reach` decides, and in a group of its own that is killed on
    every way out. Raises CannotConfine, ToolFailed, ToolTooSlow (wall time), ToolTooBusy (processor time),
    ToolWroteTooMuch, WorkspaceFull, and Cancelled when the watch says so.
    """
    tool = Path(command[0]).name.split("-")[0]
    reached = reach(command, confinement)
    with ExitStack() as opened:
        numbers = [opened.enter_context(path.open("rb")).fileno() for path in _inputs(command)]
        out = opened.enter_context(stdout.open("wb")) if stdout else None
        process = subprocess.Popen(
            _wrapped(command, limits, confinement, reached, numbers),
            stdin=subprocess.DEVNULL,
            stdout=out or subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(confinement),
            pass_fds=numbers,
        )
        try:
            tail = _attend(process, tool, limits, watch, reached)
            seconds = _processor_seconds(process)
        finally:
            _end(process)
    if process.returncode == -signal.SIGXCPU or (process.returncode != 0 and seconds >= limits.cpu_seconds):
        raise ToolTooBusy(tool=tool, seconds=limits.cpu_seconds)
    if process.returncode == -signal.SIGXFSZ:
        raise ToolWroteTooMuch(tool=tool, limit=limits.file_bytes >> 20)
    if process.returncode == confine.FAILED and confine.SAYS in tail:
        raise CannotConfine(tool=tool, why=tail.rpartition(confine.SAYS)[2])
    if process.returncode != 0:
        raise ToolFailed(tool=tool, status=_status(process.returncode), why=tail or "it said nothing")
    return tail


@contextmanager
def decoding(start: float, end: float) -> Iterator[None]:
    """Say of a tool that fails in here that it cannot decode the source between these seconds: NotDecodable.

    One that was killed (for want of memory, by a person) says nothing of the source, and stays a ToolFailed.
    """
    try:
        yield
    except ToolFailed as error:
        if "signal" in str(error.data["status"]):
            raise
        raise NotDecodable(start=round(start, 2), end=round(end, 2), why=str(error.data["why"])) from error


def _inputs(command: Sequence[str]) -> list[Path]:
    return split_inputs(command, ())[1]


def _wrapped(
    command: Sequence[str], limits: Limits, confinement: Confinement, reached: Reach, numbers: list[int]
) -> list[str]:
    """Return the command line that confines itself and becomes `command`."""
    user = user_of_tools()
    hand_over(command, reached, user)
    words = split_inputs(command, numbers)[0]
    if reached.writes:
        words = seen_from(reached.writes[0], words)
    return [
        *(sys.executable, "-I", "-S", confine.__file__),
        *(str(os.getpid()), str(limits.memory_bytes), str(limits.cpu_seconds), str(limits.file_bytes)),
        *words_for(command, confinement, reached, user),
        *words,
    ]


def _environment(confinement: Confinement) -> dict[str, str]:
    """Return what a tool finds in its environment: nothing of ours."""
    there = {"LC_ALL": "C"}
    if confinement.folder is not None:
        there |= {"HOME": str(confinement.folder), "TMPDIR": str(confinement.folder)}
    if confinement.many:
        there["PATH"] = "/usr/bin:/bin"
    return there


class _Scales:
    """How much the run has added to its folders, looked at now and then: the more there is, the more seldom."""

    def __init__(self, tool: str, limits: Limits, folders: Sequence[Path]) -> None:
        self._tool, self._limits, self._folders = tool, limits, folders
        self._before, self._files = weigh(folders)
        self._next = time.monotonic() + WEIGH_S

    def look(self) -> None:
        """Raise ToolWroteTooMuch or WorkspaceFull."""
        began = time.monotonic()
        if began < self._next or not self._folders:
            return
        size, files = weigh(self._folders)
        if size - self._before > self._limits.folder_bytes or files - self._files > MOST_FILES:
            raise ToolWroteTooMuch(tool=self._tool, limit=self._limits.folder_bytes >> 20)
        free = shutil.disk_usage(self._folders[0]).free
        if free < RESERVE_BYTES // 2:
            raise WorkspaceFull(free=free >> 20, needed=RESERVE_BYTES >> 20)
        self._next = time.monotonic() + max(WEIGH_S, 20 * (time.monotonic() - began))


def _attend(process: subprocess.Popen[bytes], tool: str, limits: Limits, watch: Watch, reached: Reach) -> str:
    deadline = time.monotonic() + limits.seconds
    scales = _Scales(tool, limits, reached.writes)
    tail = b""
    with selectors.DefaultSelector() as selector:
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(LOOK_S):
                data = os.read(key.fd, 65_536)
                if not data:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stderr:
                    tail = (tail + data)[-TAIL_BYTES:]
                else:
                    _tell(data, watch)
            if watch.is_cancelled():
                raise Cancelled
            if time.monotonic() > deadline:
                raise ToolTooSlow(tool=tool, seconds=round(limits.seconds))
            scales.look()
        _wait(process, tool, deadline, limits)
    return _readable(tail)


def _wait(process: subprocess.Popen[bytes], tool: str, deadline: float, limits: Limits) -> None:
    """Wait for the end without reaping: what it took can still be read."""
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() > deadline:
            raise ToolTooSlow(tool=tool, seconds=round(limits.seconds))
        time.sleep(0.005)


def _processor_seconds(process: subprocess.Popen[bytes]) -> float:
    """Return how much processor time a process took that has ended and is not reaped; 0 where nobody says it."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0.0
    user, kernel = fields.rpartition(")")[2].split()[11:13]
    return (int(user) + int(kernel)) / TICKS_A_S


def _tell(data: bytes, watch: Watch) -> None:
    found = _OUT_TIME.findall(data)
    if found:
        watch.progress(int(found[-1]) / 1e6)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the group, whatever of it still runs, and reap the process; until then no other can have its number."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        process.kill()  # in case it had not made its own group yet
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _status(code: int) -> str:
    if code >= 0:
        return f"status {code}"
    with suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"


_ADDRESS = re.compile(r" @ 0x[0-9a-f]+")
_FOLDER = re.compile(r"(?:file:)?/\S*/")


def _readable(tail: bytes) -> str:
    """Return the last lines that a tool said, without addresses in memory and folders of ours."""
    text = _FOLDER.sub("", _ADDRESS.sub("", tail.decode("utf-8", "replace")))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " · ".join(lines[-3:])[-400:]
