"""Tables of jobs and of the tasks that they consist of."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from catalog.db import moment
from catalog.formats.ids import new_id


class JobState(StrEnum):
    """Where a job is. `failed` and `cancelled` can be retried; `done` is for ever."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


LIVE = (JobState.WAITING, JobState.RUNNING)


class TaskKind(StrEnum):
    """The stages of a job, in order; also the names of the queues."""

    INGEST = "ingest"
    ENCODE = "encode"
    PACK = "pack"


class TaskState(StrEnum):
    """Where a task is; `running` means that somebody holds its lease.

    `held` are the segments of a track that nobody looks at: they wait until those that are looked at were good enough.
    """

    HELD = "held"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


FIRST = 0
"""The priority of what a lesson needs to be watchable: ingest, sound, and the floor. Better rungs have 1, 2, …"""


class Job(SQLModel, table=True):
    """One source on its way to packs. `media` is a `catalog.formats.release.Media`, and None until it can be published.

    That is at `floors_at`, when the floor of every tier is whole; better rungs are added when the job is done.
    `error_message` is a msgid that `error_data` fills; `plan` and `recipe` are what the workers decided, `base` what a
    release will say beside its tracks, `given_up` what a budget or a gate took from the ladder.
    """

    __tablename__ = "job"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=26)
    lesson_id: str = Field(foreign_key="lesson.id", index=True, max_length=26)
    course_id: str = Field(foreign_key="course.id", index=True, max_length=26)
    source_id: str = Field(foreign_key="source.id", index=True, max_length=26)
    state: str = Field(default=JobState.WAITING, index=True, max_length=16)
    error_code: str | None = Field(default=None, max_length=64)
    error_message: str | None = None
    error_data: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    recipe: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    plan: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    base: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    media: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    given_up: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    content_seconds: float | None = None
    created_at: datetime = moment(default_now=True)
    started_at: datetime | None = moment(default=None, nullable=True)
    floors_at: datetime | None = moment(default=None, nullable=True)
    finished_at: datetime | None = moment(default=None, nullable=True)


class Task(SQLModel, table=True):
    """A step of a job that one worker does in one go. `weight` is its share of the work, about seconds of a processor.

    `track` names the track that it works for, and a lower `priority` goes first.

    `attempts` counts the leases that were taken since the last retry, `outages` the times that a server it needs
    was away; `not_before` holds it back for a while after either. `rung_at` is when its doorbell last rang.
    """

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("job_id", "kind", "number"),
        Index("ix_task_waiting", "rung_at", postgresql_where="state = 'waiting'"),
        Index("ix_task_lease", "lease_until", postgresql_where="state = 'running'"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=26)
    job_id: str = Field(foreign_key="job.id", ondelete="CASCADE", max_length=26)
    kind: str = Field(max_length=16)
    number: int = 0
    track: str = Field(default="", max_length=40)
    priority: int = FIRST
    state: str = Field(default=TaskState.WAITING, max_length=16)
    payload: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    result: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    weight: float = 1.0
    progress: float = 0.0
    attempts: int = 0
    outages: int = 0
    lease_holder: str | None = Field(default=None, max_length=100)
    lease_until: datetime | None = moment(default=None, nullable=True)
    not_before: datetime | None = moment(default=None, nullable=True)
    rung_at: datetime | None = moment(default=None, nullable=True)
    started_at: datetime | None = moment(default=None, nullable=True)
    finished_at: datetime | None = moment(default=None, nullable=True)
    error_code: str | None = Field(default=None, max_length=64)
    error_message: str | None = None
    error_data: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
