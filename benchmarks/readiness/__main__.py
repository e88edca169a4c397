"""`make bench-readiness`: schools live with every way of filling a node; lives may be named, such as `thin`."""

import argparse
import sys
import time

from benchmarks.readiness import plots, report
from benchmarks.readiness.figures import SchoolFigures, figures_of
from benchmarks.readiness.lines import TRACES_SETTING, NoTraces, Traces, read_traces
from benchmarks.readiness.measured import measured_sizes
from benchmarks.readiness.rows import ROWS
from benchmarks.readiness.schools import LIVES, Sizes, make_school
from benchmarks.reporting import RESULTS, is_quick

FIRST_TUNED = 10_000
"""Schools from this number on were used to choose our rules' numbers; those that are reported are 0, 1, 2, …"""
QUICK_SCHOOLS = 3
MEASURED_SCHOOLS = 40
EXIT_BROKEN = 2
NOTES = (
    "Reported schools are not those that rules and policies were tuned on.",
    "Sizes of the issue: rungs share nothing, not even sound, so a better rung costs all of its bytes again.",
    "p5: 95 of 100 schools do at least so well. Intervals: 95 %, bootstrap over schools.",
    "misses_7d: known seven days ahead, not ready with us, and ready with the clairvoyant.",
)


def arguments() -> argparse.Namespace:
    """Return what was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.readiness", description=__doc__)
    parser.add_argument("lives", nargs="*", choices=[*LIVES, []], help="lives to live; all of them if none is named")
    parser.add_argument("--traces", help=f"folder with links.csv.gz; else {TRACES_SETTING}")
    parser.add_argument(
        "--tuning", type=int, metavar="N", help="N of the schools for tuning instead; nothing is written"
    )
    return parser.parse_args()


def lived(life: str, traces: Traces, sizes: Sizes, seeds: range, said: str) -> report.Part:
    """Let the schools of some seeds live, in every way."""
    began = time.monotonic()
    ways: dict[str, list[SchoolFigures]] = {name: [] for name in ROWS}
    for n, seed in enumerate(seeds):
        school = make_school(LIVES[life], seed, traces, sizes)
        for name, (_, run) in ROWS.items():
            ways[name].append(figures_of(run(school)))
        if n % 10 == 0:
            print(
                f"{time.monotonic() - began:6.0f} s  {life}, {said}: {n} of {len(seeds)}", file=sys.stderr, flush=True
            )
    return report.Part(life, said, time.monotonic() - began, ways)


def measure(asked: argparse.Namespace) -> int:
    """Live, print, write; return 0 if every goal was reached, 1 if not, 2 if there is nothing to measure with."""
    try:
        traces = read_traces(asked.traces)
    except NoTraces as error:
        print(error, file=sys.stderr)
        return EXIT_BROKEN
    is_whole = not is_quick() and asked.tuning is None
    parts = report.written() if is_whole else {}
    real = measured_sizes(RESULTS)
    notes = list(NOTES)
    if real is None:
        notes.append("Measured sizes: none yet; the comparison of encodings (bench-encode) has not been taken.")
    for life in asked.lives or LIVES:
        count = QUICK_SCHOOLS if is_quick() else asked.tuning or LIVES[life].schools
        first = 0 if asked.tuning is None else FIRST_TUNED
        parts[life] = lived(life, traces, Sizes(), range(first, first + count), "the issue's sizes").told()
        report.show(life, parts[life])
        if real is not None:
            few = range(first, first + min(count, MEASURED_SCHOOLS))
            parts[f"{life}_measured"] = lived(life, traces, real, few, "measured sizes").told()
            report.show(f"{life}, measured sizes", parts[f"{life}_measured"])
        if is_whole:
            report.write(parts, notes)
    passed = report.show_summary(report.summary_of(parts))
    if is_whole:
        plots.draw({life: parts[life] for life in LIVES if life in parts})
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(measure(arguments()))
