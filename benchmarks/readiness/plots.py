"""Draws what was lived: readiness by the speed of the line, and what each way costs for what it brings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from benchmarks.readiness.rows import BOUND, OURS, ROWS

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "readiness"
TICKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
COLOURS = {OURS: "#0b6e4f", BOUND: "#555555", "earliest_best": "#1f6fb2", "earliest_floor_foreseen": "#8d6a9f",
           "catalogue_floor": "#c8553d", "demand_capped": "#b08900"}  # fmt: skip


def draw(parts: Mapping[str, Any], folder: Path = FOLDER) -> list[Path]:
    """Draw all lives in two pictures, as SVG; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, paint in (("ready-by-line", _by_line), ("utility-by-bytes", _by_bytes)):
        figure = Figure(figsize=(3.6 * len(parts), 3.8), layout="constrained")
        rows = figure.subplots(1, len(parts), squeeze=False)[0]
        for axes, (life, part) in zip(rows, parts.items(), strict=True):
            paint(axes, part["rows"])
            axes.set_title(life)
        rows[0].legend(fontsize=7)
        made.append(folder / f"{name}.svg")
        figure.savefig(made[-1], metadata={"Date": None})
    return made


def _by_line(axes: Axes, rows: Mapping[str, Any]) -> None:
    for way, colour in COLOURS.items():
        if way in rows:
            buckets = rows[way]["buckets"]
            middle = [(b["mbps_from"] * b["mbps_to"]) ** 0.5 for b in buckets]
            axes.plot(middle, [b["ready"] for b in buckets], "o-", color=colour, label=ROWS[way][0], markersize=4)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    ticks = [value for value in TICKS if low <= value <= high]
    axes.set_xticks(ticks, [f"{value:g}" for value in ticks])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("line, Mbit/s")
    axes.set_ylabel("ready at the bell")
    axes.set_ylim(0, 1.02)


def _by_bytes(axes: Axes, rows: Mapping[str, Any]) -> None:
    for way, row in rows.items():
        colour = COLOURS.get(way, "#bbbbbb")
        axes.plot(row["mb"]["value"], row["utility"]["value"], "o", color=colour, label=ROWS[way][0])
    axes.set_xlabel("MB a lesson used")
    axes.set_ylabel("worth at the bell")
    axes.set_ylim(0, 1.02)
