"""Files that survive a power cut, are private where they hold keys, and have one writer at a time."""

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog.durable import fsync_folder, replace_durably
from signer.errors import FolderRefused, KeysOpen, SignerBusy

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
OTHERS = stat.S_IRWXG | stat.S_IRWXO
RETRY_SECONDS = 0.05


def make_folder(path: Path) -> None:
    """Make `path` and what is missing above it, open to this user alone, and durably so. Raises FolderRefused."""
    if path.is_dir():
        return
    try:
        make_folder(path.parent)
        path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        fsync_folder(path.parent)
    except OSError as error:
        raise FolderRefused(path=str(path), why=error.strerror or type(error).__name__) from error


def write_durably(path: Path, data: bytes) -> None:
    """Put `data` at `path`, whole or not at all, even through a power cut; private to this user.

    Raises FolderRefused, and then what was at `path` is still there.
    """
    make_folder(path.parent)
    try:
        replace_durably(path, data, PRIVATE_FILE)
    except OSError as error:
        raise FolderRefused(path=str(path), why=error.strerror or type(error).__name__) from error


def check_private(path: Path) -> None:
    """Raise KeysOpen where group or others have any right on `path`; a missing path is no error."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if mode & OTHERS:
        raise KeysOpen(path=str(path), mode="700" if stat.S_ISDIR(mode) else "600")


@contextmanager
def locked(path: Path, patience_s: float) -> Iterator[None]:
    """Hold the lock file at `path`. Raises SignerBusy where another process keeps it for `patience_s` seconds."""
    make_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        give_up = time.monotonic() + patience_s
        while not _try_lock(descriptor):
            if time.monotonic() >= give_up:
                raise SignerBusy(folder=str(path.parent))
            time.sleep(RETRY_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
