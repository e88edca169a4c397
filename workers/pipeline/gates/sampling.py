"""Which spots of a segment are measured, so that little decoding and scoring says much about the whole. Pure.

The rule was found on every picture's VMAF of three made lectures (60 s each, segments of 10 s): scores of neighbouring
pictures are nearly the same, so many short spots say more than few long ones; the worst of a segment is in its
liveliest second and, as errors add up from its key frame, in its last. So those two are always looked at, and the
rest at evenly spread places that a rule shifts from segment to segment. Each spot stands for the time that it was
chosen from (its weight), so the mean is right on average. With spots of 0.2 s at every 3 s of the rest, which is a
tenth of the pictures, the root mean square error over a minute was, in points of VMAF:

| lecture (rendition) | mean | 5th percentile | minimum |
|---|---|---|---|
| slides (720p, 5/s) | 0.1 | 0.2 | 0.4 |
| slides with a speaker (720p, 12.5/s) | 0.1 | 0.5 | 1.0 |
| blackboard (480p, 25/s) | 0.4 | 0.5 | 9 |

It costs 1.3 CPU-s for a segment of 10 s at the display's 1280×720, both sides decoded and scaled (0.36 for decoding,
the rest 0.023 a picture, on a machine with all cores busy). Encoding such a segment takes 1 CPU-s by x264 veryfast and
2–8 by slower presets and SVT-AV1; `spacing_s` makes it cheaper where that is too much.

The error of the mean falls with the root of the length. The minimum is that of the spots: the blackboard's worst second
was its first, which nothing in the pictures foretells, so it is a bound from above and no gate uses it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from workers.pipeline.gates.spots import Spot

SPOT_S = Fraction(1, 5)
"""A picture of a rendition of 5 a second stands so long: a spot sees it when it is new and when it is stale."""
SPACING_S = 3.0
GOLDEN = 0.6180339887498949
"""Multiples of it, less their whole parts, are spread more evenly than any chance (Weyl, 1916)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The spots of a segment and, for each, how many seconds of it are judged by it. The weights sum to its length."""

    spots: tuple[Spot, ...]
    weights: tuple[float, ...]


def choose_spots(
    seconds: Fraction,
    rate: Fraction,
    activity: Sequence[float],
    changes: Sequence[float] = (),
    number: int = 0,
    spacing_s: float = SPACING_S,
) -> Sample:
    """Return where a segment of `seconds` is measured at `rate` pictures per second of the view.

    `activity` says for each second of it how much the pictures change (any unit; missing ones count 0), `changes` when
    scenes do (seconds from its start): the spot of the liveliest second begins at the first change in it, if there is
    one. `number` is the segment's in its track, `spacing_s` how far apart the other spots are: larger is cheaper.
    """
    length = float(seconds)
    cells = max(1, round(seconds))
    cell_s = length / cells
    frames = max(1, ceil(SPOT_S * rate))
    free_s = max(0.0, cell_s - frames / float(rate))
    shift = (number + 1) * GOLDEN % 1
    lively = max(range(cells), key=lambda cell: activity[cell] if cell < len(activity) else 0.0)
    start = next((t for t in sorted(changes) if lively * cell_s <= t < (lively + 1) * cell_s), None)
    named = {lively: (lively * cell_s + shift * free_s) if start is None else start}
    if cells - 1 not in named:
        named[cells - 1] = length - frames / float(rate)
    chosen = [(at, cell_s) for at in named.values()]
    rest = [cell for cell in range(cells) if cell not in named]
    count = ceil(len(rest) * cell_s / spacing_s)
    for place in range(count):
        at = (place + shift) / count * len(rest)
        cell = rest[min(int(at), len(rest) - 1)]
        chosen.append((cell * cell_s + (at - int(at)) * free_s, len(rest) * cell_s / count))
    chosen.sort()
    return Sample(
        spots=tuple(Spot(start_s=max(0.0, at), frames=frames) for at, _ in chosen),
        weights=tuple(weight for _, weight in chosen),
    )
