"""The lock on a node's folder: one process at a time."""

import fcntl
from pathlib import Path
from typing import Self

from edge_cache.errors import NodeRunning, NodeStateUnreadable


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
