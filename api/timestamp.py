"""Which timestamp the public store has now, so that nodes that hold it need not ask the store (ADR 16)."""

import time
from collections.abc import Callable

from catalog.formats.errors import AppError
from catalog.formats.hashing import sha256_hex
from catalog.formats.trust import TIMESTAMP
from catalog.storage.base import Bucket, ObjectStore

LONGEST_BYTES = 64 << 10


class StoredTimestamp:
    """The sha256 of the store's timestamp as the watcher last saw it; unknown once nobody looks any more.

    It is written by one thread and read by many.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seen: tuple[str, float] | None = None

    def look(self, store: ObjectStore, good_for_s: float) -> None:
        """Read the timestamp; what is seen counts for `good_for_s` seconds. What cannot be read is unknown."""
        until = self._monotonic() + good_for_s
        try:
            self._seen = sha256_hex(store.get(Bucket.PUBLIC, TIMESTAMP, LONGEST_BYTES)), until
        except AppError:  # the store is away, or nothing was published yet: then nodes see for themselves
            self._seen = None

    @property
    def digest(self) -> str | None:
        """64 hex digits; None while it is not known."""
        seen = self._seen
        return seen[0] if seen is not None and self._monotonic() < seen[1] else None
