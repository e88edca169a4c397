"""The signed statements in force, as they came: for the next start, for peers on the LAN, and for drives.

By their names in the store. Metadata and roots stand in as one consistent set; only what was verified comes in.
"""

from collections.abc import Mapping

from edge_cache.database import Database


def metadata_name(version: int, role: str) -> str:
    """Return the name in the store of a role's metadata of some version (not the timestamp's)."""
    return f"metadata/{version}.{role}.json"


class StatementRepository:
    """Rows of signed statements: root to partner roles, and releases."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> bytes | None:
        """Return the statement that the store has under `name`."""
        row = self._database.read_one("select body from statement where name = ?", (name,))
        return None if row is None else bytes(row["body"])

    def names(self, prefix: str = "") -> list[str]:
        """Return the names of all statements, or of those that begin with `prefix`, in order."""
        rows = self._database.read(
            "select name from statement where substr(name, 1, ?) = ? order by name", (len(prefix), prefix)
        )
        return [row["name"] for row in rows]

    def keep(self, statements: Mapping[str, bytes]) -> None:
        """Keep verified statements beside those that are here."""
        with self._database.write() as rows:
            rows.executemany(
                "insert into statement (name, body) values (?, ?) on conflict (name)"
                " do update set body = excluded.body where body != excluded.body",
                list(statements.items()),
            )

    def drop(self, names: list[str]) -> None:
        """Forget statements."""
        with self._database.write() as rows:
            rows.executemany("delete from statement where name = ?", [(name,) for name in names])

    def replace_metadata(self, metadata: Mapping[str, bytes], partners: Mapping[str, int]) -> None:
        """Put a new consistent set in the place of the old one, whole or not at all.

        Roots stay, and so do partner roles that the new snapshot names, given as role and version.
        """
        stay = {metadata_name(version, role) for role, version in partners.items()} | metadata.keys()
        with self._database.write():
            self.drop([n for n in self.names("metadata/") if n not in stay and not n.endswith(".root.json")])
            self.keep(metadata)
