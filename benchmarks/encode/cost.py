"""What the ladder costs beside the plainest way to make it: one ffmpeg for each rung, on the whole file."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.encode.compare import Run
from benchmarks.encode.measure import in_order, pool, submit
from benchmarks.encode.ours import Ladder, Workshop, first_part, pictures
from workers.pipeline.work import SegmentWork, VideoWork

LEAST_S = 40.0
"""Whole segments from each lecture's start are taken until there are so many seconds."""


def make_naively(folder: Path, source: Path, ladder: Ladder) -> float:
    """Encode the first part of each rung by one process; return processor seconds. A task of the pool."""
    return Workshop(folder).naive(source, ladder, LEAST_S)


def first_works(works: Sequence[SegmentWork]) -> list[SegmentWork]:
    """Return the segments of all tracks in the first part of a lecture. Pure."""
    parts = [first_part(track, LEAST_S) for track in pictures(works)]
    end = max(seconds for _, seconds in parts)
    sound = [work for work in works if not isinstance(work, VideoWork) and work.start_s < end]
    return [*(work for part, _ in parts for work in part), *sound]


def run(run: Run) -> None:
    """Add `cpu_vs_naive`, and what it was measured on."""
    sides = run.lectures()
    with pool() as executor:
        tasks = [
            submit(executor, make_naively, side.folder, side.reference.lecture.file, side.ladder) for side in sides
        ]
        naive = in_order(tasks, lambda seconds: run.report.say(f"  every rung by one ffmpeg: {seconds:.1f} CPU-s"))
    ours = [side.ladder.making_of(first_works(side.ladder.works)) for side in sides]
    ratios = [mine / plain for mine, plain in zip(ours, naive, strict=True)]
    run.report.add("cpu_vs_naive", "processor time of decode, encode, pack; against one ffmpeg a rung", "x", *ratios)
    told = [
        f"{side.reference.lecture.name} {mine:.1f} against {plain:.1f} CPU-s"
        for side, mine, plain in zip(sides, ours, naive, strict=True)
    ]
    run.report.notes.append(
        f"cpu_vs_naive: the first {LEAST_S:g} s or more of each lecture; ours: probe and cut, every segment of "
        "both tiers, its check, packs and indexes (the last by their share of time); the other: one ffmpeg a rung and "
        f"a sound, same filters and encoder options, no segments; as many at once as cores. {'; '.join(told)}."
    )
