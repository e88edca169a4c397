"""Looking at a node's folder as a power cut left it."""

from dataclasses import dataclass, field
from pathlib import Path

from catalog.formats.hashing import sha256_hex
from edge_cache.database import Database
from edge_cache.errors import NodeStateUnreadable
from edge_cache.identity import read_identity
from edge_cache.releases.trusted import TrustFolder


@dataclass
class Left:
    """What was found: segments that rows call held, and everything that is wrong, in words."""

    held: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    unverified: int = 0
    """Files under a final name, or rows that call held, whose bytes are not what their name says."""


def look_at(state: Path) -> Left:
    """Open the database as a start would, and compare everything with everything."""
    left = Left()
    try:
        if read_identity(state) is not None:
            TrustFolder(state / "trust").open()
        database = Database(state / "node.db")
    except NodeStateUnreadable as error:
        left.wrong.append(str(error))
        return left
    try:
        if (said := database.read("pragma integrity_check")[0][0]) != "ok":
            left.wrong.append(f"the database: {said}")
        left.held = {row["digest"].hex() for row in database.read("select digest from segment where held")}
        _files(state / "store", left, {row[0] for row in database.read("select digest from blob where held")})
        _counts(database, left)
        _serving(database, left)
    finally:
        database.close()
    return left


def _files(store: Path, left: Left, blobs: set[str]) -> None:
    """Every file under a final name is what it says, and every row has its file."""
    for kind, held in (("segments", left.held), ("blobs", blobs)):
        sound = set()
        for path in (store / kind).glob("*/*"):
            if sha256_hex(path.read_bytes()) == path.name:
                sound.add(path.name)
            else:
                left.unverified += 1
                left.wrong.append(f"{kind}: {path.name} is not what it says ({path.stat().st_size} bytes)")
        for name in held - sound:
            left.unverified += 1
            left.wrong.append(f"{kind}: {name} is called held, and is not there")


def _counts(database: Database, left: Left) -> None:
    """What tracks count is what they hold."""
    wrong = database.read(
        "select t.digest from track t where t.segments and t.held != (select count(*) from part p"
        " join segment s on s.id = p.segment where p.track = t.id and s.held)"
    )
    left.wrong += [f"track {row[0]} counts wrongly" for row in wrong]


def _serving(database: Database, left: Left) -> None:
    """A lesson that serves can be watched, unless it is being mended or was evicted."""
    wrong = database.read(
        "select lesson from serving v where not exists (select 1 from rung r where r.course = v.course"
        " and r.release = v.release and r.lesson = v.lesson and r.watchable and r.complete)"
    )
    left.wrong += [f"lesson {row[0]} serves and cannot be watched" for row in wrong]
