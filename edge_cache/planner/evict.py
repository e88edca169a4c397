"""What goes when room is needed. Nothing that is due, foreseen or pinned ever does."""

from collections.abc import Collection, Iterator

from edge_cache.planner.given import DAY, Given, Lesson, Rendition, Wish
from edge_cache.planner.result import Eviction, Gone

AGAIN_S = 5 * DAY
"""A lesson that was used within this time may well be repeated."""
ORDER = tuple(Gone)
"""What goes first stands first."""


def evictions(given: Given, wanted: Collection[str], length: float) -> list[Eviction]:
    """Return what to evict, in order, for `length` bytes more than are free; less if there is no more to take.

    First what a teacher does not want, then rungs that a better one of their lesson has made useless, then lessons
    used long ago, then those that nobody has used, then those used lately. What the later ones make needless stays.
    """
    if length <= 0:
        return []
    kept = {name for name, wish in given.wishes.items() if wish is not Wish.NOT}
    spare: list[tuple[Gone, float, str, Rendition]] = []
    for name, lesson in given.lessons.items():
        if name in wanted or name in kept:
            continue
        held = [rung for rung in lesson.renditions if rung.missing < rung.length]
        if held:
            spare += _ranked(lesson, held, given.now, refused=given.wishes.get(name) is Wish.NOT)
    spare.sort(key=lambda row: (ORDER.index(row[0]), *row[1:3]))
    taken: list[tuple[Gone, str, Rendition]] = []
    gone: dict[str, list[str]] = {}
    left = length
    for why, _, name, rung in spare:
        if left <= 0:
            break
        taken.append((why, name, rung))
        left -= _more(given.lessons[name], gone.setdefault(name, []), rung.rung)
    for one in reversed(taken[:-1]):
        _, name, rung = one
        others = [other for other in gone[name] if other != rung.rung]
        more = frees(given.lessons[name], gone[name]) - frees(given.lessons[name], others)
        if left + more <= 0:
            gone[name], left = others, left + more
            taken.remove(one)
    dropped: dict[str, list[str]] = {}
    return [
        Eviction(name, rung.rung, _more(given.lessons[name], dropped.setdefault(name, []), rung.rung), why)
        for why, name, rung in taken
    ]


def _more(lesson: Lesson, dropped: list[str], rung: str) -> int:
    """Drop a rung too; return the bytes that go by it."""
    before = frees(lesson, dropped)
    dropped.append(rung)
    return frees(lesson, dropped) - before


def _ranked(
    lesson: Lesson, held: list[Rendition], now: float, *, refused: bool
) -> Iterator[tuple[Gone, float, str, Rendition]]:
    best = max((rung.worth for rung in held if rung.watchable and not rung.missing), default=0.0)
    played = lesson.played_at
    for rung in held:
        useless = rung.watchable and rung.worth < best
        if refused:
            why = Gone.REFUSED
        elif useless:
            why = Gone.BETTER_HERE
        elif played is None:
            why = Gone.UNUSED
        else:
            why = Gone.LONG_AGO if played < now - AGAIN_S else Gone.LATELY
        yield why, played or 0.0, lesson.lesson, rung


def frees(lesson: Lesson, dropped: Collection[str]) -> int:
    """Return the bytes that go with some rungs: those of tracks that no rung of the lesson needs that stays."""
    stays = {track.name for other in lesson.renditions if other.rung not in dropped for track in other.tracks}
    goes = {track.name: track for rung in lesson.renditions if rung.rung in dropped for track in rung.tracks}
    return sum(track.length - track.missing for track in goes.values() if track.name not in stays)
