"""What the ladder costs: beside the plainest way to make it, one ffmpeg for each rung on the whole file; and in all.

What probing costs does not depend on a lesson's length, so what it is a share of does: it is told of lectures of two
minutes, and, as the figure, of one of ten, which is still a short lesson.
"""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.encode.compare import Run, Side, make_ours
from benchmarks.encode.lectures import make_lecture
from benchmarks.encode.measure import in_order, pool, submit
from benchmarks.encode.ours import MAKING, MEASURING, STILLS, Ladder, Workshop, first_part, pictures
from workers.pipeline.work import SegmentWork, VideoWork

LEAST_S = 40.0
"""Whole segments from each lecture's start are taken until there are so many seconds."""


LONG_KIND, LONG_S = "slides", 600
"""The cheapest to encode, so that measuring has the largest share of it."""


def make_both_ways(folder: Path, source: Path, ladder: Ladder) -> tuple[float, float]:
    """Encode the first part of each rung by segments, and right after it by one process; return processor seconds.

    A task of the pool: whatever else the machine does, it does to both.
    """
    workshop, works = Workshop(folder), first_works(ladder.works)
    return workshop.anew(works) + ladder.around(works), workshop.naive(source, ladder, LEAST_S)


def first_works(works: Sequence[SegmentWork]) -> list[SegmentWork]:
    """Return the segments of all tracks in the first part of a lecture. Pure."""
    parts = [first_part(track, LEAST_S) for track in pictures(works)]
    end = max(seconds for _, seconds in parts)
    sound = [work for work in works if not isinstance(work, VideoWork) and work.start_s < end]
    return [*(work for part, _ in parts for work in part), *sound]


def run(run: Run) -> None:
    """Add `cpu_vs_naive`, `measure_share` and `cpu_s_per_content_s`, and what they were measured on."""
    sides = run.lectures()
    with pool() as executor:
        long = None
        if not run.scope.is_quick:
            lecture = make_lecture(LONG_KIND, LONG_S, run.scope.clips, run.scope.cache)
            long = submit(executor, make_ours, lecture, run.scope.work / "long")
        tasks = [
            submit(executor, make_both_ways, side.folder, side.reference.lecture.file, side.ladder) for side in sides
        ]
        both = in_order(tasks, lambda both: run.report.say("  {:.1f} CPU-s, by one ffmpeg a rung {:.1f}".format(*both)))
        run.long = long.result() if long else None
    _add_naive(run, sides, both)
    _add_shares(run, [side.ladder for side in sides])


def _add_naive(run: Run, sides: Sequence[Side], both: Sequence[tuple[float, float]]) -> None:
    ratios = [mine / plain for mine, plain in both]
    run.report.add("cpu_vs_naive", "processor time of decode, encode, pack; against one ffmpeg a rung", "x", *ratios)
    told = [
        f"{side.reference.lecture.name} {mine:.1f} against {plain:.1f} CPU-s"
        for side, (mine, plain) in zip(sides, both, strict=True)
    ]
    run.report.note(
        f"cpu_vs_naive: the first {LEAST_S:g} s or more of each lecture; ours: probe and cut, every segment of "
        "both tiers, its check, packs and indexes (the last by their share of time); the other: one ffmpeg a rung and "
        "a sound, same filters and encoder options, a key frame where each segment begins, all in one file; as many at "
        f"once as cores. {'; '.join(told)}."
    )


def _add_shares(run: Run, ladders: Sequence[Ladder]) -> None:
    report, long = run.report, run.long or ladders[0]
    costs = [sum(ladder.cpu.values()) / ladder.seconds for ladder in (*ladders, *([run.long] if run.long else ()))]
    report.add("measure_share", "probing and gates, as a share of the encode", "x", _share(long))
    report.add("cpu_s_per_content_s", "processor seconds a second of lecture, both tiers, all rungs", "s", *costs)
    short = ", ".join(f"{_share(ladder):.2f} of {ladder.seconds:.0f} s" for ladder in ladders)
    report.note(
        f"measure_share: of {LONG_KIND} of {long.seconds:.0f} s (measuring {long.cpu[MEASURING]:.0f}, making "
        f"{long.cpu[MAKING]:.0f}, stills {long.cpu[STILLS]:.0f} CPU-s); of the compared lectures {short}. "
        "Sampled: three to eight windows of 2.5 s are probed, every eighth segment is measured (at least three), spots "
        "of 0.2 s about every 5 s of it; text once a minute or two; ESTOI on every eighth segment."
    )


def _share(ladder: Ladder) -> float:
    return ladder.cpu[MEASURING] / ladder.cpu[MAKING]
