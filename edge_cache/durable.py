"""Files that survive a power cut: write, fsync, rename, fsync the folder. And the lock on a node's folder."""

import fcntl
import os
from pathlib import Path
from typing import Self

from edge_cache.errors import NodeRunning, NodeStateUnreadable


def fsync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_synced(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write `data` to `path` and wait until the disk has it; the name is not durable yet."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_durably(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace `path` by `data`: after a power cut there is the old file or the new one, never a part of one."""
    fresh = path.with_name(f".{path.name}.new")
    write_synced(fresh, data, mode)
    fresh.replace(path)
    fsync_folder(path.parent)


class FolderLock:
    """Holds a node's folder for one process; the kernel lets go of it when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, making it if need be. Raises NodeRunning or NodeStateUnreadable."""
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = (folder / "lock").open("a")
        except OSError as error:
            raise NodeStateUnreadable(folder=str(folder), why=error.strerror or str(error)) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise NodeRunning(folder=str(folder)) from error

    def release(self) -> None:
        """Let go of the folder."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.release()
