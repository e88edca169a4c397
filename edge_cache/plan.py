"""What to fetch next: a pure function of what is wanted and what is held. No input or output, no clock.

The order of this first plan: every lesson's smallest watchable rendition (with its captions and poster) in the
order of the direction, then that of the node's other tier, then stills, then the better renditions, rung by rung. A
later plan takes timetable, line history and policy as further arguments; its steps stay of these kinds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrackNeed:
    """A track that is not complete.

    `missing` are (number, bytes) of the segments that are not held, in order; None while the index is not here,
    and `length` (bytes of the pack) is all that is known.
    """

    index: str
    index_length: int
    length: int
    missing: tuple[tuple[int, int], ...] | None


@dataclass(frozen=True, slots=True)
class RungNeed:
    """The tracks that a rendition lacks; `height` counts rungs of the ladder from 0, `floor` says that it is the
    smallest watchable one of its tier."""

    height: int
    floor: bool
    tracks: tuple[TrackNeed, ...]


@dataclass(frozen=True, slots=True)
class LessonNeed:
    """What a lesson lacks: `rungs` from the lowest one up, at each rung the first tier first; `words` are (digest,
    bytes) of captions and poster, `stills` those of stills."""

    lesson: str
    rungs: tuple[RungNeed, ...]
    words: tuple[tuple[str, int], ...] = ()
    stills: tuple[tuple[str, int], ...] = ()

    @property
    def floors(self) -> tuple[RungNeed, ...]:
        """The smallest watchable rendition of each tier, the first tier's first."""
        return tuple(rung for rung in self.rungs if rung.floor)


@dataclass(frozen=True, slots=True)
class FetchBlob:
    """Fetch a small file of `length` bytes."""

    digest: str
    length: int


@dataclass(frozen=True, slots=True)
class FetchIndex:
    """Fetch an index of `length` bytes."""

    digest: str
    length: int


@dataclass(frozen=True, slots=True)
class FetchRun:
    """Fetch `count` segments that lie one after the other in a pack, from number `first` on; `length` bytes."""

    index: str
    first: int
    count: int
    length: int


Step = FetchBlob | FetchIndex | FetchRun


def plan(needs: Sequence[LessonNeed], run_bytes: int, horizon_bytes: int) -> list[Step]:
    """Return the next steps, best first, each segment and file once.

    A run is of about `run_bytes` at most (of one segment, if that is larger). The plan ends where it covers
    `horizon_bytes`; a track whose index is not here counts with its whole length, for the next plan can say more.
    """
    steps: list[Step] = []
    planned: set[str] = set()
    covered = 0
    for track_or_blob in _in_order(needs):
        if covered >= horizon_bytes:
            break
        if isinstance(track_or_blob, FetchBlob):
            name, length = track_or_blob.digest, track_or_blob.length
            found: list[Step] = [track_or_blob]
        else:
            name, found = track_or_blob.index, list(_steps(track_or_blob, run_bytes))
            missing = track_or_blob.missing
            length = track_or_blob.length if missing is None else sum(size for _, size in missing)
        if name not in planned:
            planned.add(name)
            steps += found
            covered += length
    return steps


def _in_order(needs: Sequence[LessonNeed]) -> Iterator[TrackNeed | FetchBlob]:
    for need in needs:
        yield from (FetchBlob(digest, length) for digest, length in need.words)
        for rung in need.floors[:1]:
            yield from rung.tracks
    for need in needs:
        for rung in need.floors[1:]:
            yield from rung.tracks
    for need in needs:
        yield from (FetchBlob(digest, length) for digest, length in need.stills)
    better = [rung for need in needs for rung in need.rungs if not rung.floor]
    for rung in sorted(better, key=lambda rung: rung.height):
        yield from rung.tracks


def _steps(track: TrackNeed, run_bytes: int) -> Iterator[Step]:
    """Yield the steps for one track: its index, or runs of what is missing."""
    if track.missing is None:
        yield FetchIndex(track.index, track.index_length)
        return
    first = count = length = 0
    for number, size in track.missing:
        if count and (number != first + count or length + size > run_bytes):
            yield FetchRun(track.index, first, count, length)
            count = length = 0
        if not count:
            first = number
        count += 1
        length += size
    if count:
        yield FetchRun(track.index, first, count, length)
