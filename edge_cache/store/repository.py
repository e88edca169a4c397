"""Rows about tracks, segments and small files, and which of them are held."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.formats.errors import BadFormat
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import Index, parse_index
from edge_cache.database import Database


@dataclass(frozen=True, slots=True)
class Track:
    """A track as the node knows it: `digest` of its index, bytes of pack and index, segments known and held."""

    digest: str
    kind: str
    length: int
    index_length: int
    segments: int
    held: int
    held_bytes: int

    @property
    def complete(self) -> bool:
        """Whether every segment is held."""
        return self.segments > 0 and self.held == self.segments


class StoreRepository:
    """Reads and changes rows of the store. Digests are 64 hex digits, lengths bytes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def track(self, digest: str) -> Track | None:
        """Return the track whose index has this digest."""
        row = self._database.read_one(
            "select digest, kind, length, index_length, segments, held, held_bytes from track where digest = ?",
            (digest,),
        )
        return None if row is None else Track(*row)

    def index(self, digest: str) -> Index | None:
        """Return the index with this digest, if it is here and still is what its name says."""
        row = self._database.read_one("select body from track where digest = ?", (digest,))
        if row is None or row["body"] is None or sha256_hex(row["body"]) != digest:
            return None
        return parse_index(row["body"])

    def add_index(self, digest: str, body: bytes) -> None:
        """Take the index of a known track. Raises BadFormat if it is not that index, or does not fit its track."""
        if sha256_hex(body) != digest:
            raise BadFormat(what="index", why="it does not have the digest that its release names")
        index = parse_index(body)
        with self._database.write() as rows:
            track = rows.execute("select id, kind, length, body from track where digest = ?", (digest,)).fetchone()
            if track is None or track["body"] is not None:
                return
            if index.kind.value != track["kind"] or index.pack_length != track["length"]:
                raise BadFormat(what="index", why="it describes another track than its release says")
            rows.executemany(
                "insert into segment (digest, length) values (?, ?) on conflict do nothing",
                [(bytes.fromhex(s.digest), s.length) for s in index.segments],
            )
            rows.executemany(
                "insert into part (track, number, segment) select ?, ?, id from segment where digest = ?",
                [(track["id"], s.number, bytes.fromhex(s.digest)) for s in index.segments],
            )
            held, held_bytes = rows.execute(
                "select count(*), coalesce(sum(s.length), 0) from part p join segment s on s.id = p.segment"
                " where p.track = ? and s.held",
                (track["id"],),
            ).fetchone()
            rows.execute(
                "update track set body = ?, segments = ?, held = ?, held_bytes = ? where id = ?",
                (body, len(index.segments), held, held_bytes + len(index.init), track["id"]),
            )

    def forget_index(self, digest: str) -> None:
        """Forget a track's index; its segments stay known by their digests, to be counted again with it."""
        with self._database.write() as rows:
            rows.execute("delete from part where track = (select id from track where digest = ?)", (digest,))
            rows.execute(
                "update track set body = null, segments = 0, held = 0, held_bytes = 0 where digest = ?", (digest,)
            )

    def missing(self, digest: str) -> list[tuple[int, int]]:
        """Return (number, length) of the segments of a track that are not held, in order."""
        rows = self._database.read(
            "select p.number, s.length from track t join part p on p.track = t.id join segment s on s.id = p.segment"
            " where t.digest = ? and not s.held order by p.number",
            (digest,),
        )
        return [(row[0], row[1]) for row in rows]

    def playable(self, digest: str) -> int:
        """Return how many segments of a track a player may be told of: all up to the first that is missing."""
        row = self._database.read_one(
            "select case when t.held = t.segments then t.segments else coalesce((select min(p.number) from part p"
            " join segment s on s.id = p.segment where p.track = t.id and not s.held), 0) end"
            " from track t where t.digest = ?",
            (digest,),
        )
        return 0 if row is None else int(row[0])

    def is_held(self, segment: str) -> bool:
        """Say whether a segment is held."""
        row = self._database.read_one("select held from segment where digest = ?", (bytes.fromhex(segment),))
        return row is not None and bool(row["held"])

    def indexes_here(self) -> list[tuple[str, int]]:
        """Return (digest, length in bytes) of every index that is here, sound or not."""
        return [
            (row[0], row[1]) for row in self._database.read("select digest, index_length from track where segments")
        ]

    def held_blobs(self) -> list[str]:
        """Return the digest of every small file that is held."""
        return [row[0] for row in self._database.read("select digest from blob where held")]

    def mark_segments(self, segments: Sequence[str], held: bool) -> bool:
        """Note that segments are held, or no longer; return whether a track has become complete by it."""
        completed = False
        with self._database.write() as rows:
            for digest in segments:
                row = rows.execute(
                    "update segment set held = ? where digest = ? and held != ? returning id, length",
                    (held, bytes.fromhex(digest), held),
                ).fetchone()
                if row is not None:
                    completed |= _count(rows, row["id"], row["length"] if held else -row["length"])
        return completed

    def mark_blobs(self, blobs: Sequence[str], held: bool) -> None:
        """Note that small files are held, or no longer."""
        with self._database.write() as rows:
            rows.executemany("update blob set held = ? where digest = ?", [(held, digest) for digest in blobs])

    def blob(self, digest: str) -> tuple[int, bool] | None:
        """Return (length, whether it is held) of a small file that some release names."""
        row = self._database.read_one("select length, held from blob where digest = ?", (digest,))
        return None if row is None else (row["length"], bool(row["held"]))

    def holds_blob(self, digest: str) -> bool:
        """Say whether a small file is held."""
        known = self.blob(digest)
        return known is not None and known[1]

    def totals(self) -> tuple[int, int]:
        """Return how many segments are held, and their bytes."""
        row = self._database.read_one("select count(*), coalesce(sum(length), 0) from segment where held")
        return (0, 0) if row is None else (row[0], row[1])


def _count(rows: sqlite3.Connection, segment: int, length: int) -> bool:
    """Add a segment of `length` bytes (below 0: take it away) to its tracks; return whether one became complete."""
    sign = 1 if length > 0 else -1
    completed = False
    tracks = rows.execute("select track, count(*) as times from part where segment = ? group by track", (segment,))
    for track, times in tracks.fetchall():
        row = rows.execute(
            "update track set held = held + ?, held_bytes = held_bytes + ? where id = ? returning held = segments",
            (sign * times, length * times, track),
        ).fetchone()
        completed |= bool(row[0])
    return completed
