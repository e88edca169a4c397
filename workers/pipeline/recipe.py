"""The recipe: all that decides about the encoded bytes of a lesson beside the source itself. Data only.

Sizes are in pixels, rates in frames per second, times in seconds from the zero (the source's first picture or sound).
"""

from enum import StrEnum
from fractions import Fraction

from pydantic import Field

from catalog.formats.rungs import Rung, Tier
from workers.pipeline.probe import Frozen, VideoFacts
from workers.pipeline.rates import choose_rate, timescale_of

RECIPE_VERSION = 3
"""One more with each change of the command lines, or of how a stretch is counted, that changes an encoded byte."""

SAMPLE_RATE = 48_000
FRAME_SAMPLES = {Tier.COMPATIBLE: 1024, Tier.MODERN: 2880}
"""Samples that a packet of sound lasts: a frame of AAC-LC; 60 ms of Opus, whose headers cost least so."""
SOUND_STEP = 46_080
"""Samples (0.96 s) that are whole packets in both tiers, 45 of AAC and 16 of Opus: sound is cut at multiples of it."""


class Denoise(StrEnum):
    """How much grain is taken from the pictures before they are encoded. Grain costs bits and shows nothing."""

    NONE = "none"
    LIGHT = "light"
    STRONG = "strong"


class Crop(Frozen):
    """What is left without black bars, in pixels of the decoded picture, turned upright, not yet scaled; all even."""

    left: int
    top: int
    width: int
    height: int


class Handling(Frozen):
    """What is done to the decoded pictures before any rung: weaving, cropping, turning (degrees clockwise), colours."""

    rotation: int
    deinterlace: bool
    matrix: str
    lead_s: float = Field(description="how much earlier than its time a picture may stand: rounding of timestamps")
    crop: Crop | None = None


class SoundHandling(Frozen):
    """What is done to the decoded sound before either tier: how many channels are left, how much louder it is made."""

    channels: int
    gain_db: float


class VideoRecipe(Frozen):
    """How the pictures of one rendition are encoded. `crf` is the encoder's own scale: to 51 in H.264, to 63 in AV1."""

    tier: Tier
    rung: Rung
    width: int
    height: int
    rate: Fraction
    crf: int
    preset: str
    denoise: Denoise = Denoise.NONE
    screen: bool = Field(default=False, description="AV1's tools for drawn pictures: palettes and copies within")

    @property
    def timescale(self) -> int:
        """Units in a second of the track."""
        return timescale_of(self.rate)

    @property
    def frame_units(self) -> int:
        """Units of the timescale that a frame lasts."""
        return int(self.timescale / self.rate)

    @property
    def track(self) -> str:
        """The name of the track in rows, keys and messages."""
        return f"{self.tier}/{self.rung}"


class SoundRecipe(Frozen):
    """How the sound of one tier is encoded. `band_hz` is the highest frequency that is kept."""

    tier: Tier
    channels: int
    bits_per_s: int
    band_hz: int

    @property
    def frame(self) -> int:
        """Samples at 48 kHz that one packet lasts."""
        return FRAME_SAMPLES[self.tier]

    @property
    def track(self) -> str:
        """The name of the track in rows, keys and messages."""
        return f"{self.tier}/sound"


class Recipe(Frozen):
    """The whole ladder of a lesson; its parts are in the keys of its segments. `version` names this program's ways."""

    version: int = RECIPE_VERSION
    tools: str
    handling: Handling | None
    hearing: SoundHandling | None
    video: tuple[VideoRecipe, ...]
    sounds: tuple[SoundRecipe, ...]


def fit(width: int, height: int, short_side: int) -> tuple[int, int]:
    """Return the size, even and never larger, that fits a box of 16:9 with this short side, lying or upright."""
    long_side = short_side * 16 // 9
    box = (long_side, short_side) if width >= height else (short_side, long_side)
    scale = min(Fraction(box[0], width), Fraction(box[1], height), Fraction(1))
    even_width, even_height = (max(16, int(side * scale / 2 + Fraction(1, 4)) * 2) for side in (width, height))
    return even_width, even_height


def handling_of(video: VideoFacts) -> Handling:
    """Return what is to be done to the decoded pictures before any rung, as far as the container tells it."""
    known = {"bt709": "bt709", "bt470bg": "bt601", "smpte170m": "bt601", "smpte240m": "smpte240m", "fcc": "fcc"}
    known |= {"bt2020nc": "bt2020", "bt2020c": "bt2020"}
    guess = "bt709" if min(video.width, video.height) >= 720 else "bt601"
    return Handling(
        rotation=video.rotation,
        deinterlace=video.interlaced,
        matrix=known.get(video.matrix, guess),
        lead_s=float(1 / choose_rate(video.rate) / 8),
    )
