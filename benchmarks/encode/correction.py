"""What a school has to fetch again when one minute of a lesson of 40 was changed: in place, exported anew, cut out.

The share is of bytes: segments of the new version that the old one does not have, of all of the new one's. Taken on
the floors of both tiers with their sound: the other rungs have the same segments, and 40 minutes of them would take an
hour.
"""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.encode.compare import Run
from benchmarks.encode.edits import MINUTE_S, MINUTES, make_edits
from benchmarks.encode.lectures import Lecture
from benchmarks.encode.measure import pool, submit
from benchmarks.encode.ours import Row, Workshop, is_floor, new_bytes, unlooked
from catalog.formats.index import Index
from workers.pipeline.work import SegmentWork


def encode_some(folder: Path, works: list[SegmentWork]) -> list[Row]:
    """Encode segments, or find them; a task of the pool."""
    workshop = Workshop(folder)
    return [(work, workshop.encode_one(unlooked(work))) for work in works]


def encode_floors(executor: ProcessPoolExecutor, folder: Path, lesson: Lecture) -> list[Index]:
    """Make the floors of a lesson; return the indexes of their tracks. What the folder has is found again."""
    workshop = Workshop(folder)
    works = [work for work in workshop.ingest(lesson.file, lesson.name).works if is_floor(work)]
    batches = [works[n : n + 4] for n in range(0, len(works), 4)]
    rows = [
        row for task in [submit(executor, encode_some, folder, batch) for batch in batches] for row in task.result()
    ]
    found = []
    for track in dict.fromkeys(work.track for work in works):
        packed = workshop.pack([row for row in rows if row[0].track == track])
        told = packed.sound or (packed.rendition.video if packed.rendition else None)
        if told is not None:
            found.append(workshop.index(told.index))
    return found


def run(run: Run) -> None:
    """Add the three shares."""
    minutes, seconds = (4, 6) if run.scope.is_quick else (MINUTES, MINUTE_S)
    run.report.say(f"making a lesson of {minutes} minutes and its edits …")
    edits = make_edits(run.scope.cache, minutes, seconds)
    folder = run.scope.work / "correction"
    with pool() as executor:
        before = encode_floors(executor, folder, edits.before)
        for key, lesson, what in (
            ("corrected_minute_share", edits.corrected, "one minute of 40 replaced in place"),
            ("reexport_share", edits.exported, "the same exported anew by another encoder"),
            ("cut_minute_share", edits.cut, "that minute cut out"),
        ):
            new, every = new_bytes(before, encode_floors(executor, folder, lesson))
            run.report.say(f"  {lesson.name}: {new / 1e3:.0f} of {every / 1e3:.0f} kB are new")
            run.report.add(key, f"bytes of new segments: {what}", "x", new / every)
    run.report.notes.append(
        f"Corrections: a lesson of {minutes} x {seconds} s, slides with a pointer at 10 frames/s; floors of both tiers "
        "and their sound."
    )
