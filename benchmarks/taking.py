"""Taking figures: in a folder that is removed, with a note of who else was at work."""

import logging
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import structlog

from benchmarks.company import Company
from benchmarks.programs import Broken
from benchmarks.reporting import Results


def take(name: str, measure: Callable[[Results, Path], None]) -> int:
    """Let `measure` add figures, and publish them.

    Return 0 if every bound was reached, 1 if not, 2 if the figures could not be taken.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    results, company = Results(name), Company()
    folder = Path(tempfile.mkdtemp(prefix="songtan-bench-"))
    try:
        measure(results, folder)
    except Broken as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    results.notes.append(company.note("all of it"))
    return 0 if results.publish() else 1
