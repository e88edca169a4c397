"""Rows about the rungs of lessons, as the planner wants them."""

import json
from collections.abc import Collection
from itertools import groupby

from catalog.formats.rungs import Rung
from edge_cache.database import Database
from edge_cache.planner.given import Lesson, Rendition, Track, rendition

WORTH = {Rung.LISTEN: 0.35, Rung.FLOOR: 0.7, Rung.CLEAR: 0.9, Rung.BEST: 1.0}
"""What a class has of a rung, beside the best one."""

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
    """Reads lessons of current releases with the rungs that the node's policy wants."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
        found = {}
        for (course, lesson), of_lesson in groupby(rows, key=lambda row: (row[0], row[1])):
            ladder = list(of_lesson)
            rungs = tuple(_rung(tuple(row)) for row in ladder if row["tier"] == ladder[0]["tier"])
            key = key_of(course, lesson)
            found[key] = Lesson(key, course, ladder[0]["number"], rungs, ladder[0]["duration_ms"] / 1000)
        return found


def _rung(row: tuple[object, ...]) -> Rendition:
    video, sound = _track(row[7:12]), _track(row[12:17])
    tracks = tuple(track for track in (sound, video) if track is not None)
    rung = Rung(str(row[5]))
    return rendition(rung.value, WORTH[rung], tracks, watchable=bool(row[6]))


def _track(row: tuple[object, ...]) -> Track | None:
    digest, length, held_bytes, segments, held = row
    if digest is None:
        return None
    whole, here = int(str(length)), int(str(held_bytes))
    is_complete = bool(segments) and segments == held
    return Track(str(digest), whole, 0 if is_complete else max(1, whole - here))
