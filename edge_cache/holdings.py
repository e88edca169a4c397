"""What this node can give others, by the names of the store: statements, indexes, small files and runs of segments.

Everything is verified as it is read: what has rotten is not given.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Self

from catalog.formats.boxes import place_segment
from catalog.formats.index import Index, Segment
from edge_cache.database import Database
from edge_cache.releases.statements import StatementRepository
from edge_cache.store.files import Shelf
from edge_cache.store.repository import StoreRepository


class Holdings:
    """Reads beside the store's cache, which is the classroom's. Safe to use from several threads."""

    def __init__(
        self,
        rows: StoreRepository,
        statements: StatementRepository,
        segments: Shelf,
        blobs: Shelf,
        on_rot: Callable[[str], object] = lambda digest: None,
    ) -> None:
        """`on_rot` is called with the digest of a segment that should be here and is not, or has rotten."""
        self.statements = statements
        self._rows, self._segments, self._blobs, self._on_rot = rows, segments, blobs, on_rot

    @classmethod
    def beside(cls, state: Path, database: Database) -> Self:
        """Return what the node in the folder `state` holds, for another process than the one that runs it."""
        store = state / "store"
        segments, blobs = (Shelf(store / name, store / "new") for name in ("segments", "blobs"))
        return cls(StoreRepository(database), StatementRepository(database), segments, blobs)

    def index(self, digest: str) -> Index | None:
        """Return an index that is here."""
        return self._rows.index(digest)

    def blob(self, digest: str) -> bytes | None:
        """Return a small file that is held."""
        known = self._rows.blob(digest)
        return self._blobs.read(digest) if known is not None and known[1] else None

    def runs(self, digest: str) -> list[tuple[int, int]] | None:
        """Return (first, count) of the runs of segments held of a track; None while its index is not here."""
        track = self._rows.track(digest)
        if track is None or not track.segments:
            return None
        runs, first = [], 0
        for number, _ in [*self._rows.missing(digest), (track.segments, 0)]:
            if number > first:
                runs.append((first, number - first))
            first = number + 1
        return runs

    def placed(self, row: Segment) -> bytes | None:
        """Return a segment of an index at its place in the pack; None if it is not held, or has rotten."""
        if not self._rows.is_held(row.digest):
            return None
        data = self._segments.read(row.digest)
        if data is None:
            self._on_rot(row.digest)
            return None
        return place_segment(data, row.number + 1, row.start)
