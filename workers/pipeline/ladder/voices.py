"""With how many bits a voice may be coded. Pure."""

from catalog.formats.rungs import Tier
from workers.pipeline.gates.speech import ANCHOR_BITS, Codec
from workers.pipeline.recipe import SoundRecipe

CODEC: dict[Tier, Codec] = {Tier.COMPATIBLE: "aac", Tier.MODERN: "opus"}
CANDIDATES = {
    Tier.COMPATIBLE: (32_000, 34_000, 36_000, 38_000, 40_000, 44_000),
    Tier.MODERN: (14_000, 16_000, 18_000, 20_000, 24_000),
}
"""Bits per second for one channel, in the order in which they are tried."""
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
    """Return the recipe with the next more bits; None for the one with bits to spare."""
    rates = [*CANDIDATES[recipe.tier], ANCHOR_BITS[CODEC[recipe.tier]]]
    found = (recipe_with(recipe.tier, recipe.channels, bits) for bits in rates)
    return next((one for one in found if one.bits_per_s > recipe.bits_per_s), None)
