"""A process that ends with its parent: nothing that Songtan started stays behind, even after kill -9 of who started it.

Linux only (`prctl(2)`); elsewhere every function here does nothing, and only an orderly stop cleans up.
"""

import ctypes
import os
import signal
import sys

ASKED_BY = "SONGTAN_DIE_WITH_PARENT"
"""Environment variable: `1` asks a program to end when the process that started it does."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def _prctl(option: int, value: int) -> None:
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def die_with_parent(how: int = signal.SIGKILL, parent: int | None = None) -> None:
    """Have the kernel send signal `how` to this process when the **thread** that started it ends.

    So start such children from a main thread. Call it after any change of user (which clears it) and in each
    fork (which does not inherit it). `parent` is the pid that should still be there: if it has gone before the
    call, this process ends at once.
    """
    _prctl(_PR_SET_PDEATHSIG, how)
    if sys.platform == "linux" and parent is not None and os.getppid() != parent:
        os._exit(1)


def follow_parent(how: int = signal.SIGTERM) -> None:
    """`die_with_parent` if whoever started this program asked for it by `SONGTAN_DIE_WITH_PARENT=1`.

    Programs call it first thing in main; a Celery pool child calls it once more, with SIGKILL, when it starts.
    """
    if os.environ.get(ASKED_BY) == "1":
        die_with_parent(how)


def adopt_orphans() -> None:
    """Make this process the one that orphaned descendants come to, so that it can end and reap them."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
