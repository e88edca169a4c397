"""Rows about the rungs of lessons, as the planner wants them."""

import json
from collections.abc import Collection, Iterator
from datetime import datetime, tzinfo
from itertools import groupby

from catalog.formats.rungs import Rung
from edge_cache.database import Database
from edge_cache.planner.given import Gap, Lesson, Rendition, Track, rendition
from edge_cache.store.needs import NeedsRepository
from edge_cache.store.repository import StoreRepository

WORTH = {Rung.LISTEN: 0.35, Rung.FLOOR: 0.7, Rung.CLEAR: 0.9, Rung.BEST: 1.0}
"""What a class has of a rung, beside the best one."""

GAP_SEGMENTS = 4
"""A gap is told in stretches of so many segments, about a minute: what is missing is needed a little at a time."""
STARTS_KEPT = 64
"""Tracks of which it is remembered when their segments begin: few are partly here at a time."""

Which = tuple[str, str]
"""(course, lesson)."""


def key_of(course: str, lesson: str) -> str:
    """Return the planner's name of a lesson."""
    return f"{course}/{lesson}"


def which(key: str) -> Which:
    """Return the course and the lesson that the planner's name stands for."""
    course, _, lesson = key.partition("/")
    return course, lesson


class LadderRepository:
    """Reads lessons of current releases with the rungs that the node's policy wants. `zone` is the school's."""

    def __init__(self, database: Database, zone: tzinfo) -> None:
        self._database, self._zone = database, zone
        self._segments, self._needs = StoreRepository(database), NeedsRepository(database)
        self._known_starts: dict[str, tuple[float, ...]] = {}

    def ladders(self, keys: Collection[str] | None = None) -> dict[str, Lesson]:
        """Return lessons by the planner's name, in the direction's order; all of them, or those named.

        Where the policy has a lesson in two tiers, the rungs are those of the tier that every screen plays.
        """
        rows = self._database.read(
            "select r.course, r.lesson, l.number, l.duration_ms, r.tier, r.rung, r.watchable,"
            " v.digest, v.length, v.held_bytes, v.segments, v.held,"
            " s.digest, s.length, s.held_bytes, s.segments, s.held"
            " from current c join lesson l on l.course = c.course and l.release = c.number"
            " join rendition r on r.course = l.course and r.release = l.release and r.lesson = l.id and r.wanted"
            " left join track v on v.id = r.video left join track s on s.id = r.sound"
            " where ? is null or r.course || '/' || r.lesson in (select value from json_each(?))"
            " order by c.position, l.number, r.lesson, r.tier, r.height",
            (None if keys is None else 1, json.dumps(sorted(keys or ()))),
        )
        found, played = {}, self._played()
        for (course, lesson), of_lesson in groupby(rows, key=lambda row: (row[0], row[1])):
            ladder = list(of_lesson)
            rungs = tuple(self._rung(tuple(row)) for row in ladder if row["tier"] == ladder[0]["tier"])
            key, first = key_of(course, lesson), ladder[0]
            seconds, used = first["duration_ms"] / 1000, played.get((course, lesson))
            found[key] = Lesson(key, course, first["number"], rungs, seconds, used)
        return found

    def spare_bytes(self) -> int:
        """Return the bytes that are held and that no class can ask for."""
        return self._needs.spare_bytes()

    def _played(self) -> dict[Which, float]:
        """Return when each lesson was last played, to the hour."""
        rows = self._database.read(
            "select course, lesson, max(day || ' ' || substr('0' || hour, -2)) as hour from played"
            " group by course, lesson"
        )
        return {
            (row["course"], row["lesson"]): datetime.strptime(row["hour"], "%Y-%m-%d %H")
            .replace(tzinfo=self._zone)
            .timestamp()
            for row in rows
        }

    def _rung(self, row: tuple[object, ...]) -> Rendition:
        video, sound = self._track(row[7:12]), self._track(row[12:17])
        tracks = tuple(track for track in (sound, video) if track is not None)
        rung = Rung(str(row[5]))
        return rendition(rung.value, WORTH[rung], tracks, watchable=bool(row[6]))

    def _track(self, row: tuple[object, ...]) -> Track | None:
        digest, length, held_bytes, segments, held = row
        if digest is None:
            return None
        whole, here = int(str(length)), int(str(held_bytes))
        if segments and segments == held:
            return Track(str(digest), whole, 0)
        if not held:
            return Track(str(digest), whole, whole)  # its index counts for nothing: that does not go
        return Track(str(digest), whole, max(1, whole - here), tuple(self._gaps(str(digest))))

    def _gaps(self, digest: str) -> Iterator[Gap]:
        """Yield what a track that is partly here lacks, and when in the lesson each stretch of it is needed."""
        starts = self._starts(digest)
        if not starts:
            return
        first, count, length = 0, 0, 0
        for number, size in self._segments.missing(digest):
            if count and (number != first + count or count == GAP_SEGMENTS):
                yield Gap(first, count, length, starts[first])
                count = length = 0
            first = first if count else number
            count, length = count + 1, length + size
        if count:
            yield Gap(first, count, length, starts[first])

    def _starts(self, digest: str) -> tuple[float, ...]:
        """Return when each segment of a track begins, in seconds of the lesson; none if its index has rotten."""
        if digest not in self._known_starts:
            index = self._segments.index(digest)
            if index is None:
                return ()
            if len(self._known_starts) >= STARTS_KEPT:
                self._known_starts.pop(next(iter(self._known_starts)))
            self._known_starts[digest] = tuple(row.start / index.timescale for row in index.segments)
        return self._known_starts[digest]
