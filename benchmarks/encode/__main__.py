"""`make bench-encode`: all figures of the encoding, or those of the parts that are named, such as `compare curves`."""

import argparse
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import structlog

from benchmarks.company import Company
from benchmarks.encode import compare, correction, cost, curves, scale
from benchmarks.encode.kept import SETTING, folder_for
from benchmarks.encode.lectures import CLIPS_SETTING, cache_folder
from benchmarks.encode.report import Report
from benchmarks.encode.scope import choose_scope
from benchmarks.programs import Broken
from benchmarks.programs import Broken as NoAnswer
from benchmarks.reporting import is_quick
from songtan.stack.guard import guarded

PARTS: dict[str, Callable[[compare.Run], None]] = {
    "compare": compare.run,
    "curves": curves.run,
    "cost": cost.run,
    "scale": scale.run,
    "correction": correction.run,
}
QUICK_PARTS = ("compare", "cost")
"""What a quick run takes if nothing is named: the others need more than a minute however little they are given."""
EXIT_BROKEN = 2


def arguments() -> argparse.Namespace:
    """Return what was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.encode", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="parts to measure; all of them if none is named")
    parser.add_argument("--clips", help=f"folder with make_lectures.py and real clips; else {CLIPS_SETTING}")
    parser.add_argument("--keep", type=Path, help="folder that keeps what was made and measured: a run goes on from it")
    parser.add_argument("--cache", help="folder that keeps made lectures; else songtan-bench below XDG_CACHE_HOME")
    return parser.parse_args()


def measure(asked: argparse.Namespace) -> int:
    """Measure the parts, in a folder that is removed if it is not to be kept; return 0 if every bound was reached, 1 if
    not, 2 if it broke."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    names = [name for name in PARTS if name in (asked.parts or (QUICK_PARTS if is_quick() else PARTS))]
    if asked.keep:
        folder = folder_for(asked.keep.absolute())
        os.environ[SETTING] = str(folder)
        folder.mkdir(parents=True, exist_ok=True)
    else:
        folder = Path(tempfile.mkdtemp(prefix="songtan-bench-"))
    folder.chmod(0o755)  # PostgreSQL's own user has to reach its data
    report = Report()
    try:
        run = compare.Run(choose_scope(asked.clips, cache_folder(asked.cache), folder), report)
        for name in names:
            with report.measuring(name):
                company = Company()
                PARTS[name](run)
                report.note(company.note(name))
            if not run.scope.is_quick:
                report.write()
    except (Broken, NoAnswer) as error:
        print(f"{error}", file=sys.stderr)
        return EXIT_BROKEN
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)
    report.show()
    return 0 if report.all_reached else 1


if __name__ == "__main__":
    asked_for = arguments()
    sys.exit(guarded(lambda: measure(asked_for)))
