"""Rows of the timetable: entries, what of them the centre has, and the courses that they speak of."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from catalog.formats.ids import new_id
from catalog.formats.timetable import (
    BYTES_IN_ONE,
    ENTRIES_IN_ONE,
    MAX_ENTRIES,
    Entry,
    Pen,
    merge,
    next_count,
    timetable_digest,
)
from edge_cache.database import Database
from edge_cache.timetable.errors import TimetableFull

Edit = Callable[[Pen, Mapping[str, Entry]], Iterable[Entry]]
"""Told what writes and the entries by id; returns those that change."""


@dataclass(frozen=True, slots=True)
class LessonHere:
    """A lesson of a course that the node knows."""

    id: str
    number: int
    title: str


@dataclass(frozen=True, slots=True)
class CourseHere:
    """A course that the node knows, with its lessons in order."""

    id: str
    title: str
    place: Mapping[str, str]
    lessons: tuple[LessonHere, ...]


class TimetableRepository:
    """Reads and changes the timetable in node.db. Several processes may: each change is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._parsed: dict[str, tuple[str, Entry]] = {}
        self._courses: tuple[tuple[tuple[str, int], ...], list[CourseHere]] = ((), [])

    def entries(self) -> list[Entry]:
        """Return all entries by id, removed ones too."""
        return self._parse(self._database.read("select id, digest, body from timetable_entry order by id"))

    def _parse(self, rows: Sequence[sqlite3.Row]) -> list[Entry]:
        found = []
        for row in rows:
            digest, entry = self._parsed.get(row["id"], ("", None))
            if entry is None or digest != row["digest"]:
                entry = Entry.model_validate_json(row["body"])
                self._parsed[row["id"]] = (row["digest"], entry)
            found.append(entry)
        return found

    def change(self, edit: Edit, by: str) -> None:
        """Let `edit` change entries, all of it or nothing. Raises what it raises, and TimetableFull."""
        with self._database.write() as rows:
            rows.execute("insert or ignore into fact values ('timetable_writer', ?)", (new_id(),))
            writer = rows.execute("select value from fact where key = 'timetable_writer'").fetchone()["value"]
            known = self._parse(rows.execute("select id, digest, body from timetable_entry").fetchall())
            pen = Pen(writer, next_count(known), by[:100])
            self._keep(edit(pen, {entry.id: entry for entry in known}))
            count = rows.execute("select count(*) from timetable_entry").fetchone()[0]
            if count > MAX_ENTRIES:
                raise TimetableFull(most=MAX_ENTRIES)

    def _keep(self, entries: Iterable[Entry]) -> None:
        with self._database.write() as rows:
            rows.executemany(
                "insert into timetable_entry (id, digest, body) values (?, ?, ?)"
                " on conflict (id) do update set digest = excluded.digest, body = excluded.body",
                [(entry.id, entry.digest, entry.model_dump_json()) for entry in entries],
            )

    def digest(self) -> str:
        """Return the digest of the whole timetable."""
        rows = self._database.read("select id, digest from timetable_entry")
        return timetable_digest({row["id"]: row["digest"] for row in rows})

    def untold(self) -> list[Entry]:
        """Return entries that the centre may not have as they are here, as many as go into one exchange."""
        rows = self._database.read(
            "select id, digest, body, sum(length(body)) over (order by id) as bytes from timetable_entry"
            " where told is not digest order by id limit ?",
            (ENTRIES_IN_ONE,),
        )
        return self._parse([row for n, row in enumerate(rows) if n == 0 or row["bytes"] <= BYTES_IN_ONE])

    def tell_all_anew(self) -> None:
        """Forget what the centre has: it has lost something."""
        with self._database.write() as rows:
            rows.execute("update timetable_entry set told = null")
            rows.execute("delete from fact where key = 'timetable_revision'")

    def revision(self) -> int:
        """Return how far the centre's changes are here."""
        row = self._database.read_one("select value from fact where key = 'timetable_revision'")
        return 0 if row is None else int(row["value"])

    def take(self, sent: Iterable[Entry], answered: Iterable[Entry], revision: int) -> int:
        """Keep what the centre answered to what was sent, joined with what is here; return how many entries changed."""
        theirs = {entry.id: entry for entry in [*sent, *answered]}
        with self._database.write() as rows:
            here = {
                e.id: e for e in self._parse(rows.execute("select id, digest, body from timetable_entry").fetchall())
            }
            changed = [
                merged
                for entry in theirs.values()
                if (merged := merge(here[entry.id], entry) if entry.id in here else entry) != here.get(entry.id)
            ]
            self._keep(changed)
            rows.executemany(
                "update timetable_entry set told = ? where id = ?", [(e.digest, e.id) for e in theirs.values()]
            )
            rows.execute("insert or replace into fact values ('timetable_revision', ?)", (str(revision),))
        return len(changed)

    def courses(self) -> list[CourseHere]:
        """Return the assigned courses that are known here, each with the lessons of its newest release in order."""
        rows = self._database.read("select course, number, title, place from current order by position")
        releases = tuple((row["course"], row["number"]) for row in rows)
        if self._courses[0] != releases:  # a release never changes
            self._courses = (releases, self._read_courses(rows))
        return list(self._courses[1])

    def _read_courses(self, rows: Sequence[sqlite3.Row]) -> list[CourseHere]:
        lessons: dict[str, list[LessonHere]] = {}
        for row in self._database.read(
            "select l.course, l.id, l.number, l.title from current c"
            " join lesson l on l.course = c.course and l.release = c.number order by l.course, l.number"
        ):
            lessons.setdefault(row["course"], []).append(LessonHere(row["id"], row["number"], row["title"]))
        return [
            CourseHere(row["course"], row["title"], json.loads(row["place"]), tuple(lessons.get(row["course"], ())))
            for row in rows
        ]


@dataclass(frozen=True, slots=True)
class Played:
    """How many devices played a lesson in an hour of a day, in the school's time; nothing is known of whose."""

    course: str
    lesson: str
    day: date
    hour: int
    count: int


class PlayedRepository:
    """What was played when, added up: no device, no person, no minute."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, played: Iterable[Played], forget_before: date) -> None:
        """Add counts, and forget what was before a day."""
        with self._database.write() as rows:
            rows.executemany(
                "insert into played (course, lesson, day, hour, count) values (?, ?, ?, ?, ?)"
                " on conflict (day, hour, course, lesson) do update set count = count + excluded.count",
                [(p.course, p.lesson, p.day.isoformat(), p.hour, p.count) for p in played],
            )
            rows.execute("delete from played where day < ?", (forget_before.isoformat(),))

    def since(self, day: date) -> list[Played]:
        """Return what was played from a day on, in order of time."""
        rows = self._database.read(
            "select course, lesson, day, hour, count from played where day >= ? order by day, hour, course, lesson",
            (day.isoformat(),),
        )
        return [Played(r["course"], r["lesson"], date.fromisoformat(r["day"]), r["hour"], r["count"]) for r in rows]

    def lesson_of_track(self, digest: str) -> tuple[str, str] | None:
        """Return (course, lesson) of which a track is a part; of several, any one: they are the same pictures."""
        row = self._database.read_one(
            "select r.course, r.lesson from track t join rendition r on r.video = t.id or r.sound = t.id"
            " where t.digest = ? order by r.release desc limit 1",
            (digest,),
        )
        return None if row is None else (row["course"], row["lesson"])
