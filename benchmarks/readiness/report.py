"""What is printed and written: a table for each life, the issue's keys with their goals, `results/readiness.json`."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.readiness import figures
from benchmarks.readiness.figures import SchoolFigures
from benchmarks.readiness.rows import BOUND, OURS, ROWS
from benchmarks.reporting import RESULTS, machine

AT_LEAST = {
    "everyday_ready": 0.997,
    "everyday_utility": 0.995,
    "late_ready": 0.99,
    "late_ready_2h": 0.97,
    "late_utility": 0.98,
    "thin_ready": 0.98,
    "thin_p5": 0.93,
    "thin_utility": 0.93,
    "silent_ready": 0.90,
}
AT_MOST = {"everyday_misses_7d": 0, "everyday_mb": 115, "late_mb": 115, "thin_mb": 85, "silent_mb": 160}
KEYS = (
    "everyday_ready", "everyday_misses_7d", "everyday_utility", "everyday_mb",
    "late_ready", "late_ready_2h", "late_utility", "late_mb",
    "thin_ready", "thin_p5", "thin_utility", "thin_mb", "silent_ready", "silent_mb",
)  # fmt: skip
PATH = RESULTS / "readiness.json"


@dataclass(frozen=True)
class Part:
    """A life as it was lived with one kind of sizes: for each way its schools."""

    life: str
    sizes: str
    seconds: float
    ways: Mapping[str, Sequence[SchoolFigures]]

    def told(self) -> dict[str, Any]:
        """Return what is written."""
        ours, bound = self.ways[OURS], self.ways[BOUND]
        calls = sum(s.calls for s in ours)
        return {
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "seconds": round(self.seconds),
            "schools": len(ours),
            "misses_7d": figures.misses_7d(ours, bound),
            "plan_ms": round(sum(s.seconds for s in ours) / max(1, calls) * 1000, 3),
            "plans": calls,
            "rows": {name: figures.row(schools) for name, schools in self.ways.items()},
            "ours_by_school": figures.as_rows(ours),
        }


def summary_of(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, float | None]:
    """Return the issue's keys, of our row in the issue's sizes; null for what was not lived."""
    found: dict[str, float | None] = {}
    for key in KEYS:
        life, measure = key.split("_", 1)
        part = parts.get(life)
        if part is None:
            found[key] = None
        elif measure == "misses_7d":
            found[key] = part["misses_7d"]
        else:
            found[key] = round(part["rows"][OURS][measure]["value"], 4)
    return found


def reached(key: str, value: float | None) -> bool | None:
    """Say whether a goal is reached; None without a value."""
    if value is None:
        return None
    return value >= AT_LEAST[key] if key in AT_LEAST else value <= AT_MOST[key]


def show(name: str, part: Mapping[str, Any]) -> None:
    """Print a life's table, and how it was by the speed of the line."""
    console = Console() if sys.stdout.isatty() else Console(width=130)
    table = Table(title=f"{name}: {part['schools']} schools, a plan takes {part['plan_ms']} ms")
    for column in ("way", "ready", "95 %", "utility", "MB a lesson", "p5", "known 2 h ahead"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for way, row in part["rows"].items():
        (low, high), near = row["ready"]["interval"], row["ready_2h"]["value"]
        table.add_row(
            ROWS[way][0], f"{row['ready']['value']:.4f}", f"{low:.3f}–{high:.3f}", f"{row['utility']['value']:.4f}",
            f"{row['mb']['value']:.1f}", f"{row['p5']['value']:.3f}", "–" if near is None else f"{near:.3f}",
        )  # fmt: skip
    console.print(table)
    lines = Table(title="ours by the speed of the line")
    for column in ("Mbit/s", "schools", "ready", "utility", "MB a lesson"):
        lines.add_column(column, justify="right")
    for bucket in part["rows"][OURS]["buckets"]:
        lines.add_row(
            f"{bucket['mbps_from']:.2f}–{bucket['mbps_to']:.2f}", str(bucket["schools"]), f"{bucket['ready']:.4f}",
            f"{bucket['utility']:.4f}", f"{bucket['mb']:.1f}",
        )  # fmt: skip
    console.print(lines)


def show_summary(summary: Mapping[str, float | None]) -> bool:
    """Print the goals; return whether all that was lived reached them."""
    table = Table(title="readiness: ours against the goals")
    for column in ("figure", "value", "goal", ""):
        table.add_column(column, justify="right" if column in {"value", "goal"} else "left")
    for key, value in summary.items():
        if value is not None:
            goal = f"≥ {AT_LEAST[key]:g}" if key in AT_LEAST else f"≤ {AT_MOST[key]:g}"
            table.add_row(key, f"{value:g}", goal, "✓" if reached(key, value) else "missed")
    Console().print(table)
    return all(reached(key, value) is not False for key, value in summary.items())


def written() -> dict[str, Any]:
    """Return the parts that were written before."""
    return dict(json.loads(PATH.read_text())["parts"]) if PATH.exists() else {}


def write(parts: Mapping[str, Any], notes: Sequence[str]) -> None:
    """Write `results/readiness.json`, whole or not at all."""
    document = {"benchmark": "readiness", "summary": summary_of(parts), "parts": parts, "notes": list(notes)}
    RESULTS.mkdir(exist_ok=True)
    partial = PATH.with_suffix(".partial")
    partial.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    partial.rename(PATH)
