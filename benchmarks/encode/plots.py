"""Draws the curves: rate against quality for each lecture, and bits a minute against what can still be read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "encoding"
COLOURS = {
    "modern": "#0b6e4f",
    "compatible": "#1f6fb2",
    "ricecooker": "#c8553d",
    "mediacms": "#8d6a9f",
    "peertube": "#b08900",
}
MARKS = {"modern": "o", "compatible": "s", "ricecooker": "^", "mediacms": "v", "peertube": "D"}
NAMES = {
    "modern": "Songtan, AV1",
    "compatible": "Songtan, H.264",
    "ricecooker": "ricecooker (Kolibri)",
    "mediacms": "MediaCMS",
    "peertube": "PeerTube",
}

Curve = dict[str, Any]
"""A point as the report has it: `curve`, `crf`, `chosen`, and the fields of a Row."""


def draw(points: Sequence[Curve], folder: Path) -> list[Path]:
    """Draw a picture of each lecture and one of all together, as PNG and SVG; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    lectures = list(dict.fromkeys(point["lecture"] for point in points))
    made = []
    for lecture in lectures:
        of_it = [point for point in points if point["lecture"] == lecture]
        figure = Figure(figsize=(7, 4.4), layout="constrained")
        axes = figure.subplots()
        _curves(axes, of_it, lambda p: p["video_kbps"], lambda p: p["quality"]["vmaf_mean"])
        axes.set_xlabel("pictures, kbit/s (packets, logarithmic)")
        axes.set_ylabel("VMAF at 1280×720, mean")
        axes.set_title(f"Rate and quality: {lecture}")
        made += _save(figure, folder / f"rate-quality-{lecture}")
    return made + _save(_legibility(points, lectures), folder / "bits-legibility")


def _legibility(points: Sequence[Curve], lectures: list[str]) -> Figure:
    figure = Figure(figsize=(3.4 * max(2, len(lectures)), 4.2), layout="constrained")
    rows = figure.subplots(1, len(lectures), sharey=True, squeeze=False)
    for axes, lecture in zip(rows[0], lectures, strict=True):
        read = [p for p in points if p["lecture"] == lecture and p["quality"]["legibility"] is not None]
        _curves(axes, read, lambda p: p["video_kbps"] * 60 / 1000, lambda p: p["quality"]["legibility"] * 100)
        axes.set_xlabel("pictures, Mbit a minute (logarithmic)")
        axes.set_title(lecture)
    rows[0][0].set_ylabel("characters still read at 1280×720, %")
    figure.suptitle("Bits a minute and legibility")
    return figure


def _curves(axes: Axes, points: Sequence[Curve], x: Any, y: Any) -> None:
    """Draw all points, and a line through those that no cheaper one of the same encoder surpasses."""
    for name, colour in COLOURS.items():
        of_it = sorted((p for p in points if p["curve"] == name), key=x)
        if not of_it:
            continue
        line: dict[str, Any] = {
            "color": colour,
            "linewidth": 1.4,
            "marker": MARKS[name],
            "markersize": 6,
            "label": NAMES[name],
        }
        best = [p for n, p in enumerate(of_it) if all(y(p) >= y(cheaper) for cheaper in of_it[:n])]
        axes.plot([x(p) for p in best], [y(p) for p in best], **line)
        for point in of_it:
            full = colour if point["chosen"] else "white"
            axes.plot(x(point), y(point), MARKS[name], color=colour, markerfacecolor=full, markersize=6)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(visible=True, which="both", color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _save(figure: Figure, path: Path) -> list[Path]:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    told: dict[str, Any] = {"fontsize": 8, "title": "filled: what is shipped", "title_fontsize": 8}
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, **told)
    settings: Any = {"font.family": "DejaVu Sans", "svg.hashsalt": "songtan", "svg.fonttype": "path"}
    made = []
    with mpl.rc_context(settings):
        for ending, metadata in ((".png", {"Software": None}), (".svg", {"Date": None})):
            out = path.with_suffix(ending)
            figure.savefig(out, dpi=144, metadata=metadata)
            made.append(out)
    return made
