"""Runs ffmpeg and ffprobe: limits on time, memory and file size, progress while they run, and no orphans."""

import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from workers.pipeline import confine
from workers.pipeline.errors import Cancelled, ToolFailed, ToolTooSlow

log = structlog.get_logger(__name__)

TAIL_BYTES = 2000
LOOK_S = 0.2
"""So often is looked whether the work was cancelled or its time is over."""

_OUT_TIME = re.compile(rb"^out_time_us=(\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may take: seconds of wall time, seconds of processor time, bytes of memory and of any file."""

    seconds: float
    cpu_seconds: int
    memory_bytes: int = 4 << 30
    file_bytes: int = 64 << 30


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told how far the output is, in seconds of media, and who says when to stop."""

    progress: Callable[[float], None] = lambda seconds: None
    is_cancelled: Callable[[], bool] = lambda: False


UNWATCHED = Watch()


def run(command: Sequence[str], limits: Limits, watch: Watch = UNWATCHED, stdout: Path | None = None) -> str:
    """Run `command` to its end and return the end of its stderr.

    Its stdout goes to the file `stdout`, or is read as ffmpeg's `-progress pipe:1`. The process is in a group of its
    own that is killed on every way out. Raises ToolFailed, ToolTooSlow, and Cancelled when the watch says so.
    """
    wrapped = [
        *(sys.executable, "-I", "-S", confine.__file__),
        *(str(os.getpid()), str(limits.memory_bytes), str(limits.cpu_seconds), str(limits.file_bytes)),
        *command,
    ]
    tool = Path(command[0]).name.split("-")[0]
    out = stdout.open("wb") if stdout else None
    try:
        process = subprocess.Popen(
            wrapped,
            stdin=subprocess.DEVNULL,
            stdout=out or subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"LC_ALL": "C"},
        )
        try:
            tail = _attend(process, tool, limits, watch)
        finally:
            _end(process)
    finally:
        if out:
            out.close()
    if process.returncode != 0:
        raise ToolFailed(tool=tool, status=_status(process.returncode), why=tail or "it said nothing")
    return tail


def _attend(process: subprocess.Popen[bytes], tool: str, limits: Limits, watch: Watch) -> str:
    deadline = time.monotonic() + limits.seconds
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
        _wait(process, tool, deadline, limits)
    return _readable(tail)


def _wait(process: subprocess.Popen[bytes], tool: str, deadline: float, limits: Limits) -> None:
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise ToolTooSlow(tool=tool, seconds=round(limits.seconds)) from None


def _tell(data: bytes, watch: Watch) -> None:
    found = _OUT_TIME.findall(data)
    if found:
        watch.progress(int(found[-1]) / 1e6)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the group if it still runs, and reap the process."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
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
