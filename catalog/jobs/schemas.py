"""What services and workers say to each other about jobs; never table rows."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from catalog.jobs.media import GivenUp, MediaBase
from catalog.jobs.models import JobState, TaskKind


class Ring(BaseModel):
    """A doorbell to ring: task `task_id` waits in the queue `kind`."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    kind: TaskKind


class Lease(BaseModel):
    """The right to work at a task until the lease runs out; `holder` names this one attempt."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    job_id: str
    lesson_id: str
    source_id: str
    kind: TaskKind
    number: int
    track: str
    priority: int
    holder: str
    attempts: int
    outages: int
    payload: dict[str, Any]


class NewTask(BaseModel):
    """A task of the next stage. `weight` is about seconds of a processor; `track` and `priority` as in `Task`.

    A track is judged by those of its tasks that are `looked_at`.
    """

    model_config = ConfigDict(frozen=True)

    payload: dict[str, Any]
    weight: float = Field(gt=0)
    track: str
    priority: int = Field(default=0, ge=0)
    looked_at: bool = False
    result: dict[str, Any] | None = Field(default=None, description="what it came to, if it need not be done")


class NewJob(BaseModel):
    """What ingest found and decided; see `Job`."""

    model_config = ConfigDict(frozen=True)

    content_seconds: float
    recipe: dict[str, Any]
    plan: dict[str, Any]
    base: MediaBase
    given_up: tuple[GivenUp, ...] = ()
    tasks: tuple[NewTask, ...]


class EncodeRow(BaseModel):
    """An encode task of a track that is done: its number in the job, what it was asked, and what came out."""

    model_config = ConfigDict(frozen=True)

    number: int
    payload: dict[str, Any]
    result: dict[str, Any]


class Corrected(BaseModel):
    """The finished job that a newer source of its lesson corrects: its source, what was decided, and its segments.

    `rows` are those of the tracks that came out, by track.
    """

    model_config = ConfigDict(frozen=True)

    source_key: str
    recipe: dict[str, Any]
    plan: dict[str, Any]
    base: MediaBase
    rows: dict[str, tuple[EncodeRow, ...]]


class Budget(BaseModel):
    """What a course may cost in bytes for whoever holds it all in one tier, and the lessons that share it.

    `known_s` sums the seconds of its `known` other lessons that have been looked at; `unknown` others have not.
    """

    model_config = ConfigDict(frozen=True)

    course_bytes: int
    known: int = 0
    known_s: float = 0.0
    unknown: int = 0

    def share(self, seconds: float) -> float:
        """Return the bytes for a lesson of so many seconds; lessons not looked at count as the mean of the others."""
        mean = (self.known_s + seconds) / (self.known + 1)
        return self.course_bytes * seconds / (self.known_s + seconds + self.unknown * mean)

    def bits_per_s(self, seconds: float, beside: int) -> float:
        """Return what a tier's tracks may take in a lesson whose stills and poster take the bytes `beside`."""
        return max(0.0, self.share(seconds) - beside) * 8 / seconds


class Fault(BaseModel):
    """An error as a row keeps it: `message` is a msgid that `data` fills."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    data: dict[str, str | int | float | None]


class JobFacts(BaseModel):
    """How far a job is, but for why it failed. `rate` is in content seconds per second; `eta_s` and `floors_eta_s`,
    until a release can hold the lesson, are in seconds; None while nobody can know. `floors_ready` says that a release
    can hold it now.
    """

    job_id: str
    lesson_id: str
    source_id: str
    state: JobState
    stage: TaskKind | None
    percent: float = Field(ge=0, le=100)
    rate: float | None
    eta_s: float | None
    content_seconds: float | None
    segments_done: int
    segments: int
    floors_ready: bool = False
    floors_eta_s: float | None = None
    given_up: tuple[GivenUp, ...] = ()
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobProgress(JobFacts):
    """How far a job is, and why it failed, if it did."""

    fault: Fault | None
