"""From what lessons need, in order, to ranges to ask for. Pure.

First come lessons that somebody waits for, at the rung that the planner chose (`edge_cache/planner`); then the rest
of the catalogue: every lesson's smallest watchable rendition (with its captions and poster) in the order of the
direction, then that of the node's other tier, then stills, then attachments, then the better renditions, rung by rung.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

AHEAD_BYTES = 8 << 20
"""With fewer bytes before it, an index is fetched first: it is small, and till it is here the end seems near."""


@dataclass(frozen=True, slots=True)
class TrackNeed:
    """A track that is not complete.

    `missing` are (number, bytes) of the segments that are not held, in order; None while the index is not here,
    and `length` (bytes of the pack) is all that is known. `doubtful`: it failed before, so nothing waits for it.
    """

    index: str
    index_length: int
    length: int
    missing: tuple[tuple[int, int], ...] | None
    doubtful: bool = False


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
    bytes) of captions and poster, `stills` those of stills, `attachments` those of parts of attachments."""

    lesson: str
    rungs: tuple[RungNeed, ...]
    words: tuple[tuple[str, int], ...] = ()
    stills: tuple[tuple[str, int], ...] = ()
    attachments: tuple[tuple[str, int], ...] = ()

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


def steps_for(
    needs: Sequence[LessonNeed], run_bytes: int, horizon_bytes: int, room_bytes: float = float("inf")
) -> list[Step]:
    """Return the next steps, best first, each segment and file once.

    A run is of about `run_bytes` at most (of one segment, if that is larger). The plan ends where it covers
    `horizon_bytes`; a track whose index is not here counts with its whole length, for the next plan can say more.
    So it also ends after a stage in which an index is fetched: what that names comes before what is less urgent.
    And it ends before the first thing that does not wholly fit into `room_bytes`: nothing is begun that has no room,
    and nothing less urgent takes the room of it.
    """
    steps: list[Step] = []
    planned: set[str] = set()
    covered = 0
    for stage in _stages(needs):
        for wanted in stage:
            if covered >= horizon_bytes:
                return _indexes_ahead(steps)
            name, length, found = _asked(wanted, run_bytes)
            if name not in planned:
                room_bytes -= length
                if room_bytes < 0:
                    return _indexes_ahead(steps)
                planned.add(name)
                steps += found
                covered += length
        if any(isinstance(one, TrackNeed) and one.missing is None and not one.doubtful for one in stage):
            break
    return _indexes_ahead(steps)


def _indexes_ahead(steps: Sequence[Step]) -> list[Step]:
    """Return the steps with each index so far ahead of its place that nobody has to wait for what it names."""
    places: list[tuple[int, Step]] = []
    before = 0
    for step in steps:
        places.append((before - AHEAD_BYTES - 1 if isinstance(step, FetchIndex) else before, step))
        before += 0 if isinstance(step, FetchIndex) else step.length
    return [step for _, step in sorted(places, key=lambda place: place[0])]


def lacks(need: LessonNeed) -> dict[str, int]:
    """Return what a lesson lacks: digests of indexes and small files, each with the bytes that it will take."""
    blobs = (*need.words, *need.stills, *need.attachments)
    return {track.index: _lacking(track) for track in _tracks(need.rungs)} | dict(blobs)


def _lacking(track: TrackNeed) -> int:
    return track.length if track.missing is None else sum(size for _, size in track.missing)


def _stages(needs: Sequence[LessonNeed]) -> Iterator[Sequence[TrackNeed | FetchBlob]]:
    """Yield what is wanted, the most urgent first; within a stage in the order of the lessons."""
    first: list[TrackNeed | FetchBlob] = []
    for need in needs:
        first += [*_blobs(need.words), *_tracks(need.floors[:1])]
    yield first
    yield [track for need in needs for track in _tracks(need.floors[1:])]
    yield [blob for need in needs for blob in _blobs(need.stills)]
    yield [blob for need in needs for blob in _blobs(need.attachments)]
    better = [rung for need in needs for rung in need.rungs if not rung.floor]
    yield _tracks(sorted(better, key=lambda rung: rung.height))


def _blobs(named: Sequence[tuple[str, int]]) -> list[FetchBlob]:
    return [FetchBlob(digest, length) for digest, length in named]


def _tracks(rungs: Sequence[RungNeed]) -> list[TrackNeed]:
    return [track for rung in rungs for track in rung.tracks]


def _asked(wanted: TrackNeed | FetchBlob, run_bytes: int) -> tuple[str, int, list[Step]]:
    """Return the digest of what is wanted, the bytes that it will take, and the steps that can be said now."""
    if isinstance(wanted, FetchBlob):
        return wanted.digest, wanted.length, [wanted]
    return wanted.index, _lacking(wanted), list(_steps(wanted, run_bytes))


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
