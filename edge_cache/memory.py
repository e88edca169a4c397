"""How much memory the allocator keeps for itself."""

import contextlib
import ctypes
import sys

_M_ARENA_MAX = -8
_ARENAS = 2


def keep_little() -> None:
    """Let all threads share two heaps, where the C library is glibc: with one each, each keeps what another could use.

    Segments of some 100 kB pass from thread to thread; a node that fills had 4 MB more with the default of eight heaps
    a core (mallopt(3)).
    """
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError, OSError):
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
