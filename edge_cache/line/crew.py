"""How many connections: as many as the line rewards. Pure: it is told what the line brings."""

from dataclasses import dataclass

FEW = 6
"""To begin with: what one round trip of a long line is worth filling with."""
WORTH = 1.03
TRIED_IN_VAIN = 4
LOOK_AGAIN_S = 60.0


@dataclass
class Crew:
    """Grows by one at a time while the line is not full and the last ones brought something; `most` at most.

    A connection that adds nothing is not taken away: it costs nothing, and the window is shared by all.
    """

    most: int
    count: int = FEW
    _before: float = 0.0
    _added: int = 0
    _rests_until: float = 0.0

    def __post_init__(self) -> None:
        self.count = min(self.count, self.most)

    def hear(self, now: float, rate: float, *, full: bool) -> int:
        """Return how many there should be, given the bytes per second of the last round trips."""
        if full or now < self._rests_until:
            self._added, self._before = 0, rate
            return self.count
        if rate > self._before * WORTH:
            self._added, self._before = 0, rate
        elif self._added >= TRIED_IN_VAIN:
            self._added, self._rests_until = 0, now + LOOK_AGAIN_S
            return self.count
        if self.count < self.most:
            self.count += 1
            self._added += 1
        return self.count
