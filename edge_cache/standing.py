"""How a source stands: when it may be asked again after failures, and whether it is believed. Pure."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

BAD_ENOUGH, BAD_SHARE = 3, 0.02
LENIENT_ENOUGH, LENIENT_SHARE = 20, 0.2
"""So many damaged segments, and this share of all that it sent: then a source is asked no more for a while. The store
gets more patience than a neighbour: without it there may be nobody."""
DISTRUST_S = 3600.0
MEASURED_S, REMEMBERED_S = 20.0, 120.0
"""So many seconds of work have to be seen before a source's rate is known; older ones than those count for less."""
_CHANCE = random.SystemRandom()


def pause_after(
    failures: int, first: float, longest: float, jitter: Callable[[float, float], float] = _CHANCE.uniform
) -> float:
    """Return seconds to wait after so many failures in a row: doubling, with jitter over its upper half."""
    whole = min(longest, first * 2.0 ** min(failures, 20))
    return whole * jitter(0.5, 1)


def apart() -> float:
    """Return a factor about 1 for an interval: nodes that were started together do not ask together."""
    return _CHANCE.uniform(0.8, 1.2)


@dataclass
class Speed:
    """What a source brings while it is at work, so that waiting for work counts for nothing. Bytes and seconds."""

    brought: float = 0.0
    worked: float = 0.0
    _since: float | None = None

    def work(self, now: float, *, busy: bool) -> None:
        """It is at work from now on, or no more."""
        if self._since is not None:
            self.worked += now - self._since
        self._since = now if busy else None
        if self.worked > REMEMBERED_S:
            self.brought /= 2
            self.worked /= 2

    def rate(self, now: float) -> float | None:
        """Return bytes a second; None until enough was seen."""
        worked = self.worked + (now - self._since if self._since is not None else 0.0)
        return self.brought / worked if worked >= MEASURED_S else None


@dataclass
class Standing:
    """One source's standing. Times are seconds of any steady clock. `lenient`: there may be no other."""

    lenient: bool = False
    failures: int = 0
    """In a row, without a segment between them."""
    sent: int = 0
    bad: int = 0
    not_before: float = 0.0
    distrusted_until: float = 0.0
    speed: Speed = field(default_factory=Speed)

    def gave(self) -> None:
        """It gave a segment, or a small file, that is what it should be."""
        self.sent += 1
        self.failures = 0
        self.not_before = 0.0

    def came(self) -> None:
        """Something came of it, though it failed then: it is not away."""
        self.failures = 0

    def gave_bad(self, now: float) -> bool:
        """It gave a damaged one; return whether it is not to be asked any more."""
        self.sent += 1
        self.bad += 1
        enough, share = (LENIENT_ENOUGH, LENIENT_SHARE) if self.lenient else (BAD_ENOUGH, BAD_SHARE)
        if self.bad >= enough and self.bad > self.sent * share:
            self.distrusted_until = now + DISTRUST_S
            self.sent = self.bad = 0
            return True
        return False

    def failed(self, now: float, first: float, longest: float) -> float:
        """It failed; return for how many seconds it is left alone."""
        pause = pause_after(self.failures, first, longest)
        self.failures += 1
        self.not_before = now + pause
        return pause

    def may_be_asked(self, now: float) -> bool:
        """Say whether it may be asked now."""
        return now >= self.not_before and self.is_believed(now)

    def is_believed(self, now: float) -> bool:
        """Say whether it has not sent too much that was damaged."""
        return now >= self.distrusted_until
