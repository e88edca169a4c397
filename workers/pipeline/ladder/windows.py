"""The windows of a lesson that probes encode: short, spread over it, lively ones among them. Pure."""

from collections.abc import Sequence

WINDOW_S = 2.5
EVERY_S = 300.0
"""A lesson has a window for each so many seconds, and so many at least and at most."""
LEAST, MOST = 3, 8


def choose_windows(duration: float, activity: Sequence[float]) -> tuple[float, ...]:
    """Return where the windows begin, in seconds from the zero; none overlap.

    The lesson is divided into equal stretches, one for each window. In every second stretch the window lies where the
    most happens, in the others in the middle: `activity` is how much the picture changes in each second.
    """
    if duration <= WINDOW_S * LEAST:
        return (0.0,)
    count = min(MOST, max(LEAST, round(duration / EVERY_S)))
    length = duration / count
    starts = []
    for number in range(count):
        begin, end = number * length, (number + 1) * length - WINDOW_S
        start = (begin + end) / 2
        if number % 2 == 0:
            start = _liveliest(activity, begin, end, start)
        starts.append(round(start, 3))
    return tuple(starts)


def _liveliest(activity: Sequence[float], begin: float, end: float, otherwise: float) -> float:
    """Return the whole second from `begin` to `end` after which the most happens; `otherwise` where nothing does."""
    seconds = range(int(begin + 0.999), int(end) + 1)
    found = max(seconds, key=lambda s: sum(activity[s : s + int(WINDOW_S)]), default=None)
    if found is None or sum(activity[found : found + int(WINDOW_S)]) <= 0:
        return otherwise
    return float(found)
