"""Making room: what nobody needs goes by itself, what nobody can ask for when the disk gets tight.

What a class may ask for goes only when the plan, which knows the timetable, names it; and then after all else.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

import structlog

from edge_cache.store.files import PREFIXES
from edge_cache.store.keeper import Keeper
from edge_cache.store.needs import NeedsRepository, RenditionKey

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed: segments and small files, and the bytes that the disk has more of by it."""

    segments: int = 0
    blobs: int = 0
    freed: int = 0

    def __add__(self, other: "Removed") -> "Removed":
        return Removed(self.segments + other.segments, self.blobs + other.blobs, self.freed + other.freed)


class Evictor:
    """Removes from the store. A power cut leaves it as it was before, or a little further: never a row without file."""

    def __init__(self, keeper: Keeper, needs: NeedsRepository) -> None:
        self._keeper, self._needs = keeper, needs

    def evict(self, renditions: Collection[RenditionKey], enough: Callable[[], bool] = lambda: False) -> Removed:
        """Remove the segments of `renditions` that no other live rendition needs, until `enough`.

        A rendition that a screen plays, or has just played, stays. Raises DiskTrouble.
        """
        return self._remove(lambda: self._needs.take_out(renditions, self._keeper.watched()), enough)

    def collect(self) -> Removed:
        """Remove what no known release needs. Raises DiskTrouble."""
        removed = self._remove(lambda: self._needs.take_out_unneeded(self._keeper.watched()), lambda: False)
        before = self._free()
        blobs = self._keeper.remove_blobs(self._needs.take_out_blobs)
        removed += Removed(blobs=blobs, freed=max(0, self._free() - before))
        if removed.segments or removed.blobs:
            log.info("store.collected", segments=removed.segments, blobs=removed.blobs)
        return removed

    def make_room(self, enough: Callable[[], bool], planned: Iterable[tuple[str, str, str]] = ()) -> Removed:
        """Remove until there is `enough`: what no class can ask for, then what the plan gives up, in order.

        `planned` are (course, lesson, rung). What a screen plays stays, and what a teacher keeps. Raises DiskTrouble.
        """
        removed = Removed()
        for renditions in self._needs.spare():
            removed += self.evict(renditions, enough)
        removed += self._spare_blobs(enough)
        for renditions in self._given_up(planned):
            if enough():
                break
            removed += self.evict(renditions, enough)
        if removed.segments or removed.blobs:
            log.info("store.made-room", segments=removed.segments, blobs=removed.blobs, free=self._free())
        return removed

    def _spare_blobs(self, enough: Callable[[], bool]) -> Removed:
        """Remove captions, stills and attachments that no class can ask for, until `enough`."""
        before, count = self._free(), 0
        while not enough() and (gone := self._keeper.remove_blobs(self._needs.take_out_spare_blobs)):
            count += gone
        return Removed(blobs=count, freed=max(0, self._free() - before))

    def _given_up(self, planned: Iterable[tuple[str, str, str]]) -> Iterator[list[RenditionKey]]:
        """Yield for each rung what is given up of its lesson by then: sound that rungs share goes with the last."""
        gone: dict[tuple[str, str], list[RenditionKey]] = defaultdict(list)
        for course, lesson, rung in planned:
            gone[course, lesson] += self._needs.of_rung(course, lesson, rung)
            yield gone[course, lesson]

    def sweep(self) -> Removed:
        """Take files that a crash left without a row: sound ones that a release needs are held, others are removed."""
        count = 0
        before = self._free()
        for prefix in PREFIXES:
            count += self.sweep_folder(prefix)
        return Removed(segments=count, freed=max(0, self._free() - before))

    def sweep_folder(self, prefix: str) -> int:
        """Do as `sweep` does in one folder of segments; return how many files were removed."""
        held = {digest for digest, _ in self._needs.held_with(prefix)}
        strays = [name for name in self._keeper.files.segments.names(prefix) if name not in held]
        wanted = {name for name in strays if self._needs.names_segment(name)}
        self._keeper.adopt(sorted(wanted))
        unknown = [name for name in strays if name not in wanted]
        # Between the two looks a file may have been fetched and counted: what is held now is no stray.
        return self._keeper.remove(lambda: [name for name in unknown if not self._keeper.rows.is_held(name)]) + (
            self._keeper.remove_blobs(lambda: [name for name in self._blobs(prefix) if not self._names_blob(name)])
        )

    def _blobs(self, prefix: str) -> list[str]:
        return self._keeper.files.blobs.names(prefix)

    def _names_blob(self, name: str) -> bool:
        return self._keeper.rows.blob(name) is not None

    def _remove(self, choose: Callable[[], list[str]], enough: Callable[[], bool]) -> Removed:
        before, count = self._free(), 0
        while not enough() and (gone := self._keeper.remove(choose)):
            count += gone
        return Removed(segments=count, freed=max(0, self._free() - before))

    def _free(self) -> int:
        return self._keeper.files.disk()[0]
