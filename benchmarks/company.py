"""Who else was at work on the processors while a figure was taken: nobody, in a figure to be believed."""

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from songtan.stack.guard import descendants

HERTZ = os.sysconf("SC_CLK_TCK")


def _all_seconds() -> tuple[float, float]:
    """Return (busy, all) seconds of all processors since the machine started; a stolen second counts as busy."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / HERTZ, sum(ticks) / HERTZ


def _own_seconds() -> float:
    """Return processor seconds of this process and of all below it, the ended ones too."""
    own = os.getpid()
    ticks = 0
    for pid in (own, *descendants(own)):
        with contextlib.suppress(OSError):  # ended while we looked; then its parent counts it
            ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return ticks / HERTZ


@dataclass
class Company:
    """Begins to look when it is made."""

    _began: tuple[float, float] = field(default_factory=_all_seconds)
    _own: float = field(default_factory=_own_seconds)
    _load: float = field(default_factory=lambda: os.getloadavg()[0])

    def note(self, name: str) -> str:
        """Return a sentence about the time since the beginning."""
        busy, whole = (now - then for now, then in zip(_all_seconds(), self._began, strict=True))
        others = max(0.0, busy - (_own_seconds() - self._own)) / whole if whole else 0.0
        return f"While {name} ran, others took {others:.0%} of the processors; load when it began: {self._load:.1f}."
