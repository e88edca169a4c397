"""The sizes that our own ladder came to, from the newest `encode.json`."""

import json
from pathlib import Path

from benchmarks.encode.lectures import KINDS
from benchmarks.readiness.schools import Sizes
from catalog.formats.rungs import Rung

WORTH = {Rung.LISTEN: 0.35, Rung.FLOOR: 0.7, Rung.CLEAR: 0.9, Rung.BEST: 1.0}


def measured_sizes(results: Path, tier: str = "compatible") -> Sizes | None:
    """Return the sizes of our ladder in a tier: a lesson is like one of the lectures that were measured, ± 10 %.

    None while the comparison of encodings has not been taken, or no lecture has the whole ladder.
    """
    path = results / "encode.json"
    if not path.exists():
        return None
    lectures: dict[str, dict[str, float]] = {}
    for row in json.loads(path.read_text())["rows"]:
        if row["lecture"] in KINDS and row["who"].startswith(f"{tier} ") and row["who"].count(" ") == 1:
            lectures.setdefault(row["lecture"], {})[row["who"].split()[1]] = row["kbps"]
            lectures[row["lecture"]].setdefault("listen", row["sound_kbps"])
    ladders = tuple(
        tuple((rung.value, rates[rung.value], worth, rung is not Rung.LISTEN) for rung, worth in WORTH.items())
        for rates in lectures.values()
        if all(rung.value in rates for rung in WORTH)
    )
    return Sizes(ladders, 0.1) if ladders else None
