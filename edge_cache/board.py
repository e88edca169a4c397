"""What is still to be fetched, and who fetches what of it. Pure: no source, no disk, no clock.

Work is given out in pieces. A piece is a stretch of whole segments that lie one after the other in their pack; or,
where a segment is larger than a piece should be, a part of one, for towards the end every connection should have
something to do. What came of a segment stays here until all of it is there: a connection that breaks costs nothing.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from catalog.formats.index import Segment
from edge_cache.steps import FetchBlob, FetchIndex

LEAST_PIECE = 12 << 10
LEAST_S = 0.5
LEAST_TRIPS = 5
"""Bytes, and seconds and round trips of a connection's work, below which a piece is mostly waiting for its answer."""
FIRST_PIECE = 128 << 10
"""Bytes, while it is not known what a connection does."""


class Assembly:
    """A segment on its way, from one source. `missing` counts the bytes that have not come.

    `let_go`: others begin it anew; what a connection still brings of it is of no use.
    """

    def __init__(self, index: str, row: Segment, source: str) -> None:
        self.index, self.row, self.source = index, row, source
        self.data = bytearray(row.length)
        self.missing = row.length
        self.let_go = False


@dataclass(slots=True)
class Piece:
    """Work for one connection: of the pack of `index`, the bytes from `start` to `stop`, which belong to `rows`.

    `part`: the segment of which this is a part; None for whole segments. `came`: the bytes that have come.
    """

    index: str
    rows: list[Segment]
    start: int
    stop: int
    part: Assembly | None = None
    came: int = 0

    @property
    def length(self) -> int:
        """Bytes."""
        return self.stop - self.start


@dataclass
class Stretch:
    """Segments to be fetched that lie one after the other."""

    index: str
    rows: list[Segment]


Small = FetchIndex | FetchBlob
Item = Small | Stretch


@dataclass
class Board:
    """`more`: there is more to plan than stands here, so the end is not near."""

    more: bool = False
    _todo: deque[Item] = field(default_factory=deque)
    _parts: deque[Piece] = field(default_factory=deque)
    _busy: set[str] = field(default_factory=set)
    _small: set[str] = field(default_factory=set)
    _kept: set[str] = field(default_factory=set)

    def planning(self) -> None:
        """A plan begins to be made: what is kept from now on it may not know of."""
        self._kept.clear()

    def plan(self, items: Iterable[Item], *, more: bool) -> None:
        """Take a new plan instead of what was not begun; what is under way is not given out twice."""
        self._todo, self.more = deque(), more
        for item in items:
            if isinstance(item, Stretch):
                self._todo.extend(self._free(item))
            elif item.digest not in self._small and item.digest not in self._kept:
                self._todo.append(item)

    def _free(self, stretch: Stretch) -> Iterator[Stretch]:
        free = [row for row in stretch.rows if row.digest not in self._busy and row.digest not in self._kept]
        for rows in contiguous(free):
            yield Stretch(stretch.index, rows)

    @property
    def waiting(self) -> int:
        """Bytes that nobody has begun."""
        whole = sum(item.length if not isinstance(item, Stretch) else _length(item.rows) for item in self._todo)
        return whole + sum(part.length for part in self._parts)

    @property
    def is_empty(self) -> bool:
        """Whether everything has been begun by someone."""
        return not self._todo and not self._parts

    def size(self, connections: int, rate: float, trip: float, most: int, seconds: float) -> int:
        """Return how large the next piece should be, in bytes, for so many `connections` at `rate` bytes/s in all,
        where a round trip takes `trip` seconds.

        What a connection does in `seconds`; towards the end a part of what is left, so that all end together.
        """
        each = max(1, connections)
        size = min(most, max(FIRST_PIECE, int(rate / each * seconds)))
        least = max(LEAST_PIECE, int(rate / each * max(LEAST_S, LEAST_TRIPS * trip)))
        return size if self.more else max(least, min(size, self.waiting // (2 * each)))

    def take(self, source: str, size: int, gives: Callable[[Item], Sequence[Segment] | None]) -> Piece | Small | None:
        """Return what `source` should fetch next, about `size` bytes of a pack; None if nothing of this is its.

        `gives` says what of an item it should give: rows of a stretch (none: nothing), None for all of an item.
        """
        for place, part in enumerate(self._parts):
            if part.part is not None and part.part.source == source:
                del self._parts[place]
                return self._part_of(part, size)
        for place, item in enumerate(self._todo):
            found = gives(item)
            if isinstance(item, Stretch):
                rows = item.rows if found is None else found
                if rows:
                    return self._piece_of(place, item, rows, source, size)
            elif found is None:
                del self._todo[place]
                self._small.add(item.digest)
                return item
        return None

    def _piece_of(self, place: int, item: Stretch, rows: Sequence[Segment], source: str, size: int) -> Piece:
        chosen = [rows[0]]
        for row in rows[1:]:
            if row.number != chosen[-1].number + 1 or _length(chosen) + row.length > size:
                break
            chosen.append(row)
        self._remove(place, item, chosen)
        self._busy |= {row.digest for row in chosen}
        start = chosen[0].offset
        if len(chosen) == 1 and chosen[0].length > size * 3 // 2:
            whole = Assembly(item.index, chosen[0], source)
            return self._part_of(Piece(item.index, chosen, start, start + chosen[0].length, whole), size)
        return Piece(item.index, chosen, start, start + _length(chosen))

    def _part_of(self, part: Piece, size: int) -> Piece:
        """Return the first `size` bytes of a part, or all of it; what remains is the next to be given out."""
        if part.length <= size * 3 // 2:
            return part
        middle = part.start + size
        self._parts.appendleft(Piece(part.index, part.rows, middle, part.stop, part.part))
        return Piece(part.index, part.rows, part.start, middle, part.part)

    def _remove(self, place: int, item: Stretch, chosen: Sequence[Segment]) -> None:
        first, last = chosen[0].number, chosen[-1].number
        before = [row for row in item.rows if row.number < first]
        after = [row for row in item.rows if row.number > last]
        del self._todo[place]
        for rest in (after, before):
            if rest:
                self._todo.insert(place, Stretch(item.index, rest))

    def give_back(self, piece: Piece, at: int, begun: Assembly | None) -> None:
        """A piece ended at byte `at` of its pack; `begun` is the segment that is there in part."""
        piece.came = at - piece.start
        if begun is not None and at < piece.stop and not begun.let_go:
            stop = min(piece.stop, begun.row.offset + begun.row.length)
            self._parts.appendleft(Piece(piece.index, [begun.row], at, stop, begun))
        if piece.part is None:
            rest = [row for row in piece.rows if row.offset >= at and (begun is None or row is not begun.row)]
            self.release(piece.index, rest)

    def release(self, index: str, rows: Sequence[Segment]) -> None:
        """Segments of a pack are to be fetched after all, before anything else."""
        if rows:
            self._busy -= {row.digest for row in rows}
            self._todo.appendleft(Stretch(index, list(rows)))

    def done(self, row: Segment) -> None:
        """A segment is kept."""
        self._busy.discard(row.digest)
        self._kept.add(row.digest)

    def drop(self, row: Segment) -> None:
        """A segment is given up for now; the next plan may name it again."""
        self._busy.discard(row.digest)

    def done_small(self, item: Small) -> None:
        """A small file is kept."""
        self._small.discard(item.digest)
        self._kept.add(item.digest)

    def put_back(self, item: Small) -> None:
        """A small file is to be fetched after all."""
        self._small.discard(item.digest)
        self._todo.appendleft(item)

    def give_up(self, digest: str) -> None:
        """Nothing more of a pack, or of a small file, is to be given out in this plan."""
        self._todo = deque(item for item in self._todo if name_of(item) != digest)

    def let_go(self, goes_on: Callable[[str, str], bool]) -> None:
        """What a source had begun of a pack, and does not go on with, is begun anew by others.

        `goes_on` says of (source, digest of an index) whether it does.
        """
        kept: deque[Piece] = deque()
        for part in self._parts:
            begun = part.part
            if begun is None or goes_on(begun.source, part.index):
                kept.append(part)
            elif not begun.let_go:
                begun.let_go = True
                self.release(part.index, [begun.row])
        self._parts = kept

    def items(self) -> Iterator[Item]:
        """What nobody has begun, the next first."""
        yield from self._todo


def name_of(item: Item) -> str:
    """The digest of a pack's index, or of a small file."""
    return item.index if isinstance(item, Stretch) else item.digest


def contiguous(rows: Iterable[Segment]) -> Iterator[list[Segment]]:
    """Yield `rows` in stretches that lie one after the other in their pack."""
    stretch: list[Segment] = []
    for row in rows:
        if stretch and row.number != stretch[-1].number + 1:
            yield stretch
            stretch = []
        stretch.append(row)
    if stretch:
        yield stretch


def _length(rows: Sequence[Segment]) -> int:
    return sum(row.length for row in rows)
