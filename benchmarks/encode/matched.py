"""Ours at a peer's quality: the recipes of our rungs at the highest CRF that is still no worse than the peer.

What we ship passes gates that no peer has, so it is mostly better than theirs, and larger than it need be to be as
good. Bits of two encoders are compared at one quality: each recipe is taken to where it is just no worse.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.encode.display import OURS
from benchmarks.encode.measure import Reference, Stream, measure
from benchmarks.encode.ours import Workshop, at_crf, unlooked
from benchmarks.encode.rule import Row, shortfalls
from catalog.formats.rungs import Tier
from workers.pipeline.recipe import VideoRecipe
from workers.pipeline.work import VideoWork

NEAR = 1
"""So far apart are two CRFs between which there is none: the lower is no worse than the peer, and the higher is."""
LEAP = 4
"""The first step beyond what was tried; each is twice as long as the one before."""
CRFS = {Tier.COMPATIBLE: (12, 51), Tier.MODERN: (12, 63)}
"""The lowest that is tried, below which nothing is small any more, and the encoder's highest."""
SPARSELY = 5
"""While it is looked for, VMAF sees each fifth picture; what was found is measured on all."""
CONFIRMED = 3
"""So many CRFs are measured in full, each one lower, until one holds."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Rungs that differ by nothing but their CRF: the segments of one of them, and the CRFs that were tried so far."""

    works: Sequence[VideoWork]
    tried: set[int]

    def makes(self, mine: VideoRecipe) -> bool:
        """Whether it is this one but for rung and CRF."""
        return alike(mine) == alike(self.works[0].recipe)

    @property
    def crfs(self) -> tuple[int, int]:
        """The lowest and the highest CRF to be tried."""
        return CRFS[self.works[0].recipe.tier]

    def who(self, crf: int) -> str:
        """As the tables call it at a CRF."""
        mine = self.works[0].recipe
        return f"{mine.tier} {mine.rung} at CRF {crf}"


Look = Callable[[Recipe, int, int], Row]
"""Measures a recipe at a CRF, on each so many-th picture."""


def recipes(tracks: Iterable[Sequence[VideoWork]]) -> list[Recipe]:
    """Return the recipes of some tracks, whose own CRFs count as tried. Pure."""
    found: dict[str, Recipe] = {}
    for works in tracks:
        found.setdefault(alike(works[0].recipe), Recipe(works, set())).tried.add(works[0].recipe.crf)
    return list(found.values())


def alike(recipe: VideoRecipe) -> str:
    """Return what rungs of one recipe have in common. Pure."""
    return recipe.model_dump_json(exclude={"rung", "crf"})


@dataclass
class Bench:
    """Where recipes are encoded at other CRFs and measured; `known` is what was measured, by `Recipe.who`."""

    folder: Path
    reference: Reference
    sound: Path | None
    known: dict[str, Row] = field(default_factory=dict)

    def look(self, recipe: Recipe, crf: int, every: int) -> Row:
        """Encode a recipe at a CRF, or find it, and measure it with the tier's sound."""
        who = recipe.who(crf)
        if who not in self.known or self.known[who].every > every:
            workshop = Workshop(self.folder)
            packed = workshop.pack([(work, workshop.encode_one(unlooked(work))) for work in at_crf(recipe.works, crf)])
            pack = workshop.pack_of(packed.rendition.video) if packed.rendition else None
            if pack is None:
                raise ValueError("a track of pictures came out without pictures")
            self.known[who] = measure(self.reference, Stream(who, pack, self.sound, OURS), every)
        return self.known[who]


def match(
    folder: Path, reference: Reference, sound: Path | None, tracks: Sequence[Sequence[VideoWork]],
    shipped: Sequence[Row], peers: Sequence[Row], named_voice: bool,
) -> list[Row]:  # fmt: skip
    """Return for each peer the smallest stream that is no worse, where a recipe gives one; a task of the pool.

    `shipped` are the rows of the tracks as they are, which need not be made and measured again.
    """
    found, rows = recipes(tracks), {row.who: row for row in shipped}
    known: dict[str, Row] = {}
    for works in tracks:
        mine = works[0].recipe
        row, recipe = rows.get(f"{mine.tier} {mine.rung}"), next(r for r in found if r.makes(mine))
        if row is not None:
            known[recipe.who(mine.crf)] = replace(row, who=recipe.who(mine.crf))
    bench = Bench(folder, reference, sound, known)
    matched = (smallest(bench.look, found, peer, named_voice=named_voice) for peer in peers)
    return list({row.who: row for row in matched if row is not None}.values())


def smallest(look: Look, among: Sequence[Recipe], peer: Row, *, named_voice: bool) -> Row | None:
    """Return the smallest stream that `look` finds no worse than the peer, of these recipes at any CRF, or None."""

    def fits(row: Row) -> bool:
        return not shortfalls(row.quality, peer.quality, named_voice=named_voice)

    best: tuple[Row, Recipe, int] | None = None
    for recipe in among:
        crf: int | None = max(recipe.tried)
        leap = LEAP
        while crf is not None:
            recipe.tried.add(crf)
            rows = {tried: look(recipe, tried, SPARSELY) for tried in recipe.tried}
            good = max((tried for tried, row in rows.items() if fits(row)), default=None)
            bad = min((tried for tried in rows if good is None or tried > good), default=None)
            if good is not None and (best is None or rows[good].kbps < best[0].kbps):
                best = rows[good], recipe, good
            if bad is not None and best is not None and rows[bad].kbps >= best[0].kbps:
                break  # whatever is no worse is larger still
            crf, leap = following(good, bad, recipe.crfs, leap), 2 * leap
    if best is None:
        return None
    _, recipe, crf = best
    for less in range(CONFIRMED):
        row = look(recipe, crf - less, 1)
        if fits(row):
            return row
    return None


def following(good: int | None, bad: int | None, crfs: tuple[int, int], leap: int) -> int | None:
    """Return the CRF to try between the highest that is `good` and the lowest that is too `bad`; None if near. Pure."""
    lowest, highest = crfs
    if good is None:
        return None if bad is None or bad <= lowest else max(lowest, bad - leap)
    if bad is None:
        return None if good >= highest else min(highest, good + leap)
    return None if bad - good <= NEAR else (good + bad) // 2
