"""What lies in a bundle: its volumes are looked through once, header by header; contents are read when asked for."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from catalog.formats.bundle import (
    BLOCK,
    FIRST_DATA,
    FIRST_NAME,
    FOLDER,
    MAX_ENTRIES,
    MAX_VOLUMES,
    Run,
    padded,
    read_header,
    read_run_name,
    volume_number,
)
from catalog.formats.index import MAX_SEGMENT_BYTES
from edge_cache.bundle.errors import DriveUnusable, NoBundle


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: in which volume, where its content begins, and how long that is."""

    name: str
    volume: Path
    start: int
    length: int

    def read(self) -> bytes:
        """Return its content, shorter if the volume has become shorter or it is longer than anything of ours.

        A stick of unknown origin does not say how much memory a box has for it. Raises OSError.
        """
        return self.read_part(0, min(self.length, MAX_SEGMENT_BYTES))

    def read_part(self, start: int, length: int) -> bytes:
        """Return `length` bytes of its content from `start` on, or fewer. Raises OSError."""
        with self.volume.open("rb", buffering=0) as file:
            return os.pread(file.fileno(), length, self.start + start)


@dataclass
class Contents:
    """The entries of a bundle: whole ones by name, runs by the digest of their index and their offset, oldest first.

    `newest` is the volume with the highest number, None while there is none; `end` is where its last entry ends, 0 if
    it does not begin as a volume does, or was not looked at. `count` is how many entries were, first ones of volumes
    too.
    """

    whole: dict[str, Entry] = field(default_factory=dict)
    runs: dict[str, dict[int, tuple[Run, Entry]]] = field(default_factory=dict)
    length: int = 0
    newest: Path | None = None
    end: int = 0
    count: int = 0

    @property
    def is_full(self) -> bool:
        """Whether a reader would not look at one more entry, in a volume that has to be begun for it."""
        return self.count + 2 > MAX_ENTRIES

    def take(self, entry: Entry) -> None:
        """Add an entry; of two with one name the later one counts."""
        run = read_run_name(entry.name)
        if run is None:
            self.whole[entry.name] = entry
        else:
            known = self.runs.setdefault(run[0], {})
            known.pop(run[1], None)
            known[run[1]] = Run(run[1], entry.length), entry
        self.length += entry.length

    def drop(self, entry: Entry) -> None:
        """Take an entry away again, unless a later one has replaced it: it is damaged."""
        run = read_run_name(entry.name)
        if run is None:
            if self.whole.get(entry.name) == entry:
                del self.whole[entry.name]
        elif self.runs.get(run[0], {}).get(run[1], (None, None))[1] == entry:
            del self.runs[run[0]][run[1]]

    def holds(self, index: str, start: int, end: int) -> bool:
        """Say whether the bytes from `start` to `end` of the pack of `index` are here in one entry."""
        return any(run.offset <= start and end <= run.end for run, _ in self.runs.get(index, {}).values())

    def at(self, index: str, position: int) -> tuple[Run, Entry] | None:
        """Return the newest run that has the byte at `position` of the pack of `index`."""
        newest_first = reversed(self.runs.get(index, {}).values())
        return next((found for found in newest_first if found[0].offset <= position < found[0].end), None)


def bundle_folder(place: Path) -> Path:
    """Return the folder of the bundle at `place`: the top of a drive, or that folder itself."""
    return place if place.name.lower() == FOLDER and not (place / FOLDER).is_dir() else place / FOLDER


def has_bundle(place: Path) -> bool:
    """Say whether there are volumes at `place`; what cannot be looked at has none."""
    try:
        return bool(volumes(bundle_folder(place)))
    except OSError:
        return False


def volumes(folder: Path) -> list[Path]:
    """Return the volumes in a bundle's folder in the order of their numbers. Raises OSError."""
    numbered = [(number, path) for path in folder.iterdir() if (number := volume_number(path.name)) is not None]
    return [path for _, path in sorted(numbered)[:MAX_VOLUMES] if stat.S_ISREG(path.lstat().st_mode)]


def look_through(place: Path) -> Contents:
    """Return what lies in the bundle at `place`. Raises NoBundle or DriveUnusable."""
    contents = Contents()
    try:
        found = volumes(bundle_folder(place))
        for volume in found:
            contents.newest, contents.end = volume, 0
            for entry in entries(volume):
                contents.count += 1
                if contents.count > MAX_ENTRIES:
                    contents.newest, contents.end = found[-1], 0
                    return contents
                contents.end = entry.start + padded(entry.length)
                if entry.name != FIRST_NAME:
                    contents.take(entry)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NoBundle(folder=str(place)) from error
    except OSError as error:
        raise DriveUnusable(folder=str(place), why=error.strerror or str(error)) from error
    if not found:
        raise NoBundle(folder=str(place))
    return contents


def entries(volume: Path) -> Iterator[Entry]:
    """Yield the entries of a volume, from its first on, up to its end or to where it is not what it should be.

    Raises OSError.
    """
    with volume.open("rb", buffering=0) as file:
        handle, size, at = file.fileno(), os.fstat(file.fileno()).st_size, 0
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_RANDOM)  # a stick would read 128 kB for each header
        while len(block := os.pread(handle, BLOCK, at)) == BLOCK:
            header = read_header(block)
            if header is None or at + BLOCK + header[1] > size:
                return
            entry = Entry(header[0], volume, at + BLOCK, header[1])
            if at == 0 and not _is_first(entry):
                return
            yield entry
            at = entry.start + padded(entry.length)


def _is_first(entry: Entry) -> bool:
    """Say whether an entry is the one that every volume of ours begins with. Raises OSError."""
    return (entry.name, entry.length) == (FIRST_NAME, len(FIRST_DATA)) and entry.read() == FIRST_DATA
