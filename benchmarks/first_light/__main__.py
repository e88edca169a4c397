"""`make bench-first-light`: all figures, or those of the measures that are named, such as `node encode`."""

import logging
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from benchmarks.company import Company
from benchmarks.first_light import catalogue, encode, node, up
from benchmarks.programs import local_centre
from benchmarks.reporting import Results
from songtan.stack.guard import guarded

ALONE = {"node": node.measure, "up": up.measure}
BY_A_CENTRE = {"encode": encode.measure, "catalogue": catalogue.measure}


def measure(names: list[str]) -> int:
    """Take the figures in a folder that is removed; return 0 if every bound was reached, else 1."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    results = Results("first_light")
    folder = Path(tempfile.mkdtemp(prefix="songtan-bench-"))
    folder.chmod(0o755)  # PostgreSQL's own user has to reach its data
    try:
        for name in [name for name in ALONE if name in names]:
            (folder / name).mkdir()
            _watched(results, name, partial(ALONE[name], results, folder / name))
        by_a_centre = [name for name in BY_A_CENTRE if name in names]
        if by_a_centre:
            with local_centre(folder / "centre") as centre:
                for name in by_a_centre:
                    _watched(results, name, partial(BY_A_CENTRE[name], results, centre))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if results.publish(whole=set(names) == ALONE.keys() | BY_A_CENTRE.keys()) else 1


def _watched(results: Results, name: str, work: Callable[[], None]) -> None:
    print(f"{name} …", file=sys.stderr)
    company = Company()
    work()
    results.notes.append(company.note(name))


if __name__ == "__main__":
    measures = [*ALONE, *BY_A_CENTRE]
    chosen = sys.argv[1:] or measures
    if not set(chosen) <= set(measures):
        sys.exit(f"measures are: {' '.join(measures)}")
    sys.exit(guarded(lambda: measure(chosen)))
