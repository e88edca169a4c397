"""What goes when room is needed. Nothing that is due, foreseen or pinned ever does."""

from collections.abc import Collection, Iterator, Mapping

from edge_cache.planner.given import DAY, Given, Lesson, Rendition, Wish
from edge_cache.planner.result import Eviction

AGAIN_S = 5 * DAY
"""A lesson that was used within this time may well be repeated."""


def evictions(given: Given, wanted: Collection[str], length: float) -> list[Eviction]:
    """Return what to evict, in order, for `length` bytes more than are free; less if there is no more to take.

    First what a teacher does not want, then rungs that a better one of their lesson has made useless, then lessons
    used long ago, then those that nobody has used, then those used lately.
    """
    if length <= 0:
        return []
    kept = {name for name, wish in given.wishes.items() if wish is not Wish.NOT}
    spare: list[tuple[int, float, str, Rendition]] = []
    for name, lesson in given.lessons.items():
        if name in wanted or name in kept:
            continue
        held = [rung for rung in lesson.renditions if rung.missing < rung.length]
        if held:
            spare += _ranked(lesson, held, given.now, refused=given.wishes.get(name) is Wish.NOT)
    spare.sort(key=lambda row: row[:3])
    found: list[Eviction] = []
    gone: dict[str, list[str]] = {}
    for _, _, name, rung in spare:
        if length <= 0:
            break
        dropped = gone.setdefault(name, [])
        dropped.append(rung.rung)
        freed = frees(given.lessons[name], rung, dropped)
        found.append(Eviction(name, rung.rung, freed))
        length -= freed
    return found


def _ranked(
    lesson: Lesson, held: list[Rendition], now: float, *, refused: bool
) -> Iterator[tuple[int, float, str, Rendition]]:
    best = max((rung.worth for rung in held if rung.watchable and not rung.missing), default=0.0)
    played = lesson.played_at
    for rung in held:
        useless = rung.watchable and rung.worth < best
        if refused:
            rank = 0
        elif useless:
            rank = 1
        elif played is None:
            rank = 3
        else:
            rank = 2 if played < now - AGAIN_S else 4
        yield rank, played or 0.0, lesson.lesson, rung


def frees(lesson: Lesson, rung: Rendition, dropped: Collection[str]) -> int:
    """Return the bytes that go with a rung: those of tracks that no rung of the lesson needs that stays."""
    stays: Mapping[str, object] = {
        track.name: track for other in lesson.renditions if other.rung not in dropped for track in other.tracks
    }
    return sum(track.length - track.missing for track in rung.tracks if track.name not in stays)
