"""Ours at a peer's quality: the recipes of our rungs at the highest CRF that is still no worse than the peer.

What we ship passes gates that no peer has, so it is mostly better than theirs, and larger than it need be to be as
good. Bits of two encoders are compared at one quality: each rung's recipe is taken to where it is just no worse.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.encode.display import OURS
from benchmarks.encode.measure import Reference, Stream, measure
from benchmarks.encode.ours import Workshop, at_crf, unlooked
from benchmarks.encode.rule import Row, shortfalls
from catalog.formats.rungs import Tier
from workers.pipeline.work import VideoWork

STEP = 2
MOST_STEPS = 6
HIGHEST_CRF = {Tier.COMPATIBLE: 51, Tier.MODERN: 63}
SPARSELY = 5
"""While it is looked for, VMAF sees each fifth picture; what was found is measured on all."""
CONFIRMED = 3
"""So many CRFs are measured in full, each one lower, until one holds."""

Look = Callable[[Sequence[VideoWork], int, int], Row]
"""Measures a track at a CRF, on each so many-th picture."""


@dataclass
class Bench:
    """Where tracks are encoded at other CRFs and measured; what was measured once is known."""

    folder: Path
    reference: Reference
    sound: Path | None
    known: dict[tuple[str, int, int], Row] = field(default_factory=dict)

    def look(self, works: Sequence[VideoWork], crf: int, every: int) -> Row:
        """Encode a track at a CRF, or find it, and measure it with the tier's sound."""
        key = (works[0].track, crf, every)
        if key not in self.known:
            workshop = Workshop(self.folder)
            packed = workshop.pack([(work, workshop.encode_one(unlooked(work))) for work in at_crf(works, crf)])
            pack = workshop.pack_of(packed.rendition.video) if packed.rendition else None
            if pack is None:
                raise ValueError("a track of pictures came out without pictures")
            who = f"{works[0].recipe.tier} {works[0].recipe.rung} at CRF {crf}"
            self.known[key] = measure(self.reference, Stream(who, pack, self.sound, OURS), every)
        return self.known[key]


def match(
    folder: Path, reference: Reference, sound: Path | None, tracks: Sequence[Sequence[VideoWork]], peers: Sequence[Row],
    named_voice: bool,
) -> list[Row]:  # fmt: skip
    """Return for each peer the smallest stream that is no worse, where a recipe gives one; a task of the pool."""
    bench = Bench(folder, reference, sound)
    found = (smallest(bench.look, tracks, peer, named_voice=named_voice) for peer in peers)
    return list({row.who: row for row in found if row is not None}.values())


def smallest(look: Look, tracks: Sequence[Sequence[VideoWork]], peer: Row, *, named_voice: bool) -> Row | None:
    """Return the smallest stream that `look` finds no worse than the peer, at any CRF of these tracks; None without."""

    def fits(row: Row) -> bool:
        return not shortfalls(row.quality, peer.quality, named_voice=named_voice)

    best: tuple[Row, Sequence[VideoWork], int] | None = None
    for works in tracks:
        crf, highest = works[0].recipe.crf, HIGHEST_CRF[works[0].recipe.tier]
        row = look(works, crf, SPARSELY)
        up = fits(row)
        for _ in range(MOST_STEPS):
            if fits(row) and (best is None or row.kbps < best[0].kbps):
                best = row, works, crf
            following = crf + STEP if up else crf - STEP
            if following > highest or fits(row) != up or (not up and best is not None and row.kbps >= best[0].kbps):
                break
            crf, row = following, look(works, following, SPARSELY)
        if fits(row) and (best is None or row.kbps < best[0].kbps):
            best = row, works, crf
    if best is None:
        return None
    _, works, crf = best
    for less in range(CONFIRMED):
        row = look(works, crf - less, 1)
        if fits(row):
            return row
    return None
