"""Whether lessons on the timetable will play at their bell, as a node says it to teachers and to the centre."""

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from catalog.formats.ids import Id
from catalog.formats.release import Document
from catalog.formats.timetable_fields import ClassName

MAX_FORECAST = 500

Code = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z-]*$")]


class State(StrEnum):
    """How a lesson stands before its bell.

    `ready`: a watchable rung of it is whole here. `will-play`: it is not, but what is missing surely arrives before it
    is needed. `arriving`: it will be whole before the bell. `at-risk`: it may not be there. A later version may say
    other things: what is not known is shown as `at-risk`.
    """

    READY = "ready"
    WILL_PLAY = "will-play"
    ARRIVING = "arriving"
    AT_RISK = "at-risk"


class Why(StrEnum):
    """Why a lesson is not ready, as far as a person can do something about it."""

    NO_COURSE = "no-course"
    NO_LESSON = "no-lesson"
    NO_LINE = "no-line"
    LINE_SLOW = "line-slow"
    LINE_BUSY = "line-busy"
    PAUSED = "paused"
    DISK_FULL = "disk-full"
    BUDGET = "budget"
    NOT_WANTED = "not-wanted"
    NOT_PLAYABLE = "not-playable"
    SOURCE = "source"
    NOT_FETCHED = "not-fetched"


class Forecast(Document):
    """What is foreseen of one lesson.

    `when` it will be whole (None where nobody can say), at which `rung`, with how much of it here (`share`, 0 to 1),
    and `why` it is late: one of `Why`, or a code of a later version, or nothing.
    """

    state: Code
    when: AwareDatetime | None = None
    rung: Code = ""
    share: float = Field(default=0, ge=0, le=1)
    why: Code = ""


class TimetabledLesson(Forecast):
    """A forecast with the lesson that a class takes: `lesson` is None where the node does not know which."""

    entry: Id
    class_name: ClassName
    course: Id
    lesson: Id | None
    starts: AwareDatetime
    ends: AwareDatetime


class TimetableForecast(Document):
    """The part of a report that says how the next days' timetabled lessons stand, in the order of time."""

    lessons: tuple[TimetabledLesson, ...] = Field(max_length=MAX_FORECAST)
