"""How fast a node gives to its peers: bounded always, and little while the classroom watches."""

from collections.abc import Callable

WATCHED_SHARE = 0.1
"""What is left to peers of the rate while somebody watches."""
WATCHED_SECONDS = 15.0
"""A player fetches a segment every 10 to 20 s; so long after one it is taken to be still watching."""
BURST_SECONDS = 0.25


class Pace:
    """Hands out turns to send, one for all peers together. Bytes and seconds; `clock` is monotonic."""

    def __init__(self, bytes_per_s: float, clock: Callable[[], float]) -> None:
        self._rate, self._clock = bytes_per_s, clock
        self._free_at = 0.0
        self._watched_until = float("-inf")

    def watched(self) -> None:
        """Note that the classroom has just been given media."""
        self._watched_until = self._clock() + WATCHED_SECONDS

    @property
    def rate(self) -> float:
        """Bytes a second that peers may have now."""
        return self._rate * (WATCHED_SHARE if self._clock() < self._watched_until else 1)

    def turn(self, length: int) -> float:
        """Take the next turn, for `length` bytes; return the seconds to wait before it."""
        now = self._clock()
        self._free_at = max(self._free_at, now - BURST_SECONDS) + length / self.rate
        return max(0.0, self._free_at - now)
