"""The school as the planner's rule of foreseeing sees it: what was used and what is timetabled, nothing else."""

from benchmarks.readiness.lines import BIN_S, BINS_A_DAY, DAYS
from benchmarks.readiness.schools import FIRST_SCHOOL_DAY, LESSONS_A_COURSE, School, Session
from edge_cache.planner.foresee import Profile, foresee, likely
from edge_cache.planner.foresee import School as Seen
from edge_cache.planner.given import DAY, HOUR, MONDAY, Due, Foreseen

OFFSET_S = 8 * HOUR
LOOKS_AGAIN_BINS = 36
WORTH_A_MILLION = 0.7 / 12
"""Of the smallest floor that there is, in the issue's sizes."""
START = MONDAY + 2904 * 7 * DAY - FIRST_SCHOOL_DAY * DAY - OFFSET_S
"""A Saturday's midnight in China, in seconds since 1970."""


def moment(bin_: int) -> float:
    """Return the time of a bin."""
    return START + bin_ * BIN_S


class Foreseer:
    """Keeps what is known, and foresees anew when that has changed or some hours have passed."""

    def __init__(self, school: School) -> None:
        self._used: list[Due] = []
        self._courses = {
            str(c.number): [str(c.number * LESSONS_A_COURSE + n) for n in range(LESSONS_A_COURSE)]
            for c in school.courses
        }
        self._places = {
            lesson: (course, n) for course, lessons in self._courses.items() for n, lesson in enumerate(lessons)
        }
        self._profiles = _profiles(school)
        self._found: list[Foreseen] = []
        self._likely: list[tuple[str, float]] = []
        self._likely_at = -1
        self._at = -1
        self._closed = ((moment(DAYS * BINS_A_DAY), moment(2 * DAYS * BINS_A_DAY)),)

    def known(self, sessions: list[Session]) -> None:
        """Add entries of the timetable."""
        self._used += [Due(str(s.lesson), str(s.klass), moment(s.bell)) for s in sessions]
        self._at = -1

    def used(self, session: Session) -> None:
        """Add what was played, if no timetable had it."""
        if session.known >= session.bell:
            self._used.append(Due(str(session.lesson), str(session.klass), moment(session.bell)))
            self._at = -1

    def foreseen(self, bin_: int) -> list[Foreseen]:
        """Return what our rule foresees now."""
        self._look(bin_)
        return self._found

    def likely(self, bin_: int, thrift: float) -> list[tuple[str, float]]:
        """Return what our rule thinks likely, as far as `thrift` would ever fetch it; looked at every three hours."""
        if self._likely_at < 0 or bin_ - self._likely_at >= LOOKS_AGAIN_BINS:
            self._likely = likely(moment(bin_), self._seen(), thrift / WORTH_A_MILLION)
            self._likely_at = bin_
        return self._likely

    def _look(self, bin_: int) -> None:
        if self._at < 0 or bin_ - self._at >= LOOKS_AGAIN_BINS:
            self._found, self._at = foresee(moment(bin_), self._seen()), bin_

    def _seen(self) -> Seen:
        return Seen(self._courses, self._places, self._used, self._profiles, self._closed, OFFSET_S)


def _profiles(school: School) -> tuple[Profile, ...]:
    """Return what is known of each class: for each subject its hours a week, and the courses that fit."""
    found = []
    for one in school.following:
        mine = school.courses[one.course]
        fit = tuple(
            str(c.number)
            for c in school.courses
            if (c.grade, c.subject, c.edition) == (mine.grade, mine.subject, mine.edition)
        )
        found.append(Profile(str(one.klass), fit, len(one.slots)))
    return tuple(found)
