"""The store's door: what comes in is on the disk and in the rows, in that order; what goes out is verified."""

import errno
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence

import structlog

from catalog.formats.index import Index
from edge_cache.errors import DiskFull
from edge_cache.store.files import Files
from edge_cache.store.repository import StoreRepository

log = structlog.get_logger(__name__)

CACHE_BYTES = 8 << 20
"""How much of what was just read and verified stays in memory: a class watches the same segment at once."""
CACHE_LARGEST = 2 << 20


class Keeper:
    """Keeps and gives segments and small files. Safe to use from several threads."""

    def __init__(self, files: Files, rows: StoreRepository) -> None:
        """`on_rot` and `on_complete` are called, from any thread, when a file was bad and when a track is whole."""
        self.files, self.rows = files, rows
        self.on_rot: Callable[[], object] = lambda: None
        self.on_complete: Callable[[], object] = lambda: None
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._cached_bytes = 0
        self._lock = threading.Lock()

    def keep_segments(self, segments: Sequence[tuple[str, bytes]]) -> None:
        """Keep verified segments given as (digest, bytes); they count when this returns. Raises DiskFull."""
        try:
            self.files.segments.keep(segments)
        except OSError as error:
            raise self._full_or(error) from error
        if self.rows.mark_segments([digest for digest, _ in segments], held=True):
            self.on_complete()

    def keep_blob(self, digest: str, data: bytes) -> None:
        """Keep a verified small file. Raises DiskFull."""
        try:
            self.files.blobs.keep([(digest, data)])
        except OSError as error:
            raise self._full_or(error) from error
        self.rows.mark_blobs([digest], held=True)

    def adopt(self, segments: Sequence[str]) -> set[str]:
        """Return those of `segments` that lie on the disk, sound, without being known: a crash came between.

        They count as held afterwards.
        """
        found = {digest for digest in segments if self.files.segments.has(digest)}
        sound = {digest for digest in found if self.files.segments.read(digest) is not None}
        for digest in found - sound:
            self.files.segments.forget(digest)
        if sound and self.rows.mark_segments(sorted(sound), held=True):
            self.on_complete()
        return sound

    def segment(self, digest: str) -> bytes | None:
        """Return a held segment, verified at this reading; None if it is not held or has rotten (then forgotten).

        sha256 runs at several hundred MB/s where a classroom needs a few: what is sent is always what was signed.
        """
        with self._lock:
            if digest in self._cache:
                self._cache.move_to_end(digest)
                return self._cache[digest]
        if not self.rows.is_held(digest):
            return None
        data = self.files.segments.read(digest)
        if data is None:
            self._forget_segment(digest)
            return None
        self._remember(digest, data)
        return data

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
        """Return a held small file, verified at this reading; None as in `segment`."""
        data = self.files.blobs.read(digest)
        known = self.rows.blob(digest)
        if data is None and known is not None and known[1]:
            log.warning("blob.rotten", digest=digest)
            self.files.blobs.forget(digest)
            self.rows.mark_blobs([digest], held=False)
            self.on_rot()
        return None if known is None else data

    def verify(self) -> Iterator[tuple[str, bool]]:
        """Re-read everything that is held; yield each digest and whether it is sound. Bad ones are forgotten."""
        for digest in self.rows.held_segments():
            sound = self.files.segments.read(digest) is not None
            if not sound:
                self._forget_segment(digest)
            yield digest, sound
        for digest in self.rows.held_blobs():
            yield digest, self.blob(digest) is not None

    def _forget_segment(self, digest: str) -> None:
        log.warning("segment.rotten", digest=digest)
        self.files.segments.forget(digest)
        self.rows.mark_segments([digest], held=False)
        self.on_rot()

    def _remember(self, digest: str, data: bytes) -> None:
        if len(data) > CACHE_LARGEST:
            return
        with self._lock:
            if digest not in self._cache:
                self._cache[digest] = data
                self._cached_bytes += len(data)
            while self._cached_bytes > CACHE_BYTES:
                self._cached_bytes -= len(self._cache.popitem(last=False)[1])

    def _full_or(self, error: OSError) -> Exception:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            return error
        return DiskFull(free=self.files.disk()[0], reserve=0)
