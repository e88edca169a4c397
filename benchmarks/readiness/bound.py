"""What could be had by someone who knows from the first minute all that will be used and all that the line will do."""

import heapq
from bisect import bisect_left
from collections import defaultdict
from itertools import accumulate

from benchmarks.readiness.living import Lived
from benchmarks.readiness.peers import BEST, CLEAR, FLOOR
from benchmarks.readiness.schools import School


def clairvoyant(school: School, thrift: float = 0.0) -> Lived:
    """Return the four weeks with as many lessons ready as can be (Moore and Hodgson's rule on the floors; a lesson
    that misses its first bell is tried for its next one), then the most worth for the bytes that are left, each
    million of which must bring `thrift`. The disk has no end.
    """
    bells: dict[int, list[int]] = defaultdict(list)
    for session in school.sessions:
        bells[session.lesson].append(session.bell)
    ends = sorted({bell for rows in bells.values() for bell in rows})
    brought = [0.0, *accumulate(c * share for c, share in zip(school.line.capacity, school.caps, strict=True))]
    room = [brought[bell] for bell in ends]
    ready = _ready(school, bells, brought)
    for lesson, bell in ready.items():
        _take(room, bisect_left(ends, bell), school.lessons[lesson][FLOOR].length)
    slack = _suffix_least(room)
    chosen = dict.fromkeys(ready, FLOOR)
    fetched = sum(school.lessons[lesson][FLOOR].length for lesson in ready)
    ladder = []
    for lesson, bell in ready.items():
        rungs, uses = school.lessons[lesson], sum(1 for b in bells[lesson] if b >= bell)
        for low, high in ((FLOOR, CLEAR), (CLEAR, BEST)):
            more = rungs[high].length - rungs[low].length
            ladder.append((uses * (rungs[high].worth - rungs[low].worth) / more * 1e6, lesson, low, high, more))
    for density, lesson, low, high, more in sorted(ladder, reverse=True):
        at = bisect_left(ends, ready[lesson])
        if density < thrift or chosen[lesson] != low or slack[at] < more:
            continue
        chosen[lesson] = high
        fetched += more
        _take(room, at, more)
        slack = _suffix_least(room)
    lived = Lived(school, fetched=fetched)
    for session in school.sessions:
        is_ready = session.lesson in ready and session.bell >= ready[session.lesson]
        lived.ready.append(is_ready)
        lived.worth.append(school.lessons[session.lesson][chosen[session.lesson]].worth if is_ready else 0.0)
    return lived


def _ready(school: School, bells: dict[int, list[int]], brought: list[float]) -> dict[int, int]:
    """Return for each lesson that can be ready the bell from which on it is."""
    jobs = [(rows[0], lesson, 0) for lesson, rows in bells.items()]
    heapq.heapify(jobs)
    taken: list[tuple[int, int, int, int]] = []
    total = 0
    while jobs:
        bell, lesson, n = heapq.heappop(jobs)
        length = school.lessons[lesson][FLOOR].length
        heapq.heappush(taken, (-length, bell, lesson, n))
        total += length
        while total > brought[bell]:
            minus, _, dropped, at = heapq.heappop(taken)
            total += minus
            if at + 1 < len(bells[dropped]) and bells[dropped][at + 1] > bell:
                heapq.heappush(jobs, (bells[dropped][at + 1], dropped, at + 1))
    return {lesson: bell for _, bell, lesson, _ in taken}


def _take(room: list[float], at: int, length: int) -> None:
    for n in range(at, len(room)):
        room[n] -= length


def _suffix_least(room: list[float]) -> list[float]:
    return list(accumulate(reversed(room), min))[::-1]
