"""A drive as a source: the same names and ranges as the store's, read from its volumes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from catalog.formats.bundle import segments_in
from catalog.formats.errors import BadFormat
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import MAX_INDEX_BYTES, parse_index
from edge_cache.bundle.volumes import Contents, look_through
from edge_cache.errors import SourceBrokeOff, SourceLacks, SourceTooLong, SourceUnreachable

CHUNK = 256 << 10
NOT_THERE = 404
BLOBS = "blobs/"


class DriveSource:
    """The bundle at `place`, as it was when it was opened. `taken` counts the bytes of segments, captions and stills
    that were read."""

    uses_line = False

    def __init__(self, place: Path, contents: Contents) -> None:
        self.place, self.contents = place, contents
        self.taken = 0
        self._runs: dict[str, list[tuple[int, int]]] = {}

    @classmethod
    async def open(cls, place: Path) -> "DriveSource":
        """Look through the bundle at `place`. Raises NoBundle or DriveUnusable."""
        return cls(place, await asyncio.to_thread(look_through, place))

    @property
    def name(self) -> str:
        """Where the drive is mounted."""
        return str(self.place)

    async def get(self, path: str, limit: int) -> bytes:
        """See `Source.get`."""
        data = await asyncio.to_thread(self._get, path, limit)
        if path.startswith(BLOBS):
            self.taken += len(data)
        return data

    async def read_range(self, path: str, start: int, length: int, total: int) -> AsyncIterator[bytes]:
        """See `Source.read_range`."""
        index, at, end = path.removeprefix("packs/"), start, start + length
        while at < end:
            data = await asyncio.to_thread(self._part, index, at, min(end, at + CHUNK))
            at += len(data)
            self.taken += len(data)
            yield data

    async def held(self, index: str) -> Sequence[tuple[int, int]]:
        """See `Source.held`; nothing while the drive's index of that track is not there or damaged."""
        return await asyncio.to_thread(self.runs, index)

    def runs(self, index: str) -> list[tuple[int, int]]:
        """As `held`, for threads."""
        if index not in self._runs:
            self._runs[index] = self._read_runs(index)
        return self._runs[index]

    def _read_runs(self, index: str) -> list[tuple[int, int]]:
        if index not in self.contents.runs:
            return []
        try:
            data = self._get(f"indexes/{index}", MAX_INDEX_BYTES)
            known = parse_index(data) if sha256_hex(data) == index else None
        except (SourceLacks, SourceBrokeOff, SourceTooLong, BadFormat):
            return []
        return segments_in(known, [run for run, _ in self.contents.runs[index].values()]) if known else []

    def _get(self, path: str, limit: int) -> bytes:
        entry = self.contents.whole.get(path)
        if entry is None:
            raise SourceLacks(address=f"{self.place}: {path}", status=NOT_THERE)
        if entry.length > limit:
            raise SourceTooLong(address=f"{self.place}: {path}", wanted=limit)
        try:
            data = entry.read()
        except OSError as error:
            raise self._gone(error) from error
        if len(data) < entry.length:
            raise SourceBrokeOff(address=f"{self.place}: {path}", got=len(data), wanted=entry.length)
        return data

    def _part(self, index: str, at: int, end: int) -> bytes:
        """Return bytes of a pack from `at` on, to `end` or to where their run ends; never none."""
        found = self.contents.at(index, at)
        if found is None:
            raise SourceLacks(address=f"{self.place}: packs/{index}", status=NOT_THERE)
        run, entry = found
        try:
            data = entry.read_part(at - run.offset, min(end, run.end) - at)
        except OSError as error:
            raise self._gone(error) from error
        if not data:
            raise SourceBrokeOff(address=f"{self.place}: packs/{index}", got=0, wanted=end - at)
        return data

    def _gone(self, error: OSError) -> SourceUnreachable:
        return SourceUnreachable(address=str(self.place), why=error.strerror or str(error))
