"""Which rung of which lesson, in which order: deadline first, then quality.

1. Lessons that have no watchable rung, by bell. Each gets its smallest one, or directly a better one where that will
   surely be complete in time, harms no later floor, and is worth its bytes.
2. Better rungs of lessons that have one, by bell, where they will be complete in time and are worth their bytes.
3. What will likely be used, in order of its likelihood.

What a byte must be worth follows from the line: with `price`, the rungs that are worth it fill the line until the
last bell that is known, and no more.
"""

from dataclasses import dataclass
from heapq import heappop, heappush

from edge_cache.planner.capacity import Capacity
from edge_cache.planner.given import DAY, Due, Given, Lesson, Rendition, Wish
from edge_cache.planner.result import Why

MILLION = 1e6
LIKELY_ENOUGH = 0.8
"""What is less likely to be used gets no better rung than its smallest one: that can wait until more is known."""


@dataclass(slots=True)
class Want:
    """A lesson that will be used and of which something is missing.

    `base` is the rung that it needs first, None if it can be watched; `chosen` the one that is fetched now;
    `urgent`: before all else, whether it comes in time or not.
    """

    lesson: Lesson
    bell: float
    chance: float
    why: Why
    base: Rendition | None
    chosen: Rendition | None = None
    urgent: bool = False


def wants(given: Given) -> list[Want]:
    """Return the lessons that will be used from now on and are not done, each once with its first bell, by bell."""
    found: dict[str, Want] = {}
    now, lessons, wishes = given.now, given.lessons, given.wishes
    for due in given.due:
        want = found.get(due.lesson)
        if want is not None:
            want.bell = min(want.bell, due.bell)
            continue
        lesson = lessons.get(due.lesson)
        if lesson is None or lesson.done or (due.bell <= now and not _is_playing(due, lesson, now)):
            continue
        found[due.lesson] = Want(lesson, due.bell, 1.0, Why.DUE, lesson.base, urgent=due.bell <= now)
    for one in given.foreseen:
        want = found.get(one.lesson)
        if want is not None:
            want.bell = min(want.bell, max(now, one.bell))
            continue
        lesson = lessons.get(one.lesson)
        if lesson is not None and not lesson.done and wishes.get(one.lesson) is not Wish.NOT:
            found[one.lesson] = Want(lesson, max(now, one.bell), one.chance, Why.FORESEEN, lesson.base)
    for name, wish in wishes.items():
        lesson = lessons.get(name)
        if wish is not Wish.NOT and lesson is not None and not lesson.done:
            want = found.setdefault(name, Want(lesson, now + DAY, 1.0, Why.WISH, lesson.base))
            if wish is Wish.NOW:
                want.bell, want.why, want.urgent = now, Why.WISH, True
    return sorted(found.values(), key=lambda w: (w.bell, w.lesson.lesson))


def _is_playing(due: Due, lesson: Lesson, now: float) -> bool:
    """Say whether a lesson that has begun is still under way, with more than half of its first rung here."""
    base = lesson.base
    return now < due.bell + lesson.duration_s and base is not None and base.missing * 2 < base.length


def price(found: list[Want], capacity: Capacity, thrift: float) -> float:
    """Return the worth that a million bytes must bring, given what the line will bring until the last bell."""
    if not found:
        return thrift
    left = capacity.expected(found[-1].bell)
    ladder: list[tuple[float, int]] = []
    for want in found:
        if want.base is not None:
            left -= want.base.missing
        worth, length = 0.0, 0
        for gained, more, _ in want.lesson.better:
            if more > length:
                ladder.append((want.chance * (gained - worth) / (more - length) * MILLION, more - length))
                worth, length = gained, more
    ladder.sort(reverse=True)
    for density, length in ladder:
        left -= length
        if left < 0:
            return max(thrift, density)
    return thrift


def choose(found: list[Want], capacity: Capacity, thrift: float) -> tuple[list[Want], list[Want]]:
    """Choose a rung for each want; return those that come first, and those that only get better, each in order."""
    least = price(found, capacity, thrift)
    first = _feasible([want for want in found if want.base is not None and want.base.missing], capacity)
    room = _room(first, capacity)
    spent = 0
    for want, spare in zip(first, room, strict=True):
        want.chosen = want.base
        worth, more = 0.0, 0
        for gained, length, rung in want.lesson.better:
            if _pays(want, gained - worth, length - more, least) and spent + length <= spare:
                want.chosen, worth, more = rung, gained, length
        spent += more
    return first, _upgrades(found, capacity, least, sum(w.chosen.missing for w in first if w.chosen is not None))


def _feasible(first: list[Want], capacity: Capacity) -> list[Want]:
    """Return the wants with those last that the line cannot be expected to bring in time beside the others.

    Of lessons that cannot all be had, as many as can be are (Moore and Hodgson's rule): those go that take the most
    bytes for their chance of being used.
    """
    taken: list[tuple[float, int]] = []
    late: set[int] = set()
    total = 0
    for n, want in enumerate(first):
        missing = _floor(want)
        if want.urgent:
            continue
        total += missing
        heappush(taken, (want.chance / missing, n))
        coming = capacity.expected(want.bell)
        while total > coming and taken:
            _, dropped = heappop(taken)
            late.add(dropped)
            total -= _floor(first[dropped])
    if not late:
        return first
    return [w for n, w in enumerate(first) if n not in late] + [w for n, w in enumerate(first) if n in late]


def _floor(want: Want) -> int:
    return want.base.missing if want.base is not None else 0


def _pays(want: Want, gained: float, more: int, least: float) -> bool:
    return want.chance >= LIKELY_ENOUGH and want.chance * gained * MILLION >= least * more


def _room(first: list[Want], capacity: Capacity) -> list[float]:
    """Return, for each want, the bytes that may be spent beyond the floors without harm to its own or a later one."""
    total = 0
    room: list[float] = []
    for want in first:
        total += _floor(want)
        room.append(capacity.surely(want.bell) - total)
    spare = float("inf")
    for n in range(len(room) - 1, -1, -1):
        spare = room[n] = min(room[n], spare)
    return room


def _upgrades(found: list[Want], capacity: Capacity, least: float, before: int) -> list[Want]:
    """Return wants that have a rung and get a better one, by bell; `before` bytes are fetched first."""
    upgrades = []
    for want in found:
        if want.base is not None:
            continue
        worth, more = 0.0, 0
        for gained, length, rung in want.lesson.better:
            if _pays(want, gained - worth, length - more, least) and before + length <= capacity.expected(want.bell):
                want.chosen, worth, more = rung, gained, length
        if want.chosen is not None:
            before += want.chosen.missing
            upgrades.append(want)
    return upgrades
