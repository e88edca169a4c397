"""What a run found, gathered while it goes on: figures with the issue's bounds, every row, every verdict."""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any

import imageio_ffmpeg
from rich.console import Console
from rich.table import Table

from benchmarks.encode import voice
from benchmarks.encode.ours import Ladder
from benchmarks.encode.rule import Row, Verdict
from benchmarks.reporting import RESULTS, machine
from catalog.formats.rungs import Tier
from workers.pipeline.tools import find_tools

AT_MOST = {
    "bits_vs_ricecooker": 0.50,
    "bits_vs_mediacms": 0.21,
    "bits_vs_peertube": 0.16,
    "compatible_bits_vs_ricecooker": 0.78,
    "compatible_bits_vs_mediacms": 0.35,
    "compatible_bits_vs_peertube": 0.28,
    "worst_real_clip_vs_ricecooker": 0.85,
    "floor_kbps_slides": 31,
    "floor_kbps_compatible_slides": 55,
    "cpu_vs_naive": 1.15,
    "measure_share": 0.35,
    "corrected_minute_share": 0.06,
    "reexport_share": 0.10,
    "cut_minute_share": 0.06,
}
AT_LEAST = {"scale_2_workers": 1.8}
UNBOUNDED = ("cpu_s_per_content_s", "floors_40_hours", "floors_40_hours_16_cores")
KEYS = (*AT_MOST, *AT_LEAST, *UNBOUNDED)
"""What the summary has, whatever was measured: null stands for what was not, or did not count."""


@dataclass(frozen=True, slots=True)
class Found:
    """A figure of a part of the benchmark: every run's value; none where it could not be had."""

    part: str
    key: str
    what: str
    unit: str
    runs: tuple[float, ...]

    @property
    def value(self) -> float | None:
        """The median of the runs, or None."""
        return median(self.runs) if self.runs else None

    @property
    def bound(self) -> str:
        """The issue's bound in words, or nothing."""
        if self.key in AT_MOST:
            return f"≤ {AT_MOST[self.key]:g}"
        return f"≥ {AT_LEAST[self.key]:g}" if self.key in AT_LEAST else ""

    @property
    def reached(self) -> bool | None:
        """Whether the bound is kept; None without a bound. A figure that is missing keeps no bound."""
        if not self.bound:
            return None
        if self.value is None:
            return False
        return self.value <= AT_MOST[self.key] if self.key in AT_MOST else self.value >= AT_LEAST[self.key]


@dataclass
class Report:
    """One run of the benchmark, or of some of its parts; `part` is the one that is being measured."""

    part: str = ""
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    found: list[Found] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    curves: list[dict[str, Any]] = field(default_factory=list)
    arguments: dict[str, list[str]] = field(default_factory=dict)
    recipes: dict[str, Any] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def say(self, words: str) -> None:
        """Tell whoever waits what is being done, and after how many seconds."""
        print(f"{time.monotonic() - self.began:6.0f} s  {words}", file=sys.stderr, flush=True)

    def add(self, key: str, what: str, unit: str, *runs: float | None) -> None:
        """Add a figure with the values of its runs; None says that it could not be had."""
        self.found.append(Found(self.part, key, what, unit, tuple(run for run in runs if run is not None)))

    def note(self, words: str) -> None:
        """Add what a reader must know to believe the part's figures."""
        self.notes.append((self.part, words))

    @contextmanager
    def measuring(self, part: str) -> Iterator[None]:
        """Take what is found in this block for a part of the benchmark."""
        self.part, began = part, time.monotonic()
        self.say(f"{part} …")
        yield
        self.made[part] = {
            "made": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": round(time.monotonic() - began),
            "machine": machine(),
        }  # fmt: skip

    def add_rows(self, rows: list[Row], ladder: Ladder, arguments: dict[str, list[str]]) -> None:
        """Add the streams of a lecture, our recipe for it, and the peers' command lines."""
        said = {r.name: r.said for r in ladder.renditions}
        for row in rows:
            self.add_row(row, said.get(row.who, ""))
        self.recipes[rows[0].lecture] = ladder.recipe | {"tries": ladder.tries, "refused": ladder.refused}
        if ladder.refused:
            self.note(f"{rows[0].lecture}: the gate let not pass {', '.join(ladder.refused)}.")
        self.arguments |= {name: words for name, words in arguments.items() if name not in self.arguments}

    def add_row(self, row: Row, said: str = "") -> None:
        """Add a stream."""
        told = asdict(row) | {"kbps": row.kbps, "said": said}
        self.rows.append({key: _rounded(value) for key, value in told.items()})

    def add_verdicts(self, tier: Tier, verdicts: list[Verdict]) -> None:
        """Add what was judged, and why a rung was not taken."""
        for verdict in verdicts:
            self.verdicts.append({key: _rounded(v) for key, v in asdict(verdict).items()} | {"tier": str(tier)})

    @property
    def all_reached(self) -> bool:
        """Whether every bound of what was measured is kept."""
        return all(found.reached is not False for found in self.found)

    def show(self) -> None:
        """Print the tables."""
        console = Console() if sys.stdout.isatty() else Console(width=150)
        for table in (self._rows_table(), self._verdicts_table(), self._figures_table()):
            if table.row_count:
                console.print(table)
        for _, note in self.notes:
            console.print(f"  {note}")

    def _rows_table(self) -> Table:
        table = Table(title="streams: kbit/s of packets; quality at 1280×720")
        names = ("lecture", "whose", "pictures", "sound", "together", "files", "VMAF", "p5", "min", "read", "PESQ-WB")
        for name in names:
            table.add_column(name, justify="left" if name in {"lecture", "whose"} else "right")
        for row in self.rows:
            quality = row["quality"]
            table.add_row(
                row["lecture"], f"{row['who']} {row['said']}".strip(),
                *(f"{row[k]:.1f}" for k in ("video_kbps", "sound_kbps", "kbps", "file_kbps")),
                *(_short(quality[k]) for k in ("vmaf_mean", "vmaf_p5", "vmaf_min", "legibility", "pesq")),
            )  # fmt: skip
        return table

    def _verdicts_table(self) -> Table:
        table = Table(title="our smallest stream that is no worse, against each peer: bits as a share of the peer's")
        for name in ("lecture", "peer", "tier", "ours", "bits", "pictures", "files", "what was short"):
            table.add_column(name)
        for verdict in self.verdicts:
            nearest = list(verdict["short"].items())[-1:] if verdict["ours"] is None else []
            short = "; ".join(f"{who}: {', '.join(why)}" for who, why in nearest)
            shares = (_short(verdict[k]) for k in ("bits", "video_bits", "file_bits"))
            table.add_row(
                verdict["lecture"], verdict["peer"], verdict["tier"], verdict["ours"] or "none", *shares, short
            )
        return table

    def _figures_table(self) -> Table:
        table = Table(title=f"encode — {machine()['processor']}, {machine()['cores']} cores")
        for name in ("figure", "value", "runs", "bound", ""):
            table.add_column(name, justify="right" if name in {"value", "runs"} else "left")
        for f in self.found:
            said = {None: "", True: "✓", False: "missed"}[f.reached]
            value = "none" if f.value is None else f"{_short(f.value)} {f.unit}"
            table.add_row(f.what, value, str(len(f.runs)), f.bound, said)
        return table

    def write(self) -> None:
        """Write `results/encode.json`, whole or not at all. Parts that this run did not measure stay as they were."""
        path, document = RESULTS / "encode.json", self.document()
        if path.exists():
            document = merged(json.loads(path.read_text()), document)
        RESULTS.mkdir(exist_ok=True)
        partial = RESULTS / "encode.partial"
        partial.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
        partial.rename(path)

    def document(self) -> dict[str, Any]:
        """Return what is written: figures and notes by part, and what the parts `compare` and `curves` look like."""
        figures = [asdict(f) | {"value": f.value, "bound": f.bound, "reached": f.reached} for f in self.found]
        return {
            "benchmark": "encode",
            "parts": self.made,
            "tools": {"ffmpeg": find_tools().version, "imageio-ffmpeg": imageio_ffmpeg.__version__},
            "voice": {"name": voice.NAME, "sha256": voice.DIGEST},
            "summary": summary_of(figures),
            "figures": figures,
            "rows": self.rows,
            "verdicts": self.verdicts,
            "curves": self.curves,
            "peers": self.arguments,
            "recipes": self.recipes,
            "notes": [{"part": part, "note": note} for part, note in self.notes],
        }


OF_PART = {"rows": "compare", "verdicts": "compare", "peers": "compare", "recipes": "compare", "curves": "curves"}


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return `new` with the parts of `old` that it does not have. Pure."""
    document = dict(new)
    document["parts"] = old["parts"] | new["parts"]
    for key in ("figures", "notes"):
        document[key] = [one for one in old[key] if one["part"] not in new["parts"]] + new[key]
    for key, part in OF_PART.items():
        if part not in new["parts"]:
            document[key] = old[key]
    document["summary"] = summary_of(document["figures"])
    return document


def summary_of(figures: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return the issue's keys and their values; null for what was not measured or did not count. Pure."""
    values = {figure["key"]: figure["value"] for figure in figures}
    return {key: _rounded(values.get(key)) for key in KEYS}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return {k: _rounded(v) for k, v in value.items()} if isinstance(value, dict) else value


def _short(value: float | None) -> str:
    return (
        "–"
        if value is None
        else f"{value:,.0f}"
        if abs(value) >= 1000
        else f"{value:.3g}"
        if value < 100
        else f"{value:.0f}"
    )
