"""Writing a bundle: only at the end of its newest volume, and so that a pulled drive keeps all that was written."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from catalog.durable import fsync_folder
from catalog.formats.bundle import (
    BLOCK,
    END,
    FIRST_DATA,
    FIRST_NAME,
    MAX_NUMBER,
    MAX_VOLUME_BYTES,
    MAX_VOLUMES,
    entry_header,
    is_foreign,
    padded,
    volume_name,
    volume_number,
)
from edge_cache.bundle.check import Check
from edge_cache.bundle.errors import DriveFull, DriveUnusable, NoBundle
from edge_cache.bundle.volumes import Contents, Entry, bundle_folder, entries, look_through, volumes

FLUSH_BYTES = 32 << 20
"""How much may be on its way to a drive: what a pull costs, and what a slow stick takes in a few seconds."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class BundleWriter:
    """Goes on with the bundle at `place`, or begins one. Close it."""

    def __init__(self, place: Path, volume_bytes: int = MAX_VOLUME_BYTES) -> None:
        """Look through what is there; of the newest volume, which a pull may have torn, keep what is sound.

        Raises DriveUnusable.
        """
        self.place, self._folder, self._volume_bytes = place, bundle_folder(place), volume_bytes
        self._file: int | None = None
        self._volume = Path()
        self._unflushed = self.damaged = 0
        with self._told():
            if not place.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, "no such folder")
            if self._folder.is_symlink():
                raise OSError(errno.ELOOP, "its folder is a link to elsewhere")
            self._folder.mkdir(exist_ok=True)
            fsync_folder(place)
            self.contents = self._settle()

    def _settle(self) -> Contents:
        """Cut off what is torn at the end of the newest volume, pass over what is rotten in it; return the rest.

        Before something of a later format nothing is torn: it would go too.
        """
        try:
            contents = look_through(self.place)
        except NoBundle:
            return Contents()
        if contents.newest is None or not contents.end:
            return contents
        check, end = Check(contents), 0
        rotten: list[Entry] = []
        torn: list[Entry] = []
        for entry in entries(contents.newest):
            if check.is_sound(entry):
                rotten, torn, end = rotten + torn, [], entry.start + padded(entry.length)
            else:
                torn.append(entry)
        if torn and _goes_on(contents.newest, contents.end):
            rotten += torn
        elif torn:
            os.truncate(contents.newest, end)
            contents = look_through(self.place)
        self._drop(contents, rotten)
        return contents

    def check(self, on_bytes: Callable[[int], object] = lambda length: None) -> None:
        """Read all volumes; what is damaged then counts as not there, and in `damaged`. Raises DriveUnusable."""
        with self._told():
            self._drop(self.contents, list(Check(self.contents).damaged(on_bytes)))

    def _drop(self, contents: Contents, damaged: list[Entry]) -> None:
        for entry in damaged:
            contents.drop(entry)
        self.damaged += len(damaged)

    def add(self, name: str, data: bytes) -> None:
        """Write an entry. Raises DriveFull or DriveUnusable; then the entries before it are as they were.

        A drive is full too where no reader would look at another entry.
        """
        if self.contents.is_full:
            raise DriveFull(folder=str(self.place))
        parts = entry_header(name, len(data)), data, bytes(padded(len(data)) - len(data))
        size = sum(map(len, parts))
        with self._told():
            if self._file is None:
                self._open()
            if self.contents.end + size + len(END) > self._volume_bytes:
                self.finish()
                self._begin()
            entry = Entry(name, self._volume, self.contents.end + BLOCK, len(data))
            self._write(*parts)
            self.contents.take(entry)
            self.contents.count += 1
            self._unflushed += size
            if self._unflushed >= FLUSH_BYTES:
                self._flush()

    def finish(self) -> None:
        """Bring everything to the drive and close the volume; an `add` after it goes on. Raises DriveUnusable."""
        if self._file is None:
            return
        with self._told():
            with suppress(OSError):  # readers do without the end mark: no room for it is no fault
                os.pwrite(self._file, END, self.contents.end)
            self._flush()
        self.close()

    def close(self) -> None:
        """Let go of the drive as it is."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _open(self) -> None:
        """Go on with the newest volume, or begin one."""
        newest = self.contents.newest
        if newest is None or not self.contents.end or _goes_on(newest, self.contents.end):
            self._begin()
            return
        self._file, self._volume = os.open(newest, os.O_RDWR | os.O_NOFOLLOW), newest
        os.ftruncate(self._file, self.contents.end)

    def _begin(self) -> None:
        """Begin the next volume. What stands at the end and is none of ours, or of a later format, is left alone."""
        newest = self.contents.newest
        number = (volume_number(newest.name) or 0) + 1 if newest else 1
        if number > MAX_NUMBER or len(volumes(self._folder)) >= MAX_VOLUMES:
            raise DriveFull(folder=str(self.place))
        self._volume = self._folder / volume_name(number)
        self._file = os.open(self._volume, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        self.contents.newest, self.contents.end = self._volume, 0
        self._write(entry_header(FIRST_NAME, len(FIRST_DATA)), FIRST_DATA.ljust(BLOCK, b"\0"))
        self.contents.count += 1
        fsync_folder(self._folder)

    def _opened(self) -> int:
        """Return the file of the volume that is written. Raises ValueError if there is none."""
        if self._file is None:
            raise ValueError("no volume is open")
        return self._file

    def _write(self, *parts: bytes) -> None:
        file, at = self._opened(), self.contents.end
        try:
            for part in parts:
                rest = memoryview(part)
                while rest:
                    written = os.pwrite(file, rest, at)
                    rest, at = rest[written:], at + written
        except OSError:
            with suppress(OSError):
                os.ftruncate(file, self.contents.end)
            raise
        self.contents.end = at

    def _flush(self) -> None:
        os.fsync(self._opened())
        self._unflushed = 0

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in our words what went wrong with the drive."""
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise DriveFull(folder=str(self.place)) from error
            raise DriveUnusable(folder=str(self.place), why=error.strerror or str(error)) from error


def _goes_on(volume: Path, end: int) -> bool:
    """Say whether a volume goes on at `end` with something of a later format. Raises OSError."""
    with volume.open("rb", buffering=0) as file:
        return is_foreign(os.pread(file.fileno(), BLOCK, end))
