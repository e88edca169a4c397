"""A lesson's floors, and those of a newer source that corrects it: which segments are kept, and which are made anew.

As a centre does it: ingest is told of the finished job that is corrected, and of its floors' tracks alone, so that no
other rung is made of the new source either.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.encode.lectures import Lecture
from benchmarks.encode.measure import submit
from benchmarks.encode.ours import Workshop, is_floor, unlooked
from catalog.formats.index import Index
from catalog.jobs.schemas import Corrected, EncodeRow
from workers.pipeline.ingest import Ingested
from workers.pipeline.work import Row, SegmentWork

BATCH = 4
"""Segments that one task of the pool encodes."""


@dataclass(frozen=True)
class Version:
    """What came of one source: what ingest decided, the segments of each track, and the tracks' indexes."""

    name: str
    ingested: Ingested
    tracks: dict[str, list[Row]]
    indexes: list[Index]

    def corrected(self) -> Corrected:
        """Return what the ingest of a newer source is told of this version."""
        return Corrected(
            source_key=f"sources/{self.name}",
            recipe=self.ingested.recipe.model_dump(mode="json"),
            plan=self.ingested.plan.model_dump(mode="json") | {"facts": self.ingested.facts.model_dump(mode="json")},
            base=self.ingested.base,
            rows={track: tuple(_told(row) for row in rows) for track, rows in self.tracks.items()},
        )


def _told(row: Row) -> EncodeRow:
    work, done = row
    result = {"encoded": done.encoded.model_dump(mode="json"), "measured": done.measured.model_dump(mode="json")}
    return EncodeRow(number=work.number, payload=work.model_dump(mode="json"), result=result)


def encode_some(folder: Path, works: list[SegmentWork]) -> list[Row]:
    """Encode segments, or find them; a task of the pool."""
    workshop = Workshop(folder)
    return [(work, workshop.encode_one(unlooked(work))) for work in works]


def make_version(executor: ProcessPoolExecutor, folder: Path, lesson: Lecture, before: Version | None) -> Version:
    """Make the floors of a lesson, all in the one store of `folder`; `before` is the version that it corrects."""
    workshop = Workshop(folder)
    ingested = workshop.ingest(lesson.file, lesson.name, before.corrected() if before else None)
    works = [work for work in ingested.works if is_floor(work)]
    tasks = [submit(executor, encode_some, folder, works[n : n + BATCH]) for n in range(0, len(works), BATCH)]
    rows = [row for task in tasks for row in task.result()] + list(ingested.inherited)
    tracks: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row[0].number):
        tracks.setdefault(row[0].track, []).append(row)
    return Version(lesson.name, ingested, tracks, [_index(workshop, rows) for rows in tracks.values()])


def _index(workshop: Workshop, rows: Sequence[Row]) -> Index:
    packed = workshop.pack(rows)
    told = packed.sound or (packed.rendition.video if packed.rendition else None)
    if told is None:
        raise ValueError("a track came out without a pack")
    return workshop.index(told.index)
