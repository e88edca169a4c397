"""Rows of wishes: one for a lesson at most, the newest.

A wish is about this box's line and disk, so it stays here: it goes neither to the centre nor to other boxes of the
school, and nothing has to be joined. "Get it now" ends by itself: a trigger of node.db takes it away in the same
transaction in which the lesson begins to serve its newest release.
"""

from dataclasses import dataclass
from datetime import datetime

from edge_cache.database import Database
from edge_cache.planner.given import Wish


@dataclass(frozen=True, slots=True)
class Wished:
    """What somebody asked of a lesson, and since when."""

    course: str
    lesson: str
    wish: Wish
    since: datetime


class WishRepository:
    """Reads and changes wishes. Several processes may."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Wished]:
        """Return all wishes, the oldest first; those of courses that are no longer assigned are among them."""
        rows = self._database.read("select course, lesson, wish, since from wish order by since, course, lesson")
        return [Wished(r["course"], r["lesson"], Wish(r["wish"]), datetime.fromisoformat(r["since"])) for r in rows]

    def put(self, course: str, lesson: str, wish: Wish | None, since: datetime) -> None:
        """Note a wish instead of what was asked of the lesson before; None: nothing is asked of it any more."""
        with self._database.write() as rows:
            if wish is None:
                rows.execute("delete from wish where course = ? and lesson = ?", (course, lesson))
            else:
                rows.execute(
                    "insert into wish (course, lesson, wish, since) values (?, ?, ?, ?) on conflict (course, lesson)"
                    " do update set wish = excluded.wish, since = excluded.since where wish != excluded.wish",
                    (course, lesson, wish.value, since.isoformat()),
                )

    def is_here(self, course: str, lesson: str) -> bool | None:
        """Say whether a lesson serves its newest release; None if no assigned course has it."""
        row = self._database.read_one(
            "select v.release = l.release as here from current_lesson l"
            " left join serving v on v.course = l.course and v.lesson = l.id where l.course = ? and l.id = ?",
            (course, lesson),
        )
        return None if row is None else bool(row["here"])
