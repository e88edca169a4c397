"""Is what lies on a drive what it says? Each entry is read and compared with the digests that name it."""

import json
import re
from collections.abc import Callable, Iterator

from catalog.formats.bundle import read_run_name
from catalog.formats.errors import BadFormat
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import MAX_INDEX_BYTES, MAX_SEGMENT_BYTES, Index, parse_index, take_segment
from catalog.formats.trust import MAX_METADATA_BYTES
from edge_cache.bundle.volumes import Contents, Entry

_DIGEST = re.compile(r"(?:indexes|blobs)/([0-9a-f]{64})|releases/.*/([0-9a-f]{64})\.[0-9]+\.json")


class Check:
    """Judges entries of one bundle; remembers the index that it used last."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._last: tuple[str, Index | None] = ("", None)

    def is_sound(self, entry: Entry) -> bool:
        """Say whether an entry is what its name says, as far as that can be known without keys. Raises OSError.

        Metadata must be whole; who signed it is for readers to judge, which they do. What no name of ours is, is not
        ours to judge.
        """
        run, named = read_run_name(entry.name), _DIGEST.fullmatch(entry.name)
        if run is None and named is None and not entry.name.startswith("metadata/"):
            return True
        limit = MAX_METADATA_BYTES if run is None and named is None else MAX_SEGMENT_BYTES
        data = entry.read() if entry.length <= limit else b""
        if len(data) != entry.length:
            return False
        if run is not None:
            return self._is_sound_run(*run, data)
        if named is not None:
            return sha256_hex(data) == (named[1] or named[2])
        try:
            json.loads(data)
        except (ValueError, RecursionError):
            return False
        return True

    def damaged(self, on_bytes: Callable[[int], object] = lambda length: None) -> Iterator[Entry]:
        """Read everything; yield the entries that are not sound. Raises OSError."""
        runs = [entry for runs in self._contents.runs.values() for _, entry in runs.values()]
        for entry in [*self._contents.whole.values(), *runs]:
            if not self.is_sound(entry):
                yield entry
            on_bytes(entry.length)

    def _is_sound_run(self, digest: str, offset: int, data: bytes) -> bool:
        index, end = self._index(digest), offset + len(data)
        rows = [row for row in index.segments if offset <= row.offset < end] if index else []
        if not rows or rows[0].offset != offset or rows[-1].offset + rows[-1].length != end:
            return False
        try:
            for row in rows:
                take_segment(row, data[row.offset - offset : row.offset - offset + row.length])
        except BadFormat:
            return False
        return True

    def _index(self, digest: str) -> Index | None:
        if self._last[0] != digest:
            entry, index = self._contents.whole.get(f"indexes/{digest}"), None
            data = entry.read() if entry is not None and entry.length <= MAX_INDEX_BYTES else b""
            if sha256_hex(data) == digest:
                try:
                    index = parse_index(data)
                except BadFormat:
                    index = None
            self._last = (digest, index)
        return self._last[1]
