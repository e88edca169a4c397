"""The scrub: reads all that is held from the disk, in its own time, and finds what has rotten before a class does.

It goes folder by folder through the store, so that it can stop anywhere and go on there after a start. What it finds
is forgotten, and the fill fetches just that again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from catalog.formats.hashing import sha256_hex
from edge_cache.store.files import PREFIXES
from edge_cache.store.keeper import Keeper
from edge_cache.store.needs import NeedsRepository
from edge_cache.store.reading import read_past_memory


@dataclass(frozen=True, slots=True)
class Looked:
    """A file that was looked at: its digest, the bytes that were read, and whether it is sound."""

    digest: str
    length: int
    sound: bool


class Scrub:
    """Reads and compares. Safe beside a node that serves and fills."""

    def __init__(self, keeper: Keeper, needs: NeedsRepository) -> None:
        self._keeper, self._needs = keeper, needs

    def everything(self) -> Iterator[Looked]:
        """Look at all that is held: segments, indexes and small files. What is bad is forgotten."""
        for prefix in PREFIXES:
            yield from self.folder(prefix)
        yield from self.rest()

    def folder(self, prefix: str) -> Iterator[Looked]:
        """Look at the held segments whose digests begin with `prefix` (two hex digits)."""
        for digest, length in self._needs.held_with(prefix):
            try:
                sound, why = self._is_sound(digest), "its bytes are not what its name says"
            except OSError as error:
                sound, why = False, error.strerror or str(error)
            if not sound and self._keeper.rows.is_held(digest):  # else it was removed in order meanwhile
                self._keeper.lose([digest], why)
                yield Looked(digest, length, sound=False)
            elif sound:
                yield Looked(digest, length, sound=True)

    def rest(self) -> Iterator[Looked]:
        """Look at the indexes and small files."""
        for digest, length in self._keeper.rows.indexes_here():
            yield Looked(digest, length, self._keeper.index(digest) is not None)
        for digest in self._keeper.rows.held_blobs():
            data = self._keeper.blob(digest)
            yield Looked(digest, len(data or b""), data is not None)

    def _is_sound(self, digest: str) -> bool:
        return sha256_hex(read_past_memory(self._keeper.files.segments.path(digest))) == digest
