"""The lines of schools: real traces joined end to end, a slow swing, outages, and boxes that are dark at night."""

import csv
import gzip
import math
import os
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

TRACES_SETTING = "SONGTAN_TRACES"
BIN_S = 300
BINS_A_DAY = 86400 // BIN_S
DAYS = 28
BINS = DAYS * BINS_A_DAY
SWING_BINS = 12 * 3600 // BIN_S
DARK_FROM, DARK_UNTIL = 22 * 12, 6 * 12
"""Bins of the day between which a box without power at night is off: 22:00 and 06:00."""
UP_S, DOWN_S = 20 * 3600, 3 * 3600
LONG_EVERY_S, LONG_LEAST_S, LONG_MOST_S = 10 * 86400, 86400, 5 * 86400


class NoTraces(Exception):
    """The folder has no links.csv.gz."""


@dataclass(frozen=True)
class Traces:
    """For each family, each trace as means of `BIN_S` seconds, scaled so that the family's mean is 1."""

    families: dict[str, list[list[float]]]


def read_traces(folder: str | None) -> Traces:
    """Read links.csv.gz (trace, t_s, mbps). Raises NoTraces."""
    path = Path(folder or os.environ.get(TRACES_SETTING, "")) / "links.csv.gz"
    if not path.is_file():
        raise NoTraces(f"No traces at {path}. Name their folder with --traces FOLDER or {TRACES_SETTING}.")
    samples: dict[str, list[tuple[float, float]]] = {}
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            samples.setdefault(row["trace"], []).append((float(row["t_s"]), float(row["mbps"])))
    families: dict[str, list[list[float]]] = {}
    for name, rows in samples.items():
        families.setdefault(name.split("-")[0], []).append(_means(rows))
    for traces in families.values():
        mean = sum(map(sum, traces)) / sum(map(len, traces))
        traces[:] = [[value / mean for value in trace] for trace in traces]
    return Traces(families)


def _means(rows: Sequence[tuple[float, float]]) -> list[float]:
    """Return means over bins of a trace that holds each rate until the next sample; at least one bin."""
    ends = max(rows[-1][0], BIN_S)
    count = max(1, int(ends // BIN_S))
    total = [0.0] * count
    for (t, rate), until in zip(rows, [*(t for t, _ in rows[1:]), ends], strict=True):
        while t < until and t < count * BIN_S:
            n = int(t // BIN_S)
            part = min(until, (n + 1) * BIN_S) - t
            total[n] += rate * part
            t += part
    return [value / BIN_S for value in total]


@dataclass(frozen=True)
class LineOf:
    """A school's line: bytes that it could bring in each bin, the whole line; `on`: box and line were on at all."""

    capacity: list[float]
    on: list[bool]


def make_line(
    traces: Traces, seed: random.Random, mbps: float, *, dark: bool, long_outages: bool, days: int = DAYS
) -> LineOf:
    """Return a line whose mean is `mbps` while it is up and the box is on."""
    family = traces.families[seed.choice(sorted(traces.families))]
    bins = days * BINS_A_DAY
    shape: list[float] = []
    while len(shape) < bins:
        shape += seed.choice(family)
    swing = [math.exp(seed.gauss(0, 0.35)) for _ in range(bins // SWING_BINS + 2)]
    for n in range(bins):
        at, part = divmod(n, SWING_BINS)
        shape[n] *= swing[at] + (swing[at + 1] - swing[at]) * part / SWING_BINS
    up = _up(seed, bins, long_outages=long_outages)
    if dark:
        for n in range(bins):
            if not DARK_UNTIL <= n % BINS_A_DAY < DARK_FROM:
                up[n] = 0.0
    shape = shape[:bins]
    scale = mbps * 1e6 / 8 * BIN_S * bins / sum(shape)
    return LineOf([value * scale * share for value, share in zip(shape, up, strict=True)], [u > 0 for u in up])


def _up(seed: random.Random, bins: int, *, long_outages: bool) -> list[float]:
    """Return for each bin the share of it in which the line is up."""
    gaps: list[tuple[float, float]] = []
    ends = bins * BIN_S
    gaps += _gaps(seed, ends, UP_S, lambda: seed.expovariate(1 / DOWN_S))
    if long_outages:
        gaps += _gaps(seed, ends, LONG_EVERY_S, lambda: seed.uniform(LONG_LEAST_S, LONG_MOST_S))
    up = [1.0] * bins
    for begins, until in gaps:
        for n in range(int(begins // BIN_S), min(bins, int(until // BIN_S) + 1)):
            up[n] = max(0.0, up[n] - (min(until, (n + 1) * BIN_S) - max(begins, n * BIN_S)) / BIN_S)
    return up


def _gaps(seed: random.Random, ends: float, every: float, length: Callable[[], float]) -> Iterable[tuple[float, float]]:
    t = seed.expovariate(1 / every)
    while t < ends:
        gap = length()
        yield t, t + gap
        t += gap + seed.expovariate(1 / every)
