"""A folder for one task's files, gone when the task ends, however it ends."""

import errno
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
FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def workspace(root: Path) -> Iterator[Path]:
    """Give an empty folder in `root`. While this process lives it holds a lock beside it, so that `sweep` knows.

    Raises WorkspaceFull if the disk is full when the folder is made, or turns out to be while it is in use.
    """
    try:
        with _locked_folder(root) as folder:
            yield folder
    except OSError as error:
        if not is_full(error):
            raise
        raise WorkspaceFull(free=_free_of(root) >> 20, needed=RESERVE_BYTES >> 20) from error


def is_full(error: OSError) -> bool:
    """Say whether the system refused to write because there is no room."""
    return error.errno in FULL


def _free_of(root: Path) -> int:
    """Return the free bytes of the disk that holds `root`, which may not have come to be."""
    there = next(folder for folder in (root, *root.absolute().parents) if folder.is_dir())
    return shutil.disk_usage(there).free


@contextmanager
def _locked_folder(root: Path) -> Iterator[Path]:
    root.mkdir(parents=True, exist_ok=True)
    outer, lock = _make_locked(root)
    folder = outer / "files"
    try:
        outer.chmod(0o711)  # a tool that runs as another user passes through, and sees nothing of the others
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(outer, ignore_errors=True)
        os.close(lock)


def _make_locked(root: Path) -> tuple[Path, int]:
    while True:
        outer = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
        lock = os.open(outer / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink > 0:
            return outer, lock
        os.close(lock)  # before it was locked, a sweep took it for left


def require_room(folder: Path, needed: int) -> None:
    """Raise WorkspaceFull unless `needed` bytes fit beside a reserve."""
    free = shutil.disk_usage(folder).free
    if free < needed + RESERVE_BYTES:
        raise WorkspaceFull(free=free >> 20, needed=(needed + RESERVE_BYTES) >> 20)


def sweep(root: Path) -> int:
    """Remove what killed processes left under `root`, at any time; return how many folders there were."""
    count = 0
    for outer in root.glob(f"{PREFIX}*"):
        lock = _lock_of_left(outer / LOCK)
        if lock is not None:
            shutil.rmtree(outer, ignore_errors=True)
            os.close(lock)
            count += 1
    return count


def _lock_of_left(path: Path) -> int | None:
    """Lock what nobody holds, so that nobody does while it is removed; None if it is held, being made, or removed."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
