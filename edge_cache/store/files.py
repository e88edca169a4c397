"""Content-addressed files: each immutable, under the name of its own sha256.

    store/segments/ab/<sha256>    segments, without a place
    store/blobs/ab/<sha256>       captions, posters, stills, parts of attachments
    store/new/                    files on their way; emptied at every start of the node

A name in `segments` or `blobs` appears only when its bytes are on the disk.
"""

import errno
import itertools
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from catalog.durable import fsync_folder, write_synced
from catalog.formats.hashing import sha256_hex
from edge_cache.errors import DiskFull, DiskTrouble, DiskUnwritable

PREFIXES = tuple(f"{n:02x}" for n in range(256))
HEX = frozenset("0123456789abcdef")
_FULL = (errno.ENOSPC, errno.EDQUOT)
_numbers = itertools.count()


def in_words(error: OSError, folder: Path) -> DiskTrouble:
    """Return what people are told when `folder` could not be written."""
    if error.errno in _FULL:
        return DiskFull(free=shutil.disk_usage(folder).free, reserve=0)
    return DiskUnwritable(folder=str(folder), why=error.strerror or str(error))


class Shelf:
    """One kind of file in the store."""

    def __init__(self, folder: Path, new: Path) -> None:
        self.folder, self._new = folder, new
        folder.mkdir(parents=True, exist_ok=True)
        new.mkdir(parents=True, exist_ok=True)

    def path(self, digest: str) -> Path:
        """Where the file with this digest (64 hex digits) is or would be."""
        return self.folder / digest[:2] / digest

    def has(self, digest: str) -> bool:
        """Say whether there is such a file; its bytes are not looked at."""
        return self.path(digest).is_file()

    def read(self, digest: str) -> bytes | None:
        """Return the file's bytes, or None if it is not there or they are not what its name says."""
        try:
            data = self.path(digest).read_bytes()
        except OSError:
            return None
        return data if sha256_hex(data) == digest else None

    def names(self, prefix: str) -> list[str]:
        """Return the names of the files whose digests begin with `prefix` (two hex digits), in order."""
        try:
            names = sorted(path.name for path in (self.folder / prefix).iterdir())
            return [name for name in names if name[:2] == prefix and len(name) == 64 and set(name) <= HEX]
        except FileNotFoundError:
            return []

    def keep(self, files: Sequence[tuple[str, bytes]], before_each: Callable[[], object] = lambda: None) -> None:
        """Put files, given as (digest, bytes that were verified), on the disk; all are durable on return.

        `before_each` is called before each file. Raises OSError if the disk is full; then
        none of the new names counts, and nothing of them is left to fill it.
        """
        staged: list[tuple[Path, Path]] = []
        try:
            for digest, data in files:
                before_each()
                fresh = self._new / f"{next(_numbers)}.{digest[:16]}"
                staged.append((fresh, self.path(digest)))
                write_synced(fresh, data)
            self._name(staged)
        except OSError:
            for fresh, _ in staged:
                fresh.unlink(missing_ok=True)
            raise

    def _name(self, staged: Sequence[tuple[Path, Path]]) -> None:
        """Give files that are on the disk their names, durably."""
        touched: set[Path] = set()
        for fresh, place in staged:
            if not place.parent.is_dir():
                place.parent.mkdir(parents=True, exist_ok=True)
                touched.add(self.folder)
            fresh.replace(place)
            touched.add(place.parent)
        for folder in touched:
            fsync_folder(folder)

    def forget(self, digest: str) -> None:
        """Remove a file, if it is there."""
        self.path(digest).unlink(missing_ok=True)


class Files:
    """The folders of a node's store."""

    def __init__(self, folder: Path) -> None:
        """Open the store in `folder`, making it if need be: the node's own, or one that another process runs."""
        self.folder, self._new = folder, folder / "new"
        self.segments = Shelf(folder / "segments", self._new)
        self.blobs = Shelf(folder / "blobs", self._new)
        fsync_folder(folder)
        fsync_folder(folder.parent)

    def drop_unfinished(self) -> None:
        """Drop what a crash left on its way; only for who holds the node's folder: to all others it may be in use."""
        shutil.rmtree(self._new, ignore_errors=True)
        self._new.mkdir(exist_ok=True)

    def shelves(self) -> Iterator[Shelf]:
        """Yield every shelf."""
        yield from (self.segments, self.blobs)

    def disk(self) -> tuple[int, int]:
        """Bytes free and bytes in all on the store's disk."""
        usage = shutil.disk_usage(self.folder)
        return usage.free, usage.total
