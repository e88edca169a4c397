"""Rows about who needs what: which segments can go without any lesson missing them."""

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from edge_cache.database import Database

AT_ONCE = 64
"""So many segments leave the rows in one transaction: the fill waits no longer than that takes."""

ALL = -1
"""As a limit of a query: none."""

TEMPORARY = (
    "create temp table if not exists going (track integer primary key)",
    "create temp table if not exists staying (track integer primary key)",
    "create temp table if not exists leaving (course text, release integer, lesson text, tier text, rung text)",
    "delete from going",
    "delete from staying",
    "delete from leaving",
)
"""Tables of the connection's own: tracks that go, tracks that stay whatever is said, and the renditions that go."""

OF_LEAVING = (
    "insert or ignore into going select t.id from track t where t.id not in (select track from staying)"
    " and exists (select 1 from leaving o join rendition r on r.course = o.course and r.release = o.release"
    "  and r.lesson = o.lesson and r.tier = o.tier and r.rung = o.rung where t.id in (r.video, r.sound))"
    " and not exists (select 1 from live_rendition r where (r.video = t.id or r.sound = t.id) and not exists"
    "  (select 1 from leaving o where o.course = r.course and o.release = r.release and o.lesson = r.lesson"
    "  and o.tier = r.tier and o.rung = r.rung))"
)
"""The tracks of the renditions that go, but for those that a live rendition needs which does not."""

OF_NOBODY = (
    "insert into going select id from track t where id not in (select track from staying)"
    " and not exists (select 1 from rendition r where r.video = t.id)"
    " and not exists (select 1 from rendition r where r.sound = t.id)"
)

HELD_FOR_GOING = (
    "select distinct s.id, s.digest, s.length from going g join part p on p.track = g.track"
    " join segment s on s.id = p.segment where s.held and not exists"
    " (select 1 from part q where q.segment = s.id and q.track not in (select track from going)"
    "  and (q.track in (select track from staying)"
    "   or exists (select 1 from live_rendition r where r.video = q.track)"
    "   or exists (select 1 from live_rendition r where r.sound = q.track))) limit ?"
)
"""Held segments of the tracks that go, which no live rendition and no track that stays has too."""

HELD_FOR_NOBODY = (
    "select distinct s.id, s.digest, s.length from going g join part p on p.track = g.track"
    " join segment s on s.id = p.segment where s.held and not exists"
    " (select 1 from part q where q.segment = s.id and q.track not in (select track from going)) limit ?"
)

UNCOUNT = (
    "update track set held = held - t.times, held_bytes = held_bytes - t.times * ?"
    " from (select track, count(*) as times from part where segment = ? group by track) t where t.track = track.id"
)

NO_LONGER_WATCHED = (
    "delete from serving where not exists (select 1 from rung r where r.course = serving.course"
    " and r.release = serving.release and r.lesson = serving.lesson and r.watchable and r.complete)"
    " and exists (select 1 from rendition r join going g on g.track in (r.video, r.sound)"
    " where r.course = serving.course and r.release = serving.release and r.lesson = serving.lesson)"
)
"""Lessons that can no longer be watched because tracks of theirs went."""

UNASSIGNED = (
    "select course, release, lesson, tier, rung from rendition r"
    " where not exists (select 1 from assignment a where a.course = r.course)"
    " and not exists (select 1 from wish w where w.course = r.course and w.lesson = r.lesson and w.wish = 'pin')"
)
REPLACED = (
    "select course, release, lesson, tier, rung from rendition r"
    " where exists (select 1 from assignment a where a.course = r.course) and not exists"
    " (select 1 from live_rendition l where l.course = r.course and l.release = r.release and l.lesson = r.lesson)"
)


OF_RUNG = (
    "select course, release, lesson, tier, rung from live_rendition r"
    " where r.course = ? and r.lesson = ? and r.rung = ?"
    " and not exists (select 1 from wish w where w.course = r.course and w.lesson = r.lesson and w.wish = 'pin')"
)
SPARE_BYTES = (
    "select coalesce(sum(s.length), 0) as bytes from segment s where s.held and s.id in"
    " (select p.segment from track t join part p on p.track = t.id where t.held"
    "  and not exists (select 1 from live_rendition r where r.video = t.id)"
    "  and not exists (select 1 from live_rendition r where r.sound = t.id))"
    " and not exists (select 1 from part q where q.segment = s.id and"
    "  (exists (select 1 from live_rendition r where r.video = q.track)"
    "   or exists (select 1 from live_rendition r where r.sound = q.track)))"
)
SPARE_BLOBS = (
    "select digest, length from blob where held and not exists"
    " (select 1 from lesson_blob k join live_rendition r on r.course = k.course"
    "  and r.release = k.release and r.lesson = k.lesson where k.digest = blob.digest) limit ?"
)
"""Small files that no lesson has which a class can ask for."""


@dataclass(frozen=True, slots=True)
class RenditionKey:
    """A rendition of a lesson of a release, at a rung of a tier."""

    course: str
    release: int
    lesson: str
    tier: str
    rung: str


class NeedsRepository:
    """Takes segments and small files out of the rows, when nothing that stays needs them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take_out(self, going: Collection[RenditionKey], watched: Collection[str]) -> list[str]:
        """Mark segments of the renditions `going` as no longer held, `AT_ONCE` at most; return their digests.

        Left alone are those that a live rendition outside `going` needs, and the tracks in `watched` (digests of
        indexes). Call it until it returns nothing. Lessons that can no longer be watched by it stop serving.
        """
        with self._database.write() as rows:
            _begin(rows, watched)
            rows.executemany(
                "insert into leaving values (?, ?, ?, ?, ?)",
                [(k.course, k.release, k.lesson, k.tier, k.rung) for k in going],
            )
            rows.execute(OF_LEAVING)
            found = _uncount(rows, HELD_FOR_GOING)
            if found:
                rows.execute(NO_LONGER_WATCHED)
            return found

    def take_out_unneeded(self, watched: Collection[str]) -> list[str]:
        """Mark segments that no known release needs as no longer held, `AT_ONCE` at most; return their digests.

        Rows of tracks that no release names go with their last segments. Tracks in `watched` stay.
        """
        with self._database.write() as rows:
            _begin(rows, watched)
            rows.execute(OF_NOBODY)
            found = _uncount(rows, HELD_FOR_NOBODY)
            if not found and rows.execute("select 1 from going").fetchone():
                rows.execute("delete from part where track in (select track from going)")
                rows.execute("delete from track where id in (select track from going)")
                rows.execute(
                    "delete from segment where not held and not exists"
                    " (select 1 from part p where p.segment = segment.id)"
                )
            return found

    def take_out_blobs(self) -> list[str]:
        """Forget small files that no known release names; return the digests of those that are on the disk."""
        with self._database.write() as rows:
            gone = rows.execute(
                "delete from blob where not exists (select 1 from lesson_blob k where k.digest = blob.digest)"
                " returning digest, held"
            ).fetchall()
        return [digest for digest, held in gone if held]

    def take_out_spare_blobs(self) -> list[str]:
        """Mark small files that no class can ask for as no longer held, `AT_ONCE` at most; return their digests."""
        with self._database.write() as rows:
            gone = [(digest,) for digest, _ in rows.execute(SPARE_BLOBS, (AT_ONCE,)).fetchall()]
            rows.executemany("update blob set held = 0 where digest = ?", gone)
            return [digest for (digest,) in gone]

    def spare(self) -> list[list[RenditionKey]]:
        """Return the renditions that no class can ask for, in the order in which their room may be taken.

        First those of courses that are no longer assigned; then those of releases that newer ones have replaced,
        which are held to be gone back to.
        """
        return [[RenditionKey(*row) for row in self._database.read(query)] for query in (UNASSIGNED, REPLACED)]

    def spare_bytes(self) -> int:
        """Return the bytes that are held and that no class can ask for: segments of all of `spare`, and small files."""
        row = self._database.read_one(SPARE_BYTES)
        blobs = self._database.read(SPARE_BLOBS, (ALL,))
        return (0 if row is None else int(row["bytes"])) + sum(int(blob["length"]) for blob in blobs)

    def of_rung(self, course: str, lesson: str, rung: str) -> list[RenditionKey]:
        """Return a lesson's renditions at a rung, in every tier and release that a class may ask for.

        Of a lesson that a teacher keeps here there are none to go.
        """
        return [RenditionKey(*row) for row in self._database.read(OF_RUNG, (course, lesson, rung))]

    def held_with(self, prefix: str) -> list[tuple[str, int]]:
        """Return (digest, length) of the held segments whose digests begin with `prefix` (two hex digits), in order."""
        first = int(prefix, 16)
        rows = self._database.read(
            "select digest, length from segment where held and digest >= ? and (? or digest < ?) order by digest",
            (bytes([first]), first == 255, bytes([min(255, first + 1)])),
        )
        return [(row["digest"].hex(), row["length"]) for row in rows]

    def names_segment(self, digest: str) -> bool:
        """Say whether a known index names this segment, held or not."""
        row = self._database.read_one(
            "select 1 from segment s join part p on p.segment = s.id where s.digest = ?", (bytes.fromhex(digest),)
        )
        return row is not None


def _begin(rows: sqlite3.Connection, staying: Iterable[str]) -> None:
    """Empty the connection's own tables, and name the tracks (by their indexes) that stay whatever is said."""
    for statement in TEMPORARY:
        rows.execute(statement)
    rows.executemany("insert or ignore into staying select id from track where digest = ?", [(d,) for d in staying])


def _uncount(rows: sqlite3.Connection, query: str) -> list[str]:
    """Mark the segments that `query` finds as no longer held; return their digests."""
    found = rows.execute(query, (AT_ONCE,)).fetchall()
    for segment, _, length in found:
        rows.execute("update segment set held = 0 where id = ?", (segment,))
        rows.execute(UNCOUNT, (length, segment))
    return [digest.hex() for _, digest, _ in found]
