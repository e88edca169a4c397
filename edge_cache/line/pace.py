"""A cap on bytes: exact over ten seconds, whatever comes in bursts. Pure: it is told the time."""

from dataclasses import dataclass

WIRE_SHARE = 1448 / 1500
"""The part of a full packet that is payload: a cap is one on the line, not on what we read."""
BURST_S = 0.2
"""How much of what was not used may be made up for, in seconds of the cap."""


@dataclass
class Pace:
    """May `bits_per_s` be used on the line? `bits_per_s` None: as much as there is."""

    bits_per_s: float | None = None
    _credit: float = 0.0
    _at: float | None = None

    def limit(self, bits_per_s: float | None) -> None:
        """Change the cap; nothing is owed from before."""
        if bits_per_s != self.bits_per_s:
            self.bits_per_s, self._credit, self._at = bits_per_s, 0.0, None

    def wait(self, now: float) -> float:
        """Return for how many seconds nothing may be read; 0 if something may."""
        if self.bits_per_s is None:
            return 0.0
        self._refill(now, self.bits_per_s)
        return max(0.0, -self._credit * 8 / self.bits_per_s)

    def took(self, now: float, length: int) -> None:
        """Note that `length` bytes of payload were read."""
        if self.bits_per_s is not None:
            self._refill(now, self.bits_per_s)
            self._credit -= length / WIRE_SHARE

    def _refill(self, now: float, bits_per_s: float) -> None:
        passed = 0.0 if self._at is None else max(0.0, now - self._at)
        self._at = now
        self._credit = min(self._credit + passed * bits_per_s / 8, BURST_S * bits_per_s / 8)
