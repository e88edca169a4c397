"""A folder for one task's files, gone when the task ends, however it ends."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workers.pipeline.errors import WorkspaceFull

PREFIX = "songtan-task-"
RESERVE_BYTES = 256 << 20


@contextmanager
def workspace(root: Path) -> Iterator[Path]:
    """Give an empty folder under `root`; its name tells the process that owns it (see `sweep`)."""
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def require_room(folder: Path, needed: int) -> None:
    """Raise WorkspaceFull unless `needed` bytes fit beside a reserve."""
    free = shutil.disk_usage(folder).free
    if free < needed + RESERVE_BYTES:
        raise WorkspaceFull(free=free >> 20, needed=(needed + RESERVE_BYTES) >> 20)


def sweep(root: Path) -> int:
    """Remove the folders of processes that are gone (they were killed); return how many there were."""
    count = 0
    for folder in root.glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)
            count += 1
    return count
