"""What services and workers say to each other about jobs; never table rows."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

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
    holder: str
    attempts: int
    outages: int
    payload: dict[str, Any]


class NewTask(BaseModel):
    """A task of the next stage. `weight` is in content seconds × cost of the rung."""

    model_config = ConfigDict(frozen=True)

    payload: dict[str, Any]
    weight: float = Field(gt=0)


class Fault(BaseModel):
    """An error as a row keeps it: `message` is a msgid that `data` fills."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    data: dict[str, str | int | float | None]


class JobProgress(BaseModel):
    """How far a job is. `rate` is in content seconds per second, `eta_s` in seconds; None while nobody can know."""

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
    fault: Fault | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
