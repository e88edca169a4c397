"""node.db: what the node knows and holds. SQLite in WAL mode, every commit on the disk before it counts."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from edge_cache.errors import DiskFull, DiskTrouble, DiskUnwritable, NodeStateUnreadable
from edge_cache.schema import CHANGES, FIRST_VERSION, SCHEMA

LOG_BYTES = 128 << 10
"""About how long the write-ahead log gets before it is taken into node.db and begun anew: it is room that lessons could
have. Each commit is on the disk before it counts, whatever this is; shorter means one more wait for the disk for every
few segments."""
PRAGMAS = (
    "journal_mode=wal",
    "synchronous=full",
    "cache_size=-1024",
    f"wal_autocheckpoint={LOG_BYTES // 4096}",
    f"journal_size_limit={LOG_BYTES}",
)


class Database:
    """One connection that writes and one that reads, each used by one thread at a time."""

    def __init__(self, path: Path, changes: Sequence[str] = CHANGES) -> None:
        """Open or make the database at `path`, with `changes` since the first schema. Raises NodeStateUnreadable."""
        self.path, self._changes = path, changes
        self._write_lock, self._read_lock = threading.RLock(), threading.Lock()
        try:
            self._writer = self._connect()
            self._prepare()
            self._reader = self._connect()
        except sqlite3.Error as error:
            raise NodeStateUnreadable(folder=str(path.parent), why=f"node.db: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=10)
        connection.row_factory = sqlite3.Row
        for pragma in PRAGMAS:
            connection.execute(f"pragma {pragma}")
        return connection

    def _prepare(self) -> None:
        version = self._writer.execute("pragma user_version").fetchone()[0]
        newest = FIRST_VERSION + len(self._changes)
        if version == 0:
            self._change(SCHEMA, FIRST_VERSION)
            version = FIRST_VERSION
        if not FIRST_VERSION <= version <= newest:
            raise sqlite3.DatabaseError(f"its schema is {version}, this program knows {FIRST_VERSION} to {newest}")
        for change in self._changes[version - FIRST_VERSION :]:
            version += 1
            self._change(change, version)

    def _change(self, statements: str, version: int) -> None:
        try:
            self._writer.executescript(f"begin immediate;{statements};pragma user_version={version};commit;")
        except sqlite3.Error:
            if self._writer.in_transaction:
                self._writer.execute("rollback")
            raise

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is on the disk when the block ends, or none after an error.

        Raises DiskTrouble if the disk is full or cannot be written.
        """
        with self._write_lock:
            if self._writer.in_transaction:
                yield self._writer
                return
            try:
                self._writer.execute("begin immediate")
                yield self._writer
                self._writer.execute("commit")
            except BaseException as error:
                self._undo()
                if isinstance(error, sqlite3.OperationalError) and (trouble := self._disk_trouble(error)):
                    raise trouble from error
                raise

    def _undo(self) -> None:
        """Leave no transaction open; a disk that cannot be written may refuse even that, and then there is none."""
        if self._writer.in_transaction:
            with suppress(sqlite3.OperationalError):
                self._writer.execute("rollback")

    def _disk_trouble(self, error: sqlite3.OperationalError) -> DiskTrouble | None:
        """Return what `error` says of the disk, if it is about the disk."""
        primary = (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
        if primary == sqlite3.SQLITE_FULL:
            return DiskFull(free=shutil.disk_usage(self.path.parent).free, reserve=0)
        if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            return DiskUnwritable(folder=str(self.path.parent), why=str(error))
        return None

    def read(self, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self._read_lock:
            return self._reader.execute(sql, values).fetchall()

    def read_one(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        with self._read_lock:
            row: sqlite3.Row | None = self._reader.execute(sql, values).fetchone()
            return row

    def close(self) -> None:
        """Close both connections."""
        with self._write_lock, self._read_lock:
            self._reader.close()
            self._writer.close()
