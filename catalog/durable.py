"""Files that survive a power cut: write, fsync, rename, fsync the folder. Standard library only, for every program."""

import os
from pathlib import Path


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


def replace_durably(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace `path` by `data`: after a power cut there is the old file or the new one, never a part of one.

    Raises OSError, and then what was at `path` is still there. One writer at a time.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        write_synced(fresh, data, mode)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    fsync_folder(path.parent)
