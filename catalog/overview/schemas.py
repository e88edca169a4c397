"""How things stand, as the pages and the API show them; never table rows."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel

from catalog.formats.ids import Id
from catalog.formats.release import Media
from catalog.jobs.media import GivenUp
from catalog.jobs.schemas import JobProgress


class LessonStage(StrEnum):
    """How far a lesson has come. `encoding` includes cutting and packing; `ready` means a release can hold it."""

    EMPTY = "empty"
    UPLOADING = "uploading"
    WAITING = "waiting"
    ENCODING = "encoding"
    FAILED = "failed"
    CANCELLED = "cancelled"
    READY = "ready"
    PUBLISHED = "published"


class LessonState(BaseModel):
    """How a lesson stands. `job` is its newest job; `release` the published release that has just what is ready now.

    `publishable` says that a release can hold it, whatever its job still does; `grown` that the newest release has its
    floors and better pictures are ready since.
    """

    stage: LessonStage
    job: JobProgress | None = None
    release: int | None = None
    publishable: bool = False
    grown: bool = False

    @property
    def is_moving(self) -> bool:
        """Say whether it changes by itself."""
        return self.stage in (LessonStage.WAITING, LessonStage.ENCODING)


class LessonMade(BaseModel):
    """What a release can hold of a lesson: the job that made it, and what was given up.

    `whole` says that the job is done; until then better pictures may follow.
    """

    job_id: Id
    whole: bool
    media: Media
    given_up: tuple[GivenUp, ...]


class CourseState(BaseModel):
    """How a course stands: the number of its newest published release, and of one that awaits its signature."""

    lessons: int = 0
    release: int | None = None
    awaiting: int | None = None


class Touch(StrEnum):
    """When a node was last heard. A node that never enrolled is no node that went silent."""

    NEW = "new"
    ENROLLED = "enrolled"
    FRESH = "fresh"
    QUIET = "quiet"
    SILENT = "silent"


class NodeRow(BaseModel):
    """A node in a list. `reported_at` is when it was last heard; lessons and bytes are as it reported them.

    `direction_held` is the version that it follows, `direction_issued` the newest; `disk_*` in bytes.
    """

    id: Id
    name: str
    site_id: Id
    site: str
    county_id: Id
    county: str
    created_at: datetime
    enrolled_at: datetime | None
    reported_at: datetime | None
    touch: Touch
    quiet_s: float
    problems: list[str]
    at_risk: int
    lessons_ready: int
    lessons: int
    direction_held: int
    direction_issued: int
    disk_free: int | None
    disk_total: int | None
    clock_offset_s: float | None
    software: str


class Counts(BaseModel):
    """How many nodes there are, by when they were heard, and how many of their lessons are ready.

    `at_risk` counts timetabled lessons of today and tomorrow that may not play at their bell.
    """

    sites: int = 0
    nodes: int = 0
    fresh: int = 0
    silent: int = 0
    new: int = 0
    problems: int = 0
    at_risk: int = 0
    lessons_ready: int = 0
    lessons: int = 0


class CountyRow(Counts):
    """A county in the overview."""

    id: Id
    name: str


class Held(BaseModel):
    """What a node holds of a course, as it reported it; bytes are verified ones."""

    course_id: Id
    title: str
    release: int
    lessons_ready: int
    lessons: int
    bytes_held: int
    bytes_wanted: int


class RuleRow(BaseModel):
    """An assignment in a list: the course, where it goes, how many nodes that reaches now, and its newest release."""

    id: Id
    course_id: Id
    course: str
    kind: str
    target_id: Id
    target: str
    nodes: int
    release: int | None
    created_at: datetime


class Effect(BaseModel):
    """What an assignment would do: nodes reached, of them new to the course, and what each would fetch."""

    nodes: int
    nodes_new: int
    release: int | None = None
    lessons: int = 0
    bytes: int = 0


class Reach(BaseModel):
    """Where a course is: nodes that are assigned it, and those that hold every lesson of its newest release."""

    nodes: int = 0
    nodes_ready: int = 0


class JobRow(BaseModel):
    """A job in a list, with the words that people know it by."""

    progress: JobProgress
    lesson: str
    course_id: Id
    course: str
    partner: str
