"""The course's media, made by our own pipeline: one lesson in three versions, and the short lessons beside it.

Only what the node wants is encoded: the floor of the compatible tier with its sound. Other rungs have the same
segments, and would cost hours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.encode.edits import EDITED, join, make_minute
from benchmarks.encode.lectures import Lecture, duration_of
from benchmarks.encode.ours import Workshop, is_floor, unlooked
from benchmarks.encode.versions import Version
from catalog.formats.index import Index
from catalog.formats.release import Media
from catalog.formats.rungs import Tier
from catalog.jobs.media import Packed, compose
from workers.pipeline.work import Row

WANTED = Tier.COMPATIBLE
OTHERS_FROM = 100
"""Numbers of the minutes that the other lessons are made of: the edited lesson has none of them."""


@dataclass(frozen=True)
class Made:
    """One version of a lesson: what a release says of it, and the indexes of its tracks."""

    version: Version
    media: Media


def make_lesson(workshop: Workshop, lecture: Lecture, before: Made | None = None) -> Made:
    """Make a lesson, each task after the other; `before` is the version that it corrects."""
    ingested = workshop.ingest(lecture.file, lecture.name, before.version.corrected() if before else None)
    works = [work for work in ingested.works if is_floor(work) and work.recipe.tier is WANTED]
    rows: list[Row] = [(work, workshop.encode_one(unlooked(work))) for work in works]
    rows += [row for row in ingested.inherited if row[0].recipe.tier is WANTED]
    tracks: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row[0].number):
        tracks.setdefault(row[0].track, []).append(row)
    packed = [workshop.pack(each) for each in tracks.values()]
    indexes = [workshop.index(_index_of(one)) for one in packed]
    return Made(Version(lecture.name, ingested, tracks, indexes), compose(ingested.base, packed))


def _index_of(packed: Packed) -> str:
    told = packed.sound or (packed.rendition.video if packed.rendition else None)
    if told is None:
        raise ValueError("a track came out without a pack")
    return told.index


def make_others(workshop: Workshop, cache: Path, count: int, seconds: int) -> list[Made]:
    """Make `count` short lessons with other words and pictures than the edited one has."""
    folder = cache / f"update-{seconds}s"
    folder.mkdir(exist_ok=True)
    made = []
    for number in range(OTHERS_FROM, OTHERS_FROM + count):
        file = make_minute(number, folder, seconds)
        made.append(make_lesson(workshop, Lecture(file.stem, file, duration_of(file), has_sound=True)))
    return made


@dataclass(frozen=True)
class Versions:
    """The edited lesson: before, with a minute replaced, with that minute cut out. The minute is `start` to `end`, in
    seconds."""

    before: Made
    corrected: Made
    cut: Made
    start: float
    end: float


def make_versions(workshop: Workshop, cache: Path, minutes: int, seconds: int) -> Versions:
    """Make the edited lesson in its three versions. Raises Broken."""
    folder = cache / f"update-{minutes}x{seconds}s"
    folder.mkdir(exist_ok=True)
    made = [make_minute(number, folder, seconds) for number in range(minutes + 1)]
    first, rest, other = made[:EDITED], made[EDITED + 1 : minutes], made[minutes]
    before = make_lesson(workshop, _joined("before", made[:minutes], folder))
    corrected, cut = (
        make_lesson(workshop, _joined(name, parts, folder), before)
        for name, parts in (("corrected", [*first, other, *rest]), ("cut", [*first, *rest]))
    )
    return Versions(before, corrected, cut, float(EDITED * seconds), float((EDITED + 1) * seconds))


def _joined(name: str, minutes: list[Path], folder: Path) -> Lecture:
    file = join(minutes, folder / f"{name}.mkv")
    return Lecture(name, file, duration_of(file), has_sound=True)


def touching(indexes: Sequence[Index], start: float, end: float) -> dict[str, int]:
    """Return digest and length of the segments that hold something of the time from `start` to `end`, in seconds; for
    a moment those on both sides of it. Pure."""
    found: dict[str, int] = {}
    for index in indexes:
        for one in index.segments:
            begins, ends = one.start / index.timescale, (one.start + one.duration) / index.timescale
            if (begins < end and ends > start) if start < end else (begins <= end and ends >= start):
                found[one.digest] = one.length
    return found


def new_blobs(before: Media, after: Media) -> int:
    """Return the bytes of stills and poster that only the newer version has. Pure."""
    known = {blob.sha256 for blob in before.blobs()}
    return sum(blob.length for blob in after.blobs() if blob.sha256 not in known)


def changed_bytes(before: Made, after: Made, start: float, end: float) -> int:
    """Return the bytes of all that shows or says something of this time in the newer version: segments and stills."""
    return sum(touching(after.version.indexes, start, end).values()) + new_blobs(before.media, after.media)
