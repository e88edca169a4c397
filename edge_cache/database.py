"""node.db: what the node knows and holds. SQLite in WAL mode, every commit on the disk before it counts."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from edge_cache.errors import NodeStateUnreadable

SCHEMA_VERSION = 2
SCHEMA = """
create table fact (key text primary key, value text not null) without rowid;
create table assignment (course text primary key, partner text not null, release integer not null,
    position integer not null) without rowid;
create table release (course text not null, number integer not null, partner text not null, sha256 text not null,
    partner_name text not null, title text not null, description text not null, place text not null,
    published text not null, primary key (course, number)) without rowid;
create table lesson (course text not null, release integer not null, id text not null, number integer not null,
    title text not null, place text not null, duration_ms integer not null, poster text, document text not null,
    primary key (course, release, id));
create table track (id integer primary key, digest text not null unique, kind text not null, length integer not null,
    index_length integer not null, body blob, segments integer not null default 0, held integer not null default 0,
    held_bytes integer not null default 0);
create table tier (name text primary key) without rowid;
create table rendition (course text not null, release integer not null, lesson text not null, tier text not null,
    rung text not null, height integer not null, watchable integer not null, floor integer not null,
    wanted integer not null default 0, video integer, sound integer,
    primary key (course, release, lesson, tier, height)) without rowid;
create index rendition_video on rendition (video);
create index rendition_sound on rendition (sound);
create table segment (id integer primary key, digest blob not null unique, length integer not null,
    held integer not null default 0);
create table part (track integer not null, number integer not null, segment integer not null,
    primary key (track, number)) without rowid;
create index part_segment on part (segment);
create table blob (digest text primary key, length integer not null, held integer not null default 0) without rowid;
create table lesson_blob (course text not null, release integer not null, lesson text not null, digest text not null,
    still integer not null, primary key (course, release, lesson, digest)) without rowid;
create table serving (course text not null, lesson text not null, release integer not null,
    primary key (course, lesson)) without rowid;
create table problem (source text primary key, code text not null, message text not null, data text not null,
    since text not null) without rowid;
create table report (id text primary key, made text not null, body text not null) without rowid;

-- The newest known release of each course that the direction assigns.
create view current as select c.*, a.position from assignment a
    join release c on c.course = a.course and c.partner = a.partner
    and c.number = (select max(number) from release n where n.course = a.course);
-- Renditions with their tracks, and whether all segments of those are held.
create view rung as select r.*, v.digest as video_digest, s.digest as sound_digest,
    (r.video is null or (v.segments > 0 and v.held = v.segments))
    and (r.sound is null or (s.segments > 0 and s.held = s.segments)) as complete
    from rendition r left join track v on v.id = r.video left join track s on s.id = r.sound;
-- Lessons of current releases; `watchable` says that one can be taught with, `lacks_…` what of the policy is missing.
create view current_lesson as select l.*, c.position,
    exists (select 1 from rung r where r.course = l.course and r.release = l.release and r.lesson = l.id
        and r.wanted and r.watchable and r.complete) as watchable,
    exists (select 1 from rung r where r.course = l.course and r.release = l.release and r.lesson = l.id
        and r.wanted and r.floor and not r.complete) as lacks_floor,
    exists (select 1 from rung r where r.course = l.course and r.release = l.release and r.lesson = l.id
        and r.wanted and not r.complete) as lacks_media,
    exists (select 1 from lesson_blob k join blob b on b.digest = k.digest where k.course = l.course
        and k.release = l.release and k.lesson = l.id and not k.still and not b.held) as lacks_words,
    exists (select 1 from lesson_blob k join blob b on b.digest = k.digest where k.course = l.course
        and k.release = l.release and k.lesson = l.id and k.still and not b.held) as lacks_stills
    from current c join lesson l on l.course = c.course and l.release = c.number;
"""


class Database:
    """One connection that writes and one that reads, each used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make the database at `path`. Raises NodeStateUnreadable."""
        self.path = path
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
        for pragma in ("journal_mode=wal", "synchronous=full", "cache_size=-1024", "wal_autocheckpoint=500"):
            connection.execute(f"pragma {pragma}")
        return connection

    def _prepare(self) -> None:
        version = self._writer.execute("pragma user_version").fetchone()[0]
        if version == 0:
            self._writer.executescript(f"begin;{SCHEMA}pragma user_version={SCHEMA_VERSION};commit;")
        elif version != SCHEMA_VERSION:
            raise sqlite3.DatabaseError(f"its schema is {version}, this program knows {SCHEMA_VERSION}")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is on the disk when the block ends, or none after an error."""
        with self._write_lock:
            if self._writer.in_transaction:
                yield self._writer
                return
            self._writer.execute("begin immediate")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("rollback")
                raise
            self._writer.execute("commit")

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
