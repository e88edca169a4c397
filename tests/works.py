"""Segments to be encoded, as a job hands them out."""

from fractions import Fraction

from catalog.formats.rungs import Rung, Tier
from workers.pipeline.gates.spots import Spot, View
from workers.pipeline.plan import Stretch
from workers.pipeline.recipe import Handling, VideoRecipe
from workers.pipeline.work import SegmentWork, VideoWork


def video_works(rung: Rung = Rung.FLOOR, tier: Tier = Tier.MODERN, count: int = 4) -> list[SegmentWork]:
    recipe = VideoRecipe(tier=tier, rung=rung, width=1280, height=720, rate=Fraction(5), crf=40, preset="6")
    return [
        VideoWork(
            number=n, part_key=f"jobs/j/{n}", part_digest="ab", part_start=0.0,
            stretch=Stretch(start=Fraction(16 * n), seconds=Fraction(16)), recipe=recipe,
            handling=Handling(rotation=0, deinterlace=False, matrix="bt709", lead_s=0.0), tools="9.0",
            view=View(width=1280, height=720, rate=Fraction(25)),
            spots=(Spot(start_s=1.0, frames=5),), weights=(16.0,), text_at=2.0,
        )
        for n in range(count)
    ]  # fmt: skip
