"""The steps of the encoding ladder, from the smallest, and which of them a class can be taught with."""

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
