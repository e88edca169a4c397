"""Which lessons a school will use that nobody has typed: from the order of the courses that its classes follow.

A class that uses a course goes on with it: the next lesson at the next of its weekly hours. Now and then it uses
another lesson instead; then it comes back to the order. When it stays where it jumped to, that is where it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge_cache.planner.given import DAY, HOUR, MONDAY, WEEK, Due, Foreseen

STOPPED_S = 10 * DAY
"""A class that has not used a course for so long has left it."""
WEEKS = 4
"""For how long idle hours look ahead."""
AHEAD, BEHIND, ELSEWHERE = 0.02, 0.01, 0.005
SLOTS_FROM_S = 15 * DAY
MORNING_S = 8 * HOUR
SCHOOL_DAYS = 5
GAP = 3
"""A class that goes further than this has left out lessons, and not used them in hours that we do not see."""
NEXT, PER_STEP, UNSURE = 0.92, 0.97, 0.8
"""The chance of the next lesson in the order, what each further one keeps of it, and that of hours not yet seen."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a class without a timetable: a subject's hours a week, and which courses fit its grade,
    subject and edition."""

    klass: str
    courses: tuple[str, ...]
    hours_a_week: int


@dataclass(frozen=True, slots=True)
class School:
    """What foreseeing looks at. `used` are lessons that were played or are timetabled, in any order.

    `courses`: for each course its lessons in order; `places`: for each lesson its course and its place there (from
    0); `closed`: times (begin, end) without school.
    """

    courses: Mapping[str, Sequence[str]]
    places: Mapping[str, tuple[str, int]]
    used: Sequence[Due]
    profiles: Sequence[Profile] = ()
    closed: Sequence[tuple[float, float]] = ()
    utc_offset_s: float = 8 * HOUR


class _Place:
    """Where a class is in a course."""

    __slots__ = ("aside", "expected")

    def __init__(self) -> None:
        self.expected = self.aside = -1

    def use(self, number: int) -> None:
        """Follow the class: on in order, or aside once; twice aside in order is the new order."""
        if self.expected < 0 or number in (self.expected, self.aside):
            self.expected, self.aside = number + 1, -1
        else:
            self.aside = number + 1


def foresee(now: float, school: School, horizon_s: float = WEEK) -> list[Foreseen]:
    """Return what will likely be used until `now + horizon_s` and is not timetabled, each lesson once, by bell."""
    best: dict[str, Foreseen] = {}
    for (klass, course), uses in _followed(now, school).items():
        for one in _ahead(now, school, course, uses, _hours(school.profiles, klass, course), horizon_s):
            other = best.get(one.lesson)
            if other is not None:
                chance = 1 - (1 - one.chance) * (1 - other.chance)
                best[one.lesson] = Foreseen(one.lesson, min(one.bell, other.bell), chance)
            else:
                best[one.lesson] = one
    return sorted(best.values(), key=lambda one: (one.bell, one.lesson))


def likely(now: float, school: School, least: float = 0.0) -> list[tuple[str, float]]:
    """Return lessons with the chance that a class will want them before anything has told of it, likeliest first.

    First, for a class of which nothing was seen and nothing is timetabled, the courses that fit it: it may be
    anywhere in them. Then what lies further on in the courses that are followed, what lies behind, and all else.
    What is less likely than `least` is left out.
    """
    followed = _followed(now, school)
    chances: dict[str, float] = {}
    if least <= AHEAD:
        for course, lessons in school.courses.items():
            places = [number for (_, of), uses in followed.items() if of == course for _, number in uses]
            for number, lesson in enumerate(lessons):
                chances[lesson] = ELSEWHERE if not places else AHEAD if number > min(places) else BEHIND
    if not any(use.bell > now for use in school.used):
        for profile in school.profiles:
            if any((profile.klass, course) in followed for course in profile.courses):
                continue
            for course in profile.courses:
                lessons = school.courses.get(course, ())
                chance = min(0.5, WEEKS * profile.hours_a_week / max(1, len(lessons))) / len(profile.courses)
                for lesson in lessons:
                    chances[lesson] = max(chances.get(lesson, 0.0), chance)
    found = [row for row in chances.items() if row[1] >= least]
    return sorted(found, key=lambda row: (-row[1], *school.places.get(row[0], ("", 0))))


def _followed(now: float, school: School) -> dict[tuple[str, str], list[tuple[float, int]]]:
    """Return for each class and course that it follows its uses, (bell, place in the course), in order."""
    following: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
    for use in school.used:
        place = school.places.get(use.lesson)
        if place is not None:
            following[use.klass, place[0]].append((use.bell, place[1]))
    for uses in following.values():
        uses.sort()
    return {
        (klass, course): uses
        for (klass, course), uses in following.items()
        if uses[-1][0] >= now - STOPPED_S and not (len(uses) == 1 and _is_aside(klass, course, uses, following))
    }


def _is_aside(
    klass: str,
    course: str,
    uses: list[tuple[float, int]],
    following: Mapping[tuple[str, str], list[tuple[float, int]]],
) -> bool:
    """Say whether a single use of a course stands in the hour of another course that the class follows."""
    slot = uses[0][0] % WEEK
    return any(
        other != course and who == klass and len(rows) > 1 and any(bell % WEEK == slot for bell, _ in rows)
        for (who, other), rows in following.items()
    )


def _hours(profiles: Sequence[Profile], klass: str, course: str) -> int:
    return next((p.hours_a_week for p in profiles if p.klass == klass and course in p.courses), 0)


def _ahead(
    now: float, school: School, course: str, uses: list[tuple[float, int]], hours: int, horizon_s: float
) -> Iterable[Foreseen]:
    """Walk along the class's hours from now on, through what is timetabled and what is not."""
    lessons = school.courses[course]
    known = {bell: number for bell, number in uses if bell > now}
    place = _Place()
    for bell, number in uses:
        if bell <= now:
            place.use(number)
    slots = {bell % WEEK for bell, _ in uses if bell > now - SLOTS_FROM_S}
    unseen = max(0, hours - len(slots))
    if place.expected < 0:
        place.expected = uses[0][1]
        yield from _before(lessons, place.expected, _mornings(now, school, 1, WEEK), unseen)
    chance, last, end = NEXT, now, now + horizon_s
    for bell in sorted(set(known) | _occurrences(slots, now, end)):
        if bell in known:
            number = known[bell]
            if place.expected < number <= place.expected + GAP:
                yield from _between(lessons, place.expected, number, _mornings(last, school, 1, WEEK))
            place.use(number)
        elif not any(begin <= bell < until for begin, until in school.closed):
            if place.expected < len(lessons):
                yield Foreseen(lessons[place.expected], bell, chance)
            place.expected += 1
            chance *= PER_STEP
        last = bell
    for bell in _mornings(last if known else now, school, unseen, horizon_s):
        if place.expected < len(lessons) and bell <= end:
            chance *= UNSURE
            yield Foreseen(lessons[place.expected], bell, chance)
            place.expected += 1


def _occurrences(slots: Iterable[float], now: float, end: float) -> set[float]:
    """Return the moments from now to `end` at which weekly slots come round."""
    found = set()
    for slot in slots:
        bell = now - (now - slot) % WEEK + WEEK
        while bell <= end:
            found.add(bell)
            bell += WEEK
    return found


def _before(lessons: Sequence[str], first: int, mornings: list[float], unseen: int) -> Iterable[Foreseen]:
    """Yield what a class may use before the first lesson that is timetabled for it, in hours not seen yet."""
    chance = UNSURE
    for number in range(first - 1, max(-1, first - 1 - min(unseen, GAP)), -1):
        chance *= UNSURE
        for bell in mornings:
            yield Foreseen(lessons[number], bell, chance)


def _between(lessons: Sequence[str], first: int, number: int, mornings: list[float]) -> Iterable[Foreseen]:
    """Yield what stands between two lessons that are timetabled: the class will use it between them, or soon."""
    for missing in range(first, number):
        for bell in mornings:
            yield Foreseen(lessons[missing], bell, NEXT)


def _mornings(after: float, school: School, count: int, horizon_s: float) -> list[float]:
    """Return the first moments of the `count` school days after a moment: an hour not seen may be the first."""
    midnight = after + school.utc_offset_s
    midnight -= midnight % DAY
    found: list[float] = []
    while len(found) < count and midnight - school.utc_offset_s <= after + horizon_s:
        bell = midnight - school.utc_offset_s + MORNING_S
        is_closed = any(begin <= bell < until for begin, until in school.closed)
        if bell > after and int((midnight - MONDAY) // DAY) % 7 < SCHOOL_DAYS and not is_closed:
            found.append(bell)
        midnight += DAY
    return found
