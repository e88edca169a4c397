"""Two processes that watch each other, so that nothing stays behind whichever is killed.

The front door forks: the parent keeps the terminal and passes signals on; the child does the work and starts the
programs. When the parent dies (kill -9 too) the child is told by the kernel and stops everything in order; when the
child dies, what it started comes to the parent, which ends it.
"""

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from catalog.formats.errors import AppError
from catalog.lifeline import adopt_orphans, die_with_parent
from songtan.telling import EXIT_FAILED, tell

SWEEP_SECONDS = 5.0
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopAsked(BaseException):
    """Someone asked to stop: Ctrl-C, SIGTERM, or the front door has died. Not an error, so no `Exception`."""


def _processes() -> Iterator[tuple[int, int, str]]:
    """(pid, parent's pid, state) of every process; nothing where there is no /proc."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):  # ended while we looked
            state, parent = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[:2]
            yield int(folder.name), int(parent), state


def descendants(of: int) -> list[int]:
    """The pids of all living processes below `of` (zombies are not alive)."""
    children: dict[int, list[int]] = {}
    dead: set[int] = set()
    for pid, parent, state in _processes():
        children.setdefault(parent, []).append(pid)
        if state in "ZX":
            dead.add(pid)
    found: list[int] = []
    level = [of]
    while level:
        level = [child for pid in level for child in children.get(pid, ())]
        found += level
    return [pid for pid in found if pid not in dead]


def reap_adopted(known: set[int | None]) -> None:
    """Take leave of dead orphans that came to this process; `known` children are their starters' to reap."""
    for pid, parent, state in _processes():
        if parent == os.getpid() and state == "Z" and pid not in known:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def end_descendants() -> None:
    """Kill whatever is left below this process, whatever group it is in."""
    deadline = time.monotonic() + SWEEP_SECONDS
    while time.monotonic() < deadline:
        left = descendants(os.getpid())
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not left:
            return
        time.sleep(0.02)


def _raise_stop(number: int, frame: FrameType | None) -> None:
    for again in PASSED_ON:  # a second Ctrl-C must not break the orderly stop
        signal.signal(again, signal.SIG_IGN)
    raise StopAsked(signal.Signals(number).name)


def _work_and_end(work: Callable[[], int], front: int) -> int:
    os.setpgid(0, 0)  # the terminal's Ctrl-C reaches the front door only, which passes it on once
    die_with_parent(signal.SIGTERM, front)
    adopt_orphans()
    for number in PASSED_ON:
        signal.signal(number, _raise_stop)
    try:
        return work()
    except StopAsked:
        return 0
    except AppError as error:
        return tell(error)
    except Exception:  # noqa: BLE001 - a forked child's last frame: those above are its parent's, to unwind once
        traceback.print_exc()
        return EXIT_FAILED
    finally:
        end_descendants()
        sys.stdout.flush()
        sys.stderr.flush()


def guarded(work: Callable[[], int]) -> int:
    """Do `work` in a child that never leaves anything behind; returns its exit code.

    `work` sees `StopAsked` when it should stop, stops what it started, and lets it pass; that counts as success.
    An `AppError` that it raises is told to the person.
    Call it from the main thread, before any thread is started.
    """
    front = os.getpid()
    adopt_orphans()
    sys.stdout.flush()
    sys.stderr.flush()
    worker = os.fork()
    if worker == 0:
        code = 1
        try:
            code = _work_and_end(work, front)
        finally:
            os._exit(code)  # never back into the caller's stack: there is one front door

    def pass_on(number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGTERM)

    for number in PASSED_ON:
        signal.signal(number, pass_on)
    _, status = os.waitpid(worker, 0)
    end_descendants()
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 1
