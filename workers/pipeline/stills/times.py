"""When the pages of a deck are shown where no video tells: by the deck itself, by the partner, or evenly. Pure.

Times are in seconds from the zero of the voice.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import isfinite

from workers.pipeline.stills.errors import DeckTimesWrong

CLOSE = 0.5
"""A recorded timing is believed if its last page begins within the voice, and after so much of it was it shared."""

LEAST_PAGE_S = 0.2
"""No page may be shown for less: the picture source has five pictures a second."""


def given_times(times: Sequence[float], pages: int, duration: float) -> tuple[float, ...]:
    """Check the times that a partner gives, one for each page. Raises DeckTimesWrong.

    The first page is shown from the beginning, so its time may be left out.
    """
    whole = tuple(times) if len(times) == pages else (0.0, *times)
    if len(whole) != pages:
        raise DeckTimesWrong(why=f"{len(times)} times for {pages} pages")
    if not all(isfinite(time) for time in whole):
        raise DeckTimesWrong(why="a time is no number")
    for page, (before, after) in enumerate(pairwise(whole), start=2):
        if after - before < LEAST_PAGE_S:
            raise DeckTimesWrong(why=f"page {page} begins at {after} s, the one before it at {before} s")
    if whole[0] < 0 or whole[-1] >= duration:
        raise DeckTimesWrong(
            why=f"the voice lasts from 0 to {duration:.1f} s, the times from {whole[0]} to {whole[-1]} s"
        )
    return (0.0, *whole[1:])


def recorded_times(advances: Sequence[float | None], duration: float) -> tuple[float, ...] | None:
    """Return the times of a deck's own timings (seconds that each page stands), or None where they do not fit.

    The last page may have none. They do not fit if a page is missing, or if the pages are through long before the
    voice is, or the voice before the pages.
    """
    if not advances or any(advance is None or advance < LEAST_PAGE_S for advance in advances[:-1]):
        return None
    starts = (0.0, *accumulate(float(advance or 0) for advance in advances[:-1]))
    whole = starts[-1] + (advances[-1] or 0.0)
    if starts[-1] >= duration or (len(starts) > 1 and whole < duration * CLOSE):
        return None
    return starts


def even_times(pages: int, duration: float, pauses: Sequence[tuple[float, float]] = ()) -> tuple[float, ...]:
    """Share the voice evenly: each page begins in the pause (`start`, `end`) nearest to its turn, if one is near.

    Near is within half of what a page lasts; no pause serves two pages.
    """
    share = duration / pages
    middles = sorted((start + end) / 2 for start, end in pauses)
    times = [0.0]
    for page in range(1, pages):
        turn = page * share
        low, high = max(times[-1] + min(LEAST_PAGE_S, share / 4), turn - share / 2), turn + share / 2
        near = [middle for middle in middles if low < middle < high]
        times.append(min(near, key=lambda middle: abs(middle - turn)) if near else turn)
    return tuple(times)


def page_times(
    pages: int,
    duration: float,
    *,
    advances: Sequence[float | None] = (),
    given: Sequence[float] | None = None,
    pauses: Sequence[tuple[float, float]] = (),
) -> tuple[float, ...]:
    """Return when each page is first shown: given by the partner, else recorded in the deck, else evenly.

    Raises DeckTimesWrong if the partner's times do not fit the deck or the voice.
    """
    if given is not None:
        return given_times(given, pages, duration)
    recorded = recorded_times(advances, duration) if len(advances) == pages else None
    return recorded or even_times(pages, duration, pauses)
