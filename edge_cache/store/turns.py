"""Whose turn it is at the disk and the processor: who watches comes first, the fill and the scrub give way."""

import contextlib
import ctypes
import os
import sys
import threading
import time
from collections.abc import Iterator

NICE = 5
LONGEST_WAIT_S = 2.0
"""What is fetched must reach the disk in the end, however many watch."""

_IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "armv7l": 314, "armv6l": 314, "i686": 289}
_IOPRIO_WHO_PROCESS = 1
_BEST_EFFORT_LAST = (2 << 13) | 7


class Turns:
    """Who reads for a screen says so; who can wait asks. For several threads."""

    def __init__(self) -> None:
        self._watching = 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """While a screen waits for the disk."""
        with self._changed:
            self._watching += 1
        try:
            yield
        finally:
            with self._changed:
                self._watching -= 1
                if not self._watching:
                    self._changed.notify_all()

    def give_way(self, longest_s: float = LONGEST_WAIT_S) -> bool:
        """Wait until no screen waits for the disk, `longest_s` seconds at most; return whether none does."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._watching, longest_s)


def stand_back() -> None:
    """Give this thread less of the processor and of the disk than threads that serve; where it may not, it stays."""
    if sys.platform != "linux":
        return
    thread = threading.get_native_id()
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, thread, NICE)
    number = _IOPRIO_SET.get(os.uname().machine)
    if number is not None:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.syscall(ctypes.c_long(number), _IOPRIO_WHO_PROCESS, thread, _BEST_EFFORT_LAST)


class Pace:
    """Keeps to so many bytes a second over time: say what was read, and sleep for what it answers."""

    def __init__(self, bytes_per_s: float) -> None:
        self._bytes_per_s, self._free_at = bytes_per_s, time.monotonic()

    def rest_after(self, length: int) -> float:
        """Return seconds to rest after `length` more bytes; a time of doing nothing is not made up for."""
        now = time.monotonic()
        self._free_at = max(self._free_at, now) + length / self._bytes_per_s
        return self._free_at - now
