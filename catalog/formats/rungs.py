"""The steps of the encoding ladder, from the smallest, which of them a class can be taught with, and their tiers."""

from enum import StrEnum


class Rung(StrEnum):
    """A step of the ladder. The order of the members is the order of the ladder."""

    LISTEN = "listen"
    FLOOR = "floor"
    CLEAR = "clear"
    BEST = "best"

    @property
    def height_on_ladder(self) -> int:
        """0 for the lowest rung."""
        return list(Rung).index(self)


WATCHABLE = (Rung.FLOOR, Rung.CLEAR, Rung.BEST)
"""The rungs that make a lesson ready: a voice alone does not."""


class Tier(StrEnum):
    """A family of codecs that a ladder is made in. The order of the members is the order in a release.

    `compatible` is H.264 with AAC-LC, which every screen plays. `modern` is AV1 with Opus: about half the bytes for
    the same picture, played by Chrome and Firefox of 2019 on, and by few televisions and old tablets.
    """

    COMPATIBLE = "compatible"
    MODERN = "modern"

    @property
    def place(self) -> int:
        """0 for the tier that every screen plays."""
        return list(Tier).index(self)
