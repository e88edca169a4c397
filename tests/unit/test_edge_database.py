"""node.db of a box in the field: it follows the program from version to version, and nothing in it is lost."""

import sqlite3
from pathlib import Path

import pytest

from edge_cache.database import Database
from edge_cache.errors import NodeStateUnreadable
from edge_cache.releases.repository import BlobKind
from edge_cache.schema import ATTACHMENTS, CHANGES

ADD_TABLE = "create table wish (lesson text primary key) without rowid; insert into wish values ('first')"
ADD_COLUMN = "alter table wish add column since text"
HALF_WRONG = "create table half (name text); create table wish (name text)"


def tables(database: Database) -> set[str]:
    return {row["name"] for row in database.read("select name from sqlite_master where type = 'table'")}


def test_an_older_node_is_changed_once_and_keeps_what_it_knew(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    old = Database(path, ())
    with old.write() as rows:
        rows.execute("insert into fact values ('contact', 'yesterday')")
    old.close()
    for changes in ((ADD_TABLE,), (ADD_TABLE, ADD_COLUMN), (ADD_TABLE, ADD_COLUMN)):
        database = Database(path, changes)
        assert [row["lesson"] for row in database.read("select lesson from wish")] == ["first"]
        assert database.read("select value from fact")[0]["value"] == "yesterday"
        database.close()


def test_a_new_node_is_the_same_as_one_that_was_changed(tmp_path: Path) -> None:
    Database(tmp_path / "old.db", ()).close()
    changed, new = (Database(tmp_path / name, (ADD_TABLE, ADD_COLUMN)) for name in ("old.db", "new.db"))
    assert tables(changed) == tables(new)
    assert changed.read("pragma table_info(wish)") == new.read("pragma table_info(wish)")


def test_small_files_of_a_node_before_attachments_stay_what_they_were(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    old = Database(path, CHANGES[: CHANGES.index(ATTACHMENTS)])
    with old.write() as rows:
        rows.executemany(
            "insert into lesson_blob (course, release, lesson, digest, still) values ('c', 1, 'l', ?, ?)",
            [("words", False), ("still", True)],
        )
    old.close()
    new = Database(path)
    kinds = {row["digest"]: row["kind"] for row in new.read("select digest, kind from lesson_blob")}
    assert kinds == {"words": BlobKind.WORDS, "still": BlobKind.STILL}
    assert new.read("select lacks_kind from current_lesson") == []


def test_a_change_that_fails_leaves_the_node_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    Database(path, (ADD_TABLE,)).close()
    with pytest.raises(NodeStateUnreadable, match="already exists"):
        Database(path, (ADD_TABLE, HALF_WRONG))
    again = Database(path, (ADD_TABLE,))
    assert "half" not in tables(again)


def test_a_node_of_a_later_program_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    Database(path, (ADD_TABLE,)).close()
    with pytest.raises(NodeStateUnreadable, match="its schema is 3"):
        Database(path, ())
    connection = sqlite3.connect(path)
    assert connection.execute("select * from wish").fetchall() == [("first",)]
    connection.close()
