"""What a run looks at: all of it, or with `QUICK=1` so little that it takes less than a minute."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.encode.lectures import KINDS, Lecture, excerpt, find_clips, make_lecture, real_clips
from benchmarks.encode.reading import STILLS
from benchmarks.reporting import is_quick

LECTURE_S = 120
QUICK_S, QUICK_MADE_S = 4, 20
"""A quick run takes the first seconds of a longer lecture: one slide, not five."""


@dataclass(frozen=True)
class Scope:
    """Folders, and how much is taken. `stills` are read of each lecture; `seconds` are those of `make_lectures.py`."""

    clips: Path
    cache: Path
    work: Path
    seconds: int
    kinds: tuple[str, ...]
    stills: int
    with_clips: bool

    @property
    def is_quick(self) -> bool:
        """Whether figures are rough and not written down."""
        return self.seconds < LECTURE_S

    def lectures(self) -> list[Lecture]:
        """Return the lectures, made where they are not in the cache yet."""
        made = QUICK_MADE_S if self.is_quick else self.seconds
        lectures = [make_lecture(kind, made, self.clips, self.cache) for kind in self.kinds]
        return [excerpt(one, 0, self.seconds, self.cache) for one in lectures] if self.is_quick else lectures

    def real_clips(self) -> list[Lecture]:
        """Return the real clips with pictures, unless the run is a quick one."""
        return real_clips(self.clips) if self.with_clips else []


def choose_scope(clips: str | None, cache: Path, work: Path) -> Scope:
    """Return the scope of this run. Raises Broken if the clips cannot be found."""
    folder = find_clips(clips)
    if is_quick():
        return Scope(folder, cache, work, QUICK_S, ("slides",), stills=3, with_clips=False)
    return Scope(folder, cache, work, LECTURE_S, KINDS, stills=STILLS, with_clips=True)
