"""Copies the signed repository to the object store, so that a reader never meets a reference to something missing."""

from collections.abc import Iterator

import structlog
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Timestamp

from catalog.formats.errors import NotTrusted
from catalog.formats.hashing import sha256_hex
from catalog.formats.trust import MAX_METADATA_BYTES, TIMESTAMP, ReleaseTarget
from catalog.storage.base import Bucket, NoSuchObject, ObjectStore
from signer.errors import BrokenFile, Diverged
from signer.repository import LocalRepository, Statements, metadata_key, read_statements

log = structlog.get_logger(__name__)

JSON = "application/json"


class Uploader:
    """Keeps the store's copy up with what is committed. What it has seen in the store it does not ask for again."""

    def __init__(self, repository: LocalRepository, store: ObjectStore) -> None:
        self._repository = repository
        self._store = store
        self._seen: set[str] = set()
        self._current: bytes | None = None

    def is_current(self, statements: Statements) -> bool:
        """Say whether the store is known to hold `statements`."""
        return self._current == statements.objects[TIMESTAMP]

    def upload(self, statements: Statements) -> None:
        """Store what the store lacks: releases, roles, snapshot, roots, and the timestamp last.

        Call it while the repository is locked for writing. Raises StoreAway or StoreRefused, and may be called
        again; Diverged, and overwrites nothing, where the store holds other statements than ours.
        """
        if self.is_current(statements):
            return
        self._refuse_newer(statements)
        stored = 0
        for key, data in self._in_order(statements):
            if key not in self._seen:
                stored += self._store_once(key, data)
                self._seen.add(key)
        stamp = statements.objects[TIMESTAMP]
        self._store.put(Bucket.PUBLIC, TIMESTAMP, stamp, JSON)
        self._current = stamp
        log.info("metadata.uploaded", timestamp=statements.timestamp.signed.version, objects=stored + 1)

    def _in_order(self, statements: Statements) -> Iterator[tuple[str, bytes]]:
        for target in statements.releases.values():
            if target.stored_as in self._seen:
                continue
            data = self._repository.stored(target.stored_as)
            if data is None:
                raise BrokenFile(path=target.stored_as, why="it is missing")
            yield from self._repository.changes_to(target.sha256)
            yield target.stored_as, data
        keys = [key for key in statements.objects if key != TIMESTAMP]
        ranks = {"root": 3, "snapshot": 2, "targets": 1}
        for key in sorted(keys, key=lambda key: ranks.get(key.split(".")[-2], 0)):
            yield key, statements.objects[key]

    def _store_once(self, key: str, data: bytes) -> int:
        """Store an immutable object unless it is there; return 1 if it was stored."""
        there = self._read(key)
        if there is None:
            self._store.put(Bucket.PUBLIC, key, data, JSON)
            return 1
        if there != data:
            raise Diverged(what=key)
        return 0

    def _refuse_newer(self, statements: Statements) -> None:
        next_root = metadata_key("root", statements.root.signed.version + 1)
        if self._store.exists(Bucket.PUBLIC, next_root):
            raise Diverged(what=next_root)
        there = self._read(TIMESTAMP)
        ours = statements.timestamp.signed
        if there is None or there == statements.objects[TIMESTAMP]:
            return
        found = self._signed_by_us(there, statements)
        if found is not None and found.version >= ours.version:
            raise Diverged(what=f"{TIMESTAMP} is version {found.version}, this folder's is {ours.version}")

    @staticmethod
    def _signed_by_us(data: bytes, statements: Statements) -> Timestamp | None:
        """Return the timestamp in `data` if our present key signed it: rubbish in the store is simply replaced."""
        try:
            metadata = Metadata[Timestamp].from_bytes(data)
            statements.root.signed.verify_delegate("timestamp", metadata.signed_bytes, metadata.signatures)
        except RepositoryError:
            return None
        return metadata.signed

    def adopt(self) -> Statements:
        """Return what the store holds, verified from its first root on. Raises NotTrusted where that fails."""
        return read_statements(self._read)

    def release(self, target: ReleaseTarget) -> bytes:
        """Return a listed release from the store. Raises NotTrusted where it is missing or is not the one listed."""
        data = self._read(target.stored_as)
        if data is None or sha256_hex(data) != target.sha256:
            raise NotTrusted(what=target.stored_as, why="the store does not hold it as it was signed")
        return data

    def _read(self, key: str) -> bytes | None:
        try:
            return self._store.get(Bucket.PUBLIC, key, MAX_METADATA_BYTES)
        except NoSuchObject:
            return None
