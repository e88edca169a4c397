"""A folder for one task's files, gone when the task ends, however it ends."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workers.pipeline.errors import WorkspaceFull

PREFIX = "songtan-task-"
LOCK = ".lock"
RESERVE_BYTES = 256 << 20


@contextmanager
def workspace(root: Path) -> Iterator[Path]:
    """Give an empty folder in `root`. While this process lives it holds a lock beside it, so that `sweep` knows."""
    root.mkdir(parents=True, exist_ok=True)
    outer = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    outer.chmod(0o711)  # a tool that runs as another user passes through, and sees nothing of the others
    folder = outer / "files"
    lock = os.open(outer / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(outer, ignore_errors=True)
        os.close(lock)


def require_room(folder: Path, needed: int) -> None:
    """Raise WorkspaceFull unless `needed` bytes fit beside a reserve."""
    free = shutil.disk_usage(folder).free
    if free < needed + RESERVE_BYTES:
        raise WorkspaceFull(free=free >> 20, needed=(needed + RESERVE_BYTES) >> 20)


def sweep(root: Path) -> int:
    """Remove what killed processes left under `root`; return how many folders there were."""
    count = 0
    for outer in root.glob(f"{PREFIX}*"):
        if not _is_held(outer / LOCK):
            shutil.rmtree(outer, ignore_errors=True)
            count += 1
    return count


def _is_held(path: Path) -> bool:
    try:
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True  # being made, or being removed, at this moment
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
