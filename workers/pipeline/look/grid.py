"""Where segments begin: on changes of the picture where it pays, near the target elsewhere. Pure."""

from collections.abc import Iterable
from math import ceil

import numpy as np

LEAST_S, TARGET_S, MOST_S = 10.0, 15.0, 20.0
"""How long a segment is, in seconds."""

BORDER_COST = 1.0
"""A border where nothing changes costs a key frame that the picture did not ask for."""
INSIDE_COST = 1.0
"""A change inside a segment costs about as much: the new picture is coded there, and again where a border follows."""
LENGTH_COST = 0.5
"""A segment as short or as long as allowed costs so much; it grows with the square of the distance to the target."""
STEPS = 10
"""Where nothing changes, a border may stand on so many places (about) between the least and the most."""
NEAREST_S = 0.2
"""Of changes nearer to each other than this only the first is a place for a border."""


def segment_grid(
    duration: float,
    changes: Iterable[float],
    least: float = LEAST_S,
    target: float = TARGET_S,
    most: float = MOST_S,
) -> tuple[float, ...]:
    """Return the borders of segments, from 0 to `duration`, all in seconds.

    Each segment is `least` to `most` long; a source shorter than `least` is one segment. Of all such borders on the
    changes and on a lattice of about (most - least) / STEPS, these cost least, by dynamic programming; equal input
    gives equal borders. Raises ValueError unless 0 < least ≤ target ≤ most, 2·least ≤ most and duration > 0.
    """
    if not (0 < least <= target <= most and 2 * least <= most and duration > 0):
        raise ValueError(f"no grid of {least}–{target}–{most} s over {duration} s")
    if duration <= least:
        return (0.0, float(duration))
    known = np.array(sorted({float(c) for c in changes if 0 < c < duration}), dtype=np.float64)
    places, on_change = _places(duration, known, least, most)
    inside_until = np.searchsorted(known, places, "left")  # how many changes lie before each place
    inside_from = np.searchsorted(known, places, "right")
    cost = np.full(len(places), np.inf)
    came = np.zeros(len(places), dtype=np.intp)
    cost[0] = 0.0
    slack = 1e-9 * max(1.0, duration)
    lows = np.searchsorted(places, places - most - slack, "left")
    highs = np.searchsorted(places, places - least + slack, "right")
    for end in range(1, len(places)):
        low, high = int(lows[end]), int(highs[end])
        if low >= high:
            continue
        away = (places[end] - places[low:high] - target) / max(most - target, target - least, slack)
        inside = inside_until[end] - inside_from[low:high]
        whole = cost[low:high] + LENGTH_COST * away**2 + INSIDE_COST * inside
        best = int(whole.argmin())
        cost[end] = whole[best] + (0.0 if on_change[end] else BORDER_COST)
        came[end] = low + best
    borders = [len(places) - 1]
    while borders[-1] > 0:
        borders.append(int(came[borders[-1]]))
    return tuple(float(places[border]) for border in reversed(borders))


def _places(
    duration: float, known: "np.typing.NDArray[np.float64]", least: float, most: float
) -> tuple["np.typing.NDArray[np.float64]", "np.typing.NDArray[np.bool_]"]:
    """Return where a border may stand, 0 and `duration` among them, and which of these are free of cost.

    The lattice divides `least`, so that it alone reaches every duration.
    """
    step = least / max(1, ceil(least * STEPS / (most - least)))
    lattice = np.arange(0, ceil(duration / step)) * step
    lattice = lattice[lattice < duration]
    apart: list[float] = []
    for change in known:
        if not apart or change - apart[-1] >= NEAREST_S:
            apart.append(float(change))
    places = np.unique(np.concatenate([lattice, apart, [0.0, duration]]))
    free = np.isin(places, [*apart, 0.0, duration])
    return places, free
