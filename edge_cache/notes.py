"""Small facts and standing problems of a node, kept in node.db."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.formats.clock import believed
from catalog.formats.errors import AppError
from edge_cache.database import Database
from edge_cache.errors import DiskTrouble


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong now: where, what (a msgid with its data), and since when."""

    source: str
    code: str
    message: str
    data: dict[str, str | int | float | None]
    since: datetime

    @property
    def text(self) -> str:
        """In English, for reports and logs."""
        return self.message % self.data


class Notes:
    """Facts by key, and problems by where they are."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unwritten: dict[str, Problem] = {}

    def fact(self, key: str) -> str | None:
        """Return a fact as text."""
        row = self._database.read_one("select value from fact where key = ?", (key,))
        return None if row is None else str(row["value"])

    def moment(self, key: str) -> datetime | None:
        """Return a fact that is a time."""
        text = self.fact(key)
        return None if text is None else datetime.fromisoformat(text)

    def keep(self, **facts: str | None) -> None:
        """Keep facts; None forgets one. Nothing is written if nothing changes."""
        with self._database.write() as rows:
            for key, value in facts.items():
                if value is None:
                    rows.execute("delete from fact where key = ?", (key,))
                else:
                    rows.execute(
                        "insert into fact values (?, ?) on conflict (key) do update set value = excluded.value"
                        " where value != excluded.value",
                        (key, value),
                    )

    def witness(self) -> datetime | None:
        """Return a time that has surely passed, because somebody else said so; None where nobody can be believed.

        That is when the direction in force was issued, or what the centre said last: its next word takes back a wrong
        one, and so does the next direction.
        """
        return believed([self.moment("issued"), self.moment("witness")], self.moment("signed_until"))

    def problems(self) -> list[Problem]:
        """Return what is wrong now, the longest standing first."""
        rows = self._database.read("select source, code, message, data, since from problem")
        found = {r[0]: Problem(r[0], r[1], r[2], json.loads(r[3]), datetime.fromisoformat(r[4])) for r in rows}
        return sorted((found | self._unwritten).values(), key=lambda p: (p.since, p.source))

    def trouble(self, source: str, error: AppError) -> bool:
        """Note that something is wrong at `source`, for example "metadata" or "release:<course>".

        Return whether that is news: nothing stood there, or something else. On a disk that takes nothing more it is
        remembered for as long as this process runs.
        """
        try:
            news = self._write_trouble(source, error)
        except DiskTrouble:
            before = self._unwritten.get(source)
            if before is not None and before.code == error.code:
                return False
            self._unwritten[source] = Problem(source, error.code, error.message, error.data, datetime.now(UTC))
            return True
        self._unwritten.pop(source, None)
        return news

    def _write_trouble(self, source: str, error: AppError) -> bool:
        data, now = json.dumps(error.data, ensure_ascii=False, sort_keys=True), datetime.now(UTC).isoformat()
        with self._database.write() as rows:
            before = rows.execute("select code from problem where source = ?", (source,)).fetchone()
            rows.execute(
                "insert into problem values (?, ?, ?, ?, ?) on conflict (source) do update set code = excluded.code,"
                " message = excluded.message, data = excluded.data,"
                " since = case when code = excluded.code then since else excluded.since end"
                " where code != excluded.code or data != excluded.data",
                (source, error.code, error.message, data, now),
            )
        return before is None or before["code"] != error.code

    def mended(self, *sources: str) -> None:
        """Note that nothing is wrong (any more) at these sources; `kind:` names all of a kind."""
        stands = {problem.source for problem in self.problems()}
        if not any(source in stands or (source.endswith(":") and _of_kind(source, stands)) for source in sources):
            return  # most of the time: then nobody waits for the disk
        with self._database.write() as rows:
            for source in sources:
                if source.endswith(":"):
                    rows.execute("delete from problem where substr(source, 1, ?) = ?", (len(source), source))
                else:
                    rows.execute("delete from problem where source = ?", (source,))
        for source in sources:
            self._unwritten.pop(source, None)


def is_paused(notes: Notes) -> bool:
    """Say whether a person has paused the fill."""
    return notes.fact("paused") is not None


def set_paused(notes: Notes, paused: bool) -> None:
    """Note that the fill is paused, or goes on; a node that runs notices within a second."""
    notes.keep(paused="yes" if paused else None)


def _of_kind(kind: str, sources: Collection[str]) -> bool:
    return any(source.startswith(kind) for source in sources)
