"""The bundle: what a drive carries, as entries in a few large volumes (docs/format.md, "Bundle").

A volume is a POSIX ustar archive of at most `MAX_VOLUME_BYTES`; its entries are named as the objects of the store,
packs in runs: `packs/<digest>/<offset>` holds whole segments of that pack from byte `offset` on. Volumes only grow
at their end, and of two entries with one name the later one counts. So a copy that broke off, or a drive that was
pulled, is a smaller bundle and nothing worse.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from tarfile import AREGTYPE, REGTYPE, USTAR_FORMAT, HeaderError, TarInfo

from catalog.formats.index import Index, Segment

FORMAT = 1
FOLDER = "songtan"
"""The folder at the top of a drive."""
BLOCK = 512
END = bytes(2 * BLOCK)
"""How an archive ends; a reader does without."""
MAX_VOLUME_BYTES = 1 << 30
"""FAT32 holds no file of 4 GiB or more, FAT16 none of 2; and what one broken file costs stays small."""
MAX_RUN_BYTES = 4 << 20
"""A longer run of segments is written as several entries, unless it is one segment."""
MAX_ENTRIES = 200_000
"""A reader looks at no more entries of one bundle: what it knows of each stays in memory."""
MAX_VOLUMES = 10_000
MAX_NUMBER = 99_999
"""Five digits: a volume with a higher number would be none."""
FIRST_NAME = "bundle.json"
FIRST_DATA = b'{"v":1}'
"""The first entry of every volume; a reader passes over volumes that begin otherwise."""

_VOLUME = re.compile(r"([0-9]{5})\.tar", re.IGNORECASE)
_RUN = re.compile(r"packs/([0-9a-f]{64})/(0|[1-9][0-9]{0,12})")


@dataclass(frozen=True, slots=True)
class Run:
    """Bytes of a pack that lie together: `offset` in the pack, `length` in bytes."""

    offset: int
    length: int

    @property
    def end(self) -> int:
        """One past its last byte."""
        return self.offset + self.length


def volume_name(number: int) -> str:
    """Return the file name of volume `number`, from 1: digits and three letters, as every FAT takes them."""
    return f"{number:05}.tar"


def volume_number(name: str) -> int | None:
    """Return the number of the volume with this file name; None if it is none. FAT may have changed its case."""
    match = _VOLUME.fullmatch(name)
    return int(match[1]) if match else None


def run_name(index: str, offset: int) -> str:
    """Return the name of the run of the pack of `index` (a digest) that begins at byte `offset`."""
    return f"packs/{index}/{offset}"


def read_run_name(name: str) -> tuple[str, int] | None:
    """Return (digest of the index, offset) of a run's name; None if it is another entry's."""
    match = _RUN.fullmatch(name)
    return (match[1], int(match[2])) if match else None


def padded(length: int) -> int:
    """Return the bytes that an entry's content of `length` bytes takes in an archive."""
    return -(-length // BLOCK) * BLOCK


def entry_header(name: str, length: int) -> bytes:
    """Return the header of an entry: always the same for the same name and length."""
    entry = TarInfo(name)
    entry.size = length
    return entry.tobuf(USTAR_FORMAT)


def read_header(block: bytes) -> tuple[str, int] | None:
    """Return (name, length) of the regular file that an entry's header announces.

    None for anything else: there the volume ends, as far as a reader goes.
    """
    try:
        entry = TarInfo.frombuf(block, "ascii", "replace")
    except (HeaderError, ValueError):
        return None
    if entry.type not in (REGTYPE, AREGTYPE) or not 0 <= entry.size <= MAX_VOLUME_BYTES:
        return None
    return entry.name, entry.size


def is_foreign(block: bytes) -> bool:
    """Say whether a block is a sound header of what a reader does not understand: a later format has written there."""
    try:
        TarInfo.frombuf(block, "ascii", "replace")
    except (HeaderError, ValueError):
        return False
    return read_header(block) is None


def runs_of(segments: Sequence[Segment], largest: int = MAX_RUN_BYTES) -> list[list[Segment]]:
    """Return `segments`, in the order of their pack, as runs of neighbours of at most `largest` bytes."""
    runs: list[list[Segment]] = []
    length = 0
    for row in segments:
        if runs and row.number == runs[-1][-1].number + 1 and length + row.length <= largest:
            runs[-1].append(row)
        else:
            runs.append([row])
            length = 0
        length += row.length
    return runs


def segments_in(index: Index, runs: Iterable[Run]) -> list[tuple[int, int]]:
    """Return (first, count) of the stretches of segments whose every byte lies in `runs` of the index's pack."""
    joined: list[list[int]] = []
    for run in sorted(runs, key=lambda r: r.offset):
        if joined and run.offset <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], run.end)
        else:
            joined.append([run.offset, run.end])
    found: list[tuple[int, int]] = []
    at = 0
    for row in index.segments:
        while at < len(joined) and joined[at][1] <= row.offset:
            at += 1
        if at == len(joined):
            break
        if joined[at][0] <= row.offset and row.offset + row.length <= joined[at][1]:
            if found and sum(found[-1]) == row.number:
                found[-1] = (found[-1][0], found[-1][1] + 1)
            else:
                found.append((row.number, 1))
    return found
