"""Whether the fill keeps to what ops and people say: a cap over any ten seconds, a pause, the end of a window."""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.programs import Broken, wait_for
from benchmarks.thin_line.cell import Cell, cell, origin
from benchmarks.thin_line.goods import EDGE, SERVE, edge_env, make_goods
from benchmarks.thin_line.shaping import LineSpec
from edge_cache.settings import zone_named

LINE = LineSpec(rate_bits_per_s=4e6, delay_ms=100, seed=4)
CAP_BITS_PER_S = 1_000_000
MEGABYTES = 30
ZONE = "Asia/Shanghai"
OVER_S = 10.0
LOOK_S = 0.25
SETTLED_S = 5.0
"""After so many seconds a fill is under way."""


@dataclass(frozen=True)
class Kept:
    """What the line let out: `most` and `least` of the cap in any ten seconds; seconds to the last full packet, from
    the end of the command `pause` and from the end of a window. A packet that was on its way counts."""

    most: float
    least: float
    pause_s: float
    window_s: float


def obeys(folder: Path, seconds: float) -> Kept:
    """Measure all of it; the cap for `seconds`. Raises Broken if the fill does not begin."""
    with _filling(folder / "cap", "obcap", {"rate_limit_bits_per_s": CAP_BITS_PER_S}) as (at, _):
        seen = _watch(at, seconds)
    shares = [8 * length / OVER_S / CAP_BITS_PER_S for length in over_ten_seconds(seen)]
    with _filling(folder / "pause", "obpause", {}) as (at, state):
        time.sleep(SETTLED_S)
        subprocess.run([*EDGE, "pause"], env=edge_env(state), check=True, capture_output=True)
        said = time.monotonic()
        pause_s = _last_packet(at) - said
    # A window ends with a minute: the one that leaves the fill time to begin.
    local = datetime.now(zone_named(ZONE))
    end = (local + timedelta(seconds=60 + 6 * SETTLED_S)).replace(second=0, microsecond=0)
    minute = end.hour * 60 + end.minute
    window = {"start": (minute - 720) % 1440, "end": minute}
    ends = time.monotonic() + (end - local).total_seconds()
    with _filling(folder / "window", "obwin", {"windows": [window]}) as (at, _):
        time.sleep(max(0.0, ends - time.monotonic()))
        window_s = _last_packet(at) - ends
    return Kept(max(shares), min(shares), max(0.0, pause_s), max(0.0, window_s))


def over_ten_seconds(seen: Sequence[tuple[float, float]]) -> list[float]:
    """Return the bytes of each ten seconds, from (seconds, bytes so far). Raises Broken if it was shorter. Pure."""
    found, first = list[float](), 0
    for at, length in seen:
        while at - seen[first][0] >= OVER_S:
            found.append((length - seen[first][1]) * OVER_S / (at - seen[first][0]))
            first += 1
    if not found:
        raise Broken(f"the fill was watched for less than {OVER_S:g} seconds")
    return found


@contextmanager
def _filling(folder: Path, name: str, policy: dict[str, Any]) -> Iterator[tuple[Cell, Path]]:
    """Give a line over which a node under `policy` fills, and the node's folder."""
    goods = make_goods(folder, MEGABYTES, policy)
    place = folder / name
    place.mkdir()
    with cell(name, LINE, place, "cubic") as at, origin(at, goods.root):
        state = goods.node(place / "state")
        process = at.start(SERVE, log=place / "log", env=edge_env(state, time_zone=ZONE))
        try:
            wait_for(lambda: at.stats()["down"]["bytes"] > 200_000, "the fill to begin", 60, pause=0.1)
            yield at, state
        finally:
            process.terminate()
            process.wait(20)


def _watch(at: Cell, seconds: float) -> list[tuple[float, float]]:
    time.sleep(SETTLED_S)
    seen = list[tuple[float, float]]()
    while not seen or seen[-1][0] - seen[0][0] < seconds:
        told = at.stats()
        seen.append((told["now"], told["down"]["bytes"]))
        time.sleep(LOOK_S)
    return seen


def _last_packet(at: Cell) -> float:
    """Return when the last full packet left the line, once none has for three seconds (of any steady clock)."""
    told: Callable[[], dict[str, Any]] = at.stats
    wait_for(lambda: (now := told())["now"] - now["down"]["last_full"] > 3, "the fill to stop", 60, pause=0.2)
    return float(told()["down"]["last_full"])
