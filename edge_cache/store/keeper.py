"""The store's door: what comes in is on the disk and in the rows, in that order; what goes out is verified.

What goes away leaves the rows first, then the disk: whatever cuts it short, no row calls held what is not there.
"""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog

from catalog.formats.index import Index
from edge_cache.store.files import Files, in_words
from edge_cache.store.reading import Opened, Reader, Rotten, read_ahead
from edge_cache.store.repository import StoreRepository
from edge_cache.store.turns import Turns, stand_back

log = structlog.get_logger(__name__)

WATCHED_S = 1800.0
"""A track counts as watched for so long after a screen last asked for something of it: a class may be talking."""


class Keeper:
    """Keeps and gives segments and small files. Safe to use from several threads."""

    def __init__(self, files: Files, rows: StoreRepository) -> None:
        """`on_rot` and `on_complete` are called, from any thread, when a file was bad and when a track is whole."""
        self.files, self.rows = files, rows
        self.turns = Turns()
        self.on_rot: Callable[[], object] = lambda: None
        self.on_complete: Callable[[], object] = lambda: None
        self._reader = Reader()
        self._watched: dict[str, float] = {}
        # What is on the disk and what the rows say change together, one change at a time.
        self._changing = threading.RLock()
        self._writer = ThreadPoolExecutor(1, "store-writer", stand_back)

    def close(self) -> None:
        """Wait for what is on its way to the disk."""
        self._writer.shutdown()

    def keep_segments(self, segments: Sequence[tuple[str, bytes]]) -> None:
        """Keep verified segments given as (digest, bytes); they count when this returns.

        Screens that wait for the disk go first. Raises DiskFull or DiskUnwritable.
        """
        self._writer.submit(self._keep_segments, segments).result()

    def _keep_segments(self, segments: Sequence[tuple[str, bytes]]) -> None:
        with self._changing:
            try:
                self.files.segments.keep(segments, self.turns.give_way)
            except OSError as error:
                raise in_words(error, self.files.folder) from error
            completed = self.rows.mark_segments([digest for digest, _ in segments], held=True)
        if completed:
            self.on_complete()

    def keep_blob(self, digest: str, data: bytes) -> None:
        """Keep a verified small file. Raises DiskFull or DiskUnwritable."""
        with self._changing:
            try:
                self.files.blobs.keep([(digest, data)])
            except OSError as error:
                raise in_words(error, self.files.folder) from error
            self.rows.mark_blobs([digest], held=True)

    def adopt(self, segments: Sequence[str]) -> set[str]:
        """Return those of `segments` that lie on the disk, sound, without being known: a crash came between.

        They count as held afterwards.
        """
        with self._changing:
            found = {digest for digest in segments if self.files.segments.has(digest)}
            sound = {digest for digest in found if self.files.segments.read(digest) is not None}
            for digest in found - sound:
                self.files.segments.forget(digest)
            completed = bool(sound) and self.rows.mark_segments(sorted(sound), held=True)
        if completed:
            self.on_complete()
        return sound

    def open(self, digest: str) -> Opened | None:
        """Open a held segment for a screen, verified; None if it is not held or has rotten (then it is forgotten)."""
        if not self.rows.is_held(digest):
            return None
        try:
            with self.turns.watching():
                return self._reader.open(self.files.segments.path(digest), digest)
        except Rotten as error:
            self.lose([digest], str(error))
            return None

    def read_lately(self, digest: str) -> bool:
        """Say whether a segment is likely to be in memory, for it was read not long ago."""
        return self._reader.knows(digest)

    def read_ahead(self, digest: str) -> None:
        """Have the disk fetch a segment that will be asked for next."""
        read_ahead(self.files.segments.path(digest))

    def watch(self, track: str) -> None:
        """Note that a screen plays from the track with this index: nothing of it is removed for a while."""
        now = time.monotonic()
        self._watched[track] = now
        if len(self._watched) > 1000:
            self._watched = {t: at for t, at in self._watched.copy().items() if at > now - WATCHED_S}

    def watched(self) -> set[str]:
        """Return the tracks, by their indexes' digests, that screens play or have just played from."""
        oldest = time.monotonic() - WATCHED_S
        return {track for track, at in self._watched.copy().items() if at > oldest}

    def index(self, digest: str) -> Index | None:
        """Return an index that is here; None if it is not, or has rotten (then it is forgotten)."""
        index = self.rows.index(digest)
        track = self.rows.track(digest) if index is None else None
        if track is not None and track.segments:
            log.warning("index.rotten", digest=digest)
            self.rows.forget_index(digest)
            self.on_rot()
        return index

    def blob(self, digest: str) -> bytes | None:
        """Return a held small file, verified at this reading; None as in `open`."""
        with self.turns.watching():
            data = self.files.blobs.read(digest)
        known = self.rows.blob(digest)
        if data is None and known is not None and known[1]:
            log.warning("blob.rotten", digest=digest)
            with self._changing:
                self.rows.mark_blobs([digest], held=False)
                self.files.blobs.forget(digest)
            self.on_rot()
        return None if known is None else data

    def lose(self, segments: Collection[str], why: str) -> None:
        """Forget held segments whose bytes have turned out to be bad; they are wanted again."""
        lost = []
        with self._changing:
            for digest in segments:
                self._reader.forget(digest)
                if self.rows.is_held(digest):  # it may have been removed in order, or lost by another reader
                    lost.append(digest)
                    log.warning("segment.rotten", digest=digest, why=why)
                    self.rows.mark_segments([digest], held=False)
                    self.files.segments.forget(digest)
        if lost:
            self.on_rot()

    def remove(self, choose: Callable[[], Sequence[str]]) -> int:
        """Remove the segments that `choose` takes out of the rows; return how many.

        `choose` runs while nothing else changes the store, and what it did is on the disk when it returns.
        """
        with self._changing:
            gone = choose()
            for digest in gone:
                self._reader.forget(digest)
                self.files.segments.forget(digest)
        return len(gone)

    def remove_blobs(self, choose: Callable[[], Sequence[str]]) -> int:
        """Remove small files like segments in `remove`."""
        with self._changing:
            gone = choose()
            for digest in gone:
                self.files.blobs.forget(digest)
        return len(gone)
