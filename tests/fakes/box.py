"""A node's database and store with what reads, removes and scrubs, without the node around them."""

from pathlib import Path

from catalog.formats.protocol import Assignment
from catalog.formats.release import Release
from edge_cache.database import Database
from edge_cache.evict import Evictor
from edge_cache.releases.repository import ReleaseRepository
from edge_cache.scrub import Scrub
from edge_cache.store.files import Files
from edge_cache.store.keeper import Keeper
from edge_cache.store.needs import NeedsRepository
from edge_cache.store.reading import BLOCK
from edge_cache.store.repository import StoreRepository
from tests.factories import Track


def held_segments(database: Database) -> list[str]:
    """Return the digest of every segment that the rows of a node call held."""
    return [row["digest"].hex() for row in database.read("select digest from segment where held")]


class Box:
    """A node's database and store, without the node."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / "node.db")
        self.rows, self.releases = StoreRepository(self.database), ReleaseRepository(self.database)
        self.needs = NeedsRepository(self.database)
        self.keeper = Keeper(Files(folder / "store"), self.rows)
        self.evictor, self.scrub = Evictor(self.keeper, self.needs), Scrub(self.keeper, self.needs)

    def know(self, release: Release, *tracks: Track) -> None:
        """Assign and add a release, with the indexes given."""
        self.assign(release)
        self.releases.add(release, f"{release.number:064d}")
        for track in tracks:
            self.rows.add_index(track.index.digest, track.index.encoded)

    @property
    def held(self) -> list[str]:
        """The digest of every segment that the rows call held."""
        return held_segments(self.database)

    def assign(self, *releases: Release) -> None:
        """Assign the courses of these releases, and no others."""
        self.releases.assign(tuple(Assignment(course=r.course, partner=r.partner, release=1) for r in releases))

    def read(self, digest: str) -> bytes | None:
        """Return a segment as a screen would get it, but for its place."""
        opened = self.keeper.open(digest)
        if opened is None:
            return None
        with opened:
            return b"".join(opened.block(n) for n in range(-(-opened.length // BLOCK)))

    def hold(self, track: Track) -> None:
        """Keep all segments of a track."""
        self.keeper.keep_segments(
            [(row.digest, data) for row, data in zip(track.index.segments, track.segments, strict=True)]
        )
