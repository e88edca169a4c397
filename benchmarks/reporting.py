"""How a benchmark says what it found: a table for people, JSON for everything else, the machine named."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).resolve().parent / "results"


def is_quick() -> bool:
    """Say whether `QUICK=1` asks for a run of under a minute, whose figures are rough."""
    return os.environ.get("QUICK") == "1"


def machine() -> dict[str, str | int]:
    """Return what a figure depends on: processor, cores this process may use, memory in GiB, kernel, Python."""
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


@dataclass(frozen=True)
class Figure:
    """One measured thing: every run's value, and the bound that the issue names (the value may not be above it, or,
    where it is `at_least` so much, not below).

    Without a bound it is told for comparison: what a peer needs, or what a figure consists of.
    """

    key: str
    what: str
    unit: str
    runs: Sequence[float]
    bound: float | None = None
    at_least: bool = False

    @property
    def median(self) -> float:
        """The value that goes into the summary."""
        return statistics.median(self.runs)

    @property
    def reached(self) -> bool:
        """Whether the median is within the bound, if there is one."""
        if self.bound is None:
            return True
        return self.median >= self.bound if self.at_least else self.median <= self.bound


def _short(value: float) -> str:
    """Three digits, or the whole number where it has more."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


@dataclass
class Results:
    """All figures of one benchmark; `notes` say what a reader must know to believe them."""

    name: str
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def publish(self, *, whole: bool = True) -> bool:
        """Print the table, write `results/<name>.json`, and return whether every bound was reached.

        A quick run, or one that is not `whole`, is printed and not written: README's figures come from whole runs.
        """
        table = Table(title=f"{self.name} — {machine()['processor']}, {machine()['cores']} cores")
        for column in ("figure", "median", "least", "most", "runs", "bound", ""):
            table.add_column(column, justify="left" if column in {"figure", ""} else "right")
        for f in self.figures:
            values = [
                f"{value:.{0 if value >= 100 else 3}{'f' if value >= 100 else 'g'}} {f.unit}"
                for value in (f.median, min(f.runs), max(f.runs))
            ]
            bound, said = (
                ("", "")
                if f.bound is None
                else (f"{'≥' if f.at_least else '≤'} {f.bound:g} {f.unit}", "✓" if f.reached else "missed")
            )
            table.add_row(f.what, *values, str(len(f.runs)), bound, said)
        console = Console()
        console.print(table)
        for note in self.notes:
            console.print(f"  {note}")
        if whole and not is_quick():
            self._write()
        return all(f.reached for f in self.figures)

    def keep_older(self) -> None:
        """Take over what is written of parts that were not run now: each part's newest run stands there."""
        path = RESULTS / f"{self.name}.json"
        if not path.exists():
            return
        known = {figure.key for figure in self.figures}
        older = json.loads(path.read_text())
        fields = {"key", "what", "unit", "runs", "bound", "at_least"}
        for figure in older["figures"]:
            if figure["key"] not in known:
                self.figures.append(Figure(**{name: figure[name] for name in fields if name in figure}))
        self.notes += [
            note for note in older["notes"] if note.split(":")[0] not in {n.split(":")[0] for n in self.notes}
        ]

    def _write(self) -> None:
        document = {
            "benchmark": self.name,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "summary": {f.key: round(f.median, 4) for f in self.figures},
            "figures": [asdict(f) | {"median": f.median, "reached": f.reached} for f in self.figures],
            "notes": self.notes,
        }
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{self.name}.json"
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
