"""With how many bits a voice may be coded. Pure."""

from catalog.formats.rungs import Tier
from workers.pipeline.gates.speech import ANCHOR_BITS, Codec
from workers.pipeline.recipe import SoundRecipe

CODEC: dict[Tier, Codec] = {Tier.COMPATIBLE: "aac", Tier.MODERN: "opus"}
CANDIDATES = {
    Tier.COMPATIBLE: (*range(32_000, 40_000, 500), 40_000, 42_000, 44_000),
    Tier.MODERN: (*range(14_000, 20_000, 500), 20_000, 22_000, 24_000),
}
"""Bits per second for one channel, from the fewest: half a kilobit is a fortieth of a floor."""
MORE_BITS = 1000
"""By so many more a voice is coded again that was not clear on the whole."""
BAND_HZ = {Tier.COMPATIBLE: 7000, Tier.MODERN: 8000}
"""Speech is coded up to here: what lies above costs the bits that the voice needs (docs/encoding.md)."""
STEREO_COSTS = 1.7


def recipe_with(tier: Tier, channels: int, bits: int) -> SoundRecipe:
    """Return the recipe that gives a voice in one channel so many bits per second."""
    rate = round(STEREO_COSTS * bits) if channels == 2 else bits
    return SoundRecipe(tier=tier, channels=channels, bits_per_s=rate, band_hz=BAND_HZ[tier])


def anchor_of(tier: Tier, channels: int) -> SoundRecipe:
    """Return the recipe with bits to spare, which others are judged by."""
    return recipe_with(tier, channels, ANCHOR_BITS[CODEC[tier]])


def more_bits(recipe: SoundRecipe) -> SoundRecipe | None:
    """Return the recipe with `MORE_BITS` more, or nearly the double for two channels; None beyond those to spare."""
    anchor = anchor_of(recipe.tier, recipe.channels)
    if recipe.bits_per_s >= anchor.bits_per_s:
        return None
    rate = recipe.bits_per_s + recipe_with(recipe.tier, recipe.channels, MORE_BITS).bits_per_s
    return recipe.model_copy(update={"bits_per_s": min(rate, anchor.bits_per_s)})
