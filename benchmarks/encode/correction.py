"""What a school has to fetch again when one minute of a lesson of 40 was changed: in place, exported anew, cut out.

The share is of bytes: segments of the new version that the old one does not have, of all of the new one's. Taken on
the floors of both tiers with their sound: the other rungs have the same segments, and 40 minutes of them would take an
hour.
"""

from benchmarks.encode.compare import Run
from benchmarks.encode.edits import MINUTE_S, MINUTES, make_edits
from benchmarks.encode.measure import pool
from benchmarks.encode.ours import new_bytes
from benchmarks.encode.versions import make_version


def run(run: Run) -> None:
    """Add the three shares."""
    minutes, seconds = (4, 30) if run.scope.is_quick else (MINUTES, MINUTE_S)
    run.report.say(f"making a lesson of {minutes} minutes and its edits …")
    edits = make_edits(run.scope.cache, minutes, seconds)
    folder = run.scope.work / "correction"
    with pool() as executor:
        before = make_version(executor, folder, edits.before, None)
        for key, lesson, what in (
            ("corrected_minute_share", edits.corrected, "one minute of 40 replaced in place"),
            ("reexport_share", edits.exported, "the same exported anew by another encoder"),
            ("cut_minute_share", edits.cut, "that minute cut out"),
        ):
            new, every = new_bytes(before.indexes, make_version(executor, folder, lesson, before).indexes)
            run.report.say(f"  {lesson.name}: {new / 1e3:.0f} of {every / 1e3:.0f} kB are new")
            run.report.add(key, f"bytes of new segments: {what}", "x", new / every)
    run.report.note(
        f"Corrections: a lesson of {minutes} x {seconds} s, slides with a pointer at 10 frames/s; floors of both tiers "
        "and their sound."
    )
