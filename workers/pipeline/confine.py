"""Run as a script: put limits on this process, then become the program named after them.

    python -I -S confine.py PARENT MEMORY_BYTES CPU_SECONDS FILE_BYTES PROGRAM ARGUMENT...

A script of its own, and not `preexec_fn`: that may deadlock in a program with threads. It imports the standard
library only, for it starts once for every segment.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1


def _limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (most, most))


def main(words: list[str]) -> None:
    """Limit, then exec; does not return."""
    parent, memory, cpu, size = map(int, words[:4])
    os.setpgid(0, 0)
    os.nice(5)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_CPU, cpu)
    _limit(resource.RLIMIT_FSIZE, size)
    os.execv(words[4], words[4:])  # noqa: S606 - the argument list is ours


if __name__ == "__main__":
    main(sys.argv[1:])
