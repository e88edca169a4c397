"""The schools: their catalogue, classes, weekly hours, what each class uses when, and when that becomes known."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.readiness.lines import BINS_A_DAY, DAYS, LineOf, Traces, make_line

LESSONS_A_COURSE = 40
LESSON_S = 2700
BELLS = tuple(
    hour * 12 + minute // 5 for hour, minute in ((8, 0), (8, 55), (9, 50), (10, 45), (14, 0), (14, 55), (15, 50))
)
"""Bins of the day in which lessons begin: 08:00 to 15:50."""
FIRST_SCHOOL_DAY = 1
"""The four weeks begin on a Sunday: the box is set up the day before, and is empty."""
GRADES, SUBJECTS, EDITIONS = 6, 6, 2
WEEK_BINS, DAY_BINS, TWO_HOURS_BINS = 7 * BINS_A_DAY, BINS_A_DAY, 24
NOTICES = (WEEK_BINS, DAY_BINS, TWO_HOURS_BINS)
FIRST_PLACES = 25


@dataclass(frozen=True)
class Life:
    """How schools of a kind live. `notice`: shares known 7 days, 1 day and 2 hours ahead; none: never before.

    `thrift` is the policy that ops gave these nodes (worth a million bytes must bring), tuned on other schools.
    """

    name: str
    schools: int
    mbps: tuple[float, float]
    lessons_a_day: tuple[int, int]
    notice: tuple[float, float, float] | None
    changes: float
    cap: float
    dark: float
    long_outages: float
    thrift: float


LIVES = {
    life.name: life
    for life in (
        Life("everyday", 200, (0.3, 6.0), (3, 8), (0.80, 0.15, 0.05), 0.10, 0.2, 0.3, 0.05, 0.0010),
        Life("late", 80, (0.3, 6.0), (3, 8), (0.40, 0.30, 0.30), 0.15, 0.2, 0.3, 0.05, 0.0010),
        Life("thin", 80, (0.1, 1.0), (10, 24), (0.60, 0.25, 0.15), 0.10, 0.1, 0.6, 0.15, 0.00113),
        Life("silent", 80, (0.3, 6.0), (3, 8), None, 0.10, 0.2, 0.3, 0.05, 0.0012),
    )
}


@dataclass(frozen=True)
class Rung:
    """A rung of a lesson: bytes, worth, whether a class can watch it."""

    name: str
    length: int
    worth: float
    watchable: bool


Ladder = tuple[tuple[str, float, float, bool], ...]
"""Of each rung: its name, kbit/s, worth, and whether a class can watch it."""
ISSUE_LADDER: Ladder = (
    ("listen", 24, 0.35, False),
    ("floor", 60, 0.7, True),
    ("clear", 120, 0.9, True),
    ("best", 320, 1.0, True),
)


@dataclass(frozen=True)
class Sizes:
    """How large lessons are: each is like one of the `ladders`, and by at most `spread` (a share) larger or smaller."""

    ladders: tuple[Ladder, ...] = (ISSUE_LADDER,)
    spread: float = 0.4

    def lesson(self, dice: random.Random) -> tuple[Rung, ...]:
        """Return the rungs of a lesson."""
        factor = dice.uniform(1 - self.spread, 1 + self.spread)
        ladder = self.ladders[0] if len(self.ladders) == 1 else dice.choice(self.ladders)
        return tuple(
            Rung(name, int(kbps * factor * 1000 / 8 * LESSON_S), worth, watchable)
            for name, kbps, worth, watchable in ladder
        )


@dataclass(frozen=True)
class Course:
    """A course of the catalogue: whom it is for, and how much it is used in the country."""

    number: int
    grade: int
    subject: int
    edition: int
    weight: float


@dataclass(frozen=True, slots=True)
class Session:
    """A class uses a lesson: bins of its bell and of when it became known; `ahead` names that notice (0, 1, 2)."""

    bell: int
    lesson: int
    klass: int
    known: int
    ahead: int
    changed: bool


@dataclass(frozen=True)
class Following:
    """A class that uses a course: its hours, as bins of the week."""

    klass: int
    course: int
    slots: tuple[int, ...]


@dataclass(frozen=True)
class School:
    """A school and its four weeks."""

    life: Life
    seed: int
    mbps: float
    disk: int
    line: LineOf
    caps: list[float]
    courses: tuple[Course, ...]
    lessons: tuple[tuple[Rung, ...], ...]
    following: tuple[Following, ...]
    edition: int
    sessions: tuple[Session, ...] = field(repr=False, default=())


def make_school(life: Life, seed: int, traces: Traces, sizes: Sizes) -> School:
    """Return the school of a seed."""
    dice = random.Random(f"{life.name}-{seed}")
    mbps = math.exp(dice.uniform(*(math.log(value) for value in life.mbps)))
    a_day = dice.randint(*life.lessons_a_day)
    dark, long_outages = dice.random() < life.dark, dice.random() < life.long_outages
    line = make_line(traces, dice, mbps, dark=dark, long_outages=long_outages)
    edition = dice.randrange(EDITIONS)
    courses = tuple(_courses(dice, round(dice.uniform(300, 2000) / LESSONS_A_COURSE), edition))
    lessons = tuple(sizes.lesson(dice) for _ in range(len(courses) * LESSONS_A_COURSE))
    following = tuple(_following(dice, courses, 5 * a_day))
    sessions = tuple(sorted(_sessions(dice, life, courses, following), key=lambda s: (s.bell, s.klass)))
    disk = round(math.exp(dice.uniform(math.log(16e9), math.log(256e9))))
    return School(life, seed, mbps, disk, line, _caps(life.cap), courses, lessons, following, edition, sessions)


def _caps(cap: float) -> list[float]:
    """Return the share of the line that the fill may take in each bin: `cap` from 08 to 17 on school days."""
    return [
        cap if is_school_day(n // BINS_A_DAY) and 8 * 12 <= n % BINS_A_DAY < 17 * 12 else 1.0
        for n in range(DAYS * BINS_A_DAY)
    ]


def is_school_day(day: int) -> bool:
    """Say whether there is school on a day, counted from the first one."""
    return 0 <= day % 7 - FIRST_SCHOOL_DAY < 5


def _courses(dice: random.Random, count: int, edition: int) -> Iterator[Course]:
    """Yield the assigned catalogue: mostly of the school's own edition, popular ones few."""
    for number in range(count):
        of = edition if dice.random() < 0.7 else dice.randrange(EDITIONS)
        yield Course(number, dice.randrange(GRADES), dice.randrange(SUBJECTS), of, 1 / (1 + dice.randrange(count)))


def _following(dice: random.Random, courses: Sequence[Course], hours: int) -> Iterator[Following]:
    """Yield followings of two to five hours a week until they come to `hours`; the last one may have fewer."""
    taken: set[tuple[int, int]] = set()
    klass = 0
    while hours > 0:
        course = dice.choices(courses, [c.weight**0.5 for c in courses])[0]
        klass += 1
        count = min(hours, dice.randint(2, 5))
        hours -= count
        section = dice.randrange(2)
        who = course.grade * 2 + section
        slots = []
        for day in dice.sample(range(5), count):
            free = [bell for bell in BELLS if (who, (FIRST_SCHOOL_DAY + day) * BINS_A_DAY + bell) not in taken]
            if not free:
                hours += 1
                continue
            slot = (FIRST_SCHOOL_DAY + day) * BINS_A_DAY + dice.choice(free)
            taken.add((who, slot))
            slots.append(slot)
        if slots:
            yield Following(who, course.number, tuple(sorted(slots)))


def _sessions(
    dice: random.Random, life: Life, courses: Sequence[Course], following: Sequence[Following]
) -> Iterator[Session]:
    """Yield what is used: the next lesson in order; for a change one further on, an earlier one, or any at all."""
    for one in following:
        course, place = one.course, dice.randrange(FIRST_PLACES)
        for week in range(DAYS // 7):
            for slot in one.slots:
                if place >= LESSONS_A_COURSE:
                    course, place = _next_course(dice, courses, course), 0
                number, changed = place, dice.random() < life.changes
                lesson = course * LESSONS_A_COURSE + number
                if changed:
                    lesson = _change(dice, course, place, len(courses))
                else:
                    place += 1
                bell = week * WEEK_BINS + slot
                ahead = 0 if life.notice is None else dice.choices((0, 1, 2), life.notice)[0]
                known = bell if life.notice is None else max(0, bell - NOTICES[ahead])
                yield Session(bell, lesson, one.klass, known, ahead, changed)


def _change(dice: random.Random, course: int, place: int, courses: int) -> int:
    """Return the lesson that is used instead: for one half any of the catalogue, else one near in the course."""
    kind = dice.random()
    if kind < 0.5:
        return dice.randrange(courses * LESSONS_A_COURSE)
    near = place + dice.randint(1, 3) if kind < 0.75 else place - dice.randint(1, 3)
    return course * LESSONS_A_COURSE + min(LESSONS_A_COURSE - 1, max(0, near))


def _next_course(dice: random.Random, courses: Sequence[Course], ended: int) -> int:
    """Return what a class takes up after a course: another of its grade if there is one."""
    same = [c.number for c in courses if c.grade == courses[ended].grade and c.number != ended]
    return dice.choice(same or [c.number for c in courses])
