"""About how long encoding takes: for the weights of tasks, from which a job's remaining time is told. Pure."""

from workers.pipeline.recipe import VideoRecipe

DECODE_S = 0.06
"""Seconds of a processor for a second of 1280x720 at 25 pictures a second, decoded and scaled."""
SOUND_S = 0.03
ENCODE_S_PER_MPIXEL = {"veryslow": 0.06, "slow": 0.012, "4": 0.035, "6": 0.022}
"""Seconds of a processor for a million pixels, by preset. Only their ratios count: another machine is as much
faster or slower at all of them, about."""


def seconds_of(recipe: VideoRecipe, seconds: float, source_pixels_per_s: float) -> float:
    """Return about how many seconds of a processor it takes to encode and measure so many seconds of a lesson."""
    encoded = recipe.width * recipe.height * float(recipe.rate) / 1e6
    decoded = source_pixels_per_s / (1280 * 720 * 25)
    return seconds * (encoded * ENCODE_S_PER_MPIXEL[recipe.preset] + 1.3 * DECODE_S * decoded)
