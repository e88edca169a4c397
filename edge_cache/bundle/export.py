"""Releases to a drive: signed statements first, then what is of the most use. What is there is not written again."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from catalog.formats.bundle import run_name, runs_of
from catalog.formats.errors import NotTrusted
from catalog.formats.index import Segment
from catalog.formats.release import Release, parse_release
from catalog.formats.trust import TIMESTAMP, Trust
from edge_cache.bundle.errors import DriveFull, NothingToExport
from edge_cache.bundle.order import Media, Small, order_of_export
from edge_cache.bundle.volumes import Contents
from edge_cache.bundle.writer import BundleWriter
from edge_cache.database import Database
from edge_cache.errors import NotEnrolled
from edge_cache.holdings import Holdings
from edge_cache.identity import read_identity
from edge_cache.releases.repository import ReleaseRepository
from edge_cache.releases.statements import StatementRepository, metadata_name
from edge_cache.releases.trusted import TrustFolder


@dataclass
class Exported:
    """What an export did, in bytes: written, on the drive before, and what the node itself still lacks.

    `damaged` is how many entries were rotten and written anew. `full` says that the drive has no more room; `ahead`
    that its statements are newer than the node's and were left.
    """

    written: int = 0
    there: int = 0
    lacking: int = 0
    damaged: int = 0
    full: bool = False
    ahead: bool = False


def releases_to_export(statements: StatementRepository, courses: Sequence[str] = ()) -> dict[str, Release]:
    """Return the newest releases that the node has, or those of `courses`, by their names in the store.

    Raises NothingToExport if there is none, or none of one of `courses`.
    """
    names = statements.names("releases/")
    chosen = [name for name in names if not courses or name.split("/")[2] in courses]
    if not chosen or {name.split("/")[2] for name in chosen} < set(courses):
        raise NothingToExport
    return {name: parse_release(statements.get(name) or b"") for name in chosen}


class Progress(Protocol):
    """Who watches an export."""

    def begin(self, stage: str, length: int) -> None:
        """Hear that `stage` ("check" or "write") begins, over `length` bytes."""
        ...

    def advance(self, length: int) -> None:
        """Hear that so many bytes of the stage were dealt with."""
        ...


def export_node(state: Path, place: Path, courses: Sequence[str], check: bool, progress: Progress) -> Exported:
    """Write what the node in the folder `state` holds of `courses` (none: all) to the drive at `place`.

    `check` reads first what is on the drive. Raises NotEnrolled, NothingToExport, DriveUnusable or
    NodeStateUnreadable.
    """
    if read_identity(state) is None:
        raise NotEnrolled
    trust = TrustFolder(state / "trust").open()
    database = Database(state / "node.db")
    try:
        holdings = Holdings.beside(state, database)
        releases = releases_to_export(holdings.statements, courses)
        with BundleWriter(place) as writer:
            if check:
                progress.begin("check", writer.contents.length)
                writer.check(progress.advance)
            progress.begin("write", sum(item.length for item in order_of_export(list(releases.values()))))
            wanted = ReleaseRepository(database).wanted_tracks()
            done = Export(holdings, wanted, writer, progress.advance).run(releases, trust)
            done.damaged = writer.damaged
            return done
    finally:
        database.close()


class Export:
    """One export. `wanted` are the tracks that the node should hold, `on_bytes` is told of every length dealt with."""

    def __init__(
        self, holdings: Holdings, wanted: Container[str], writer: BundleWriter, on_bytes: Callable[[int], object]
    ) -> None:
        self._holdings, self._wanted, self._writer, self._on_bytes = holdings, wanted, writer, on_bytes
        self.done = Exported()

    def run(self, releases: dict[str, Release], trust: Trust) -> Exported:
        """Write `releases` and what is held of them; `trust` is the node's. Raises DriveUnusable.

        A full drive ends it early: what was written is sound.
        """
        try:
            self._statements(releases, trust)
            for item in order_of_export(list(releases.values())):
                if isinstance(item, Small):
                    self._small(item)
                else:
                    self._media(item)
        except DriveFull:
            self.done.full = True
        self._writer.finish()
        return self.done

    def _statements(self, releases: dict[str, Release], trust: Trust) -> None:
        """Write the signed statements, the timestamp last: at every moment the drive has a set that holds together."""
        self.done.ahead = is_ahead(self._writer.contents, trust)
        if self.done.ahead:
            return
        statements = self._holdings.statements
        names = [*statements.names("metadata/"), *releases]
        for name in sorted(names, key=lambda n: n == TIMESTAMP):
            data, entry = statements.get(name), self._writer.contents.whole.get(name)
            if data is not None and (entry is None or entry.length != len(data) or entry.read() != data):
                self._add(name, data)

    def _small(self, item: Small) -> None:
        name = f"blobs/{item.digest}"
        data = None if name in self._writer.contents.whole else self._holdings.blob(item.digest)
        if data is not None:
            self._add(name, data)
        elif name in self._writer.contents.whole:
            self._found(item.length)
        else:
            self._lacks(item.length)

    def _media(self, item: Media) -> None:
        index, wanted = self._holdings.index(item.digest), item.digest in self._wanted
        if index is None:
            self._lacks(item.length, wanted)
            return
        if f"indexes/{item.digest}" not in self._writer.contents.whole:
            self._add(f"indexes/{item.digest}", index.encoded)
        held = {n for first, count in self._holdings.runs(item.digest) or () for n in range(first, first + count)}
        rows, contents = [], self._writer.contents
        for row in index.segments:
            if contents.holds(item.digest, row.offset, row.offset + row.length):
                self._found(row.length)
            elif row.number in held:
                rows.append(row)
            else:
                self._lacks(row.length, wanted)
        for run in runs_of(rows):
            self._run(item.digest, run)

    def _run(self, digest: str, rows: Sequence[Segment]) -> None:
        """Write neighbours as one entry, or as several around one that has rotten since."""
        parts: list[tuple[int, list[bytes]]] = [(rows[0].offset, [])]
        for row in rows:
            data = self._holdings.placed(row)
            if data is None:
                self._lacks(row.length)
                parts.append((row.offset + row.length, []))
            else:
                parts[-1][1].append(data)
        for offset, segments in parts:
            if segments:
                self._add(run_name(digest, offset), b"".join(segments))

    def _add(self, name: str, data: bytes) -> None:
        self._writer.add(name, data)
        self.done.written += len(data)
        self._on_bytes(len(data))

    def _found(self, length: int) -> None:
        self.done.there += length
        self._on_bytes(length)

    def _lacks(self, length: int, wanted: bool = True) -> None:
        if wanted:
            self.done.lacking += length
        self._on_bytes(length)


def is_ahead(contents: Contents, trust: Trust) -> bool:
    """Say whether a bundle holds newer statements of the repository that `trust` stands for. `trust` is used up."""
    root, timestamp = trust.root_version, trust.floor["timestamp"]
    try:
        while (entry := contents.whole.get(metadata_name(trust.root_version + 1, "root"))) is not None:
            trust.take_root(entry.read())
        entry = contents.whole.get(TIMESTAMP)
        if entry is not None:
            trust.take_timestamp(entry.read())
    except (NotTrusted, OSError):
        return trust.root_version > root
    return trust.root_version > root or trust.floor["timestamp"] > timestamp
