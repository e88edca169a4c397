"""`make bench-first-light`: all figures, or those of the measures that are named, such as `node encode`."""

import importlib
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path

import structlog

from benchmarks.reporting import Results
from songtan.stack.guard import guarded

MEASURES = ("node", "encode", "catalogue", "up")


def measure(names: list[str]) -> int:
    """Take the figures in folders of their own, which are removed; return 0 if every bound was reached, else 1."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    results = Results("first_light")
    folder = Path(tempfile.mkdtemp(prefix="songtan-bench-"))
    folder.chmod(0o755)  # PostgreSQL's own user has to reach its data
    try:
        for name in names:
            load = os.getloadavg()[0]
            own = folder / name
            own.mkdir()
            print(f"{name} …", file=sys.stderr)
            importlib.import_module(f"benchmarks.first_light.{name}").measure(results, own)
            results.notes.append(f"Load average of the machine when {name} began: {load:.1f}.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if results.publish(whole=set(names) == set(MEASURES)) else 1


if __name__ == "__main__":
    chosen = sys.argv[1:] or list(MEASURES)
    if not set(chosen) <= set(MEASURES):
        sys.exit(f"measures are: {' '.join(MEASURES)}")
    sys.exit(guarded(lambda: measure(chosen)))
