"""What no honest lesson has: hours of nothing, thousands of pictures a second, thousands of streams.

Pure: decided from times in seconds, sizes in pixels, and the words of the tools.
"""

import re
from collections.abc import Sequence
from heapq import merge
from itertools import pairwise

from workers.pipeline.errors import PicturesTooLarge, SourceGap, SourceTooHeavy, TooManyStreams

LONGEST_GAP_S = 900.0
"""A slide may stand for long, in a recording that writes only what changes; silence is written all the same."""

WINDOW_S = 10.0
MOST_PICTURES_A_S = 300
"""Slow motion of a telephone has 240."""
MOST_PIXELS_A_S = 1.2e9
"""8192×4608 at 30 pictures a second: about 15 seconds of one processor to decode a second of it."""
MOST_PACKETS = 4_000_000
"""Of one stream: 6 hours at 120 pictures or 180 packets of sound a second."""

_TOO_LARGE = re.compile(r"Picture size (\d+)x(\d+) exceeds specified max pixel count")
_TOO_MANY = "exceeds max_streams"


def refuse_complaint(said: str, most_pixels: int, most_streams: int) -> None:
    """Raise PicturesTooLarge or TooManyStreams if a tool complained of that (libavutil/imgutils.c, libavformat)."""
    if _TOO_MANY in said:
        raise TooManyStreams(limit=most_streams)
    found = _TOO_LARGE.search(said)
    if found:
        raise PicturesTooLarge(width=int(found[1]), height=int(found[2]), limit=most_pixels)


def refuse_crowd(count: int) -> None:
    """Raise SourceTooHeavy if a stream has more packets than the longest lesson could have."""
    if count > MOST_PACKETS:
        raise SourceTooHeavy(why=f"more than {MOST_PACKETS} pieces in one stream")


def refuse_gap(streams: Sequence[Sequence[float]]) -> None:
    """Raise SourceGap if for LONGEST_GAP_S there is nothing in any of the streams, whose packets' times are given."""
    for before, after in pairwise(merge(*map(sorted, streams))):
        if after - before > LONGEST_GAP_S:
            raise SourceGap(start=round(before, 1), end=round(after, 1))


def refuse_rush(times: Sequence[float], pixels: int) -> None:
    """Raise SourceTooHeavy if in any WINDOW_S there are more pictures, or pixels, than honest pictures have.

    `pixels` are those of one picture. Few pictures are borne whatever their times are.
    """
    allowed = int(min(MOST_PICTURES_A_S, MOST_PIXELS_A_S / max(1, pixels)) * WINDOW_S)
    ordered = sorted(times)
    for first, last in zip(ordered, ordered[allowed:], strict=False):
        if last - first < WINDOW_S:
            raise SourceTooHeavy(why=f"more than {allowed} pictures of {pixels} pixels in {WINDOW_S:.0f} seconds")
