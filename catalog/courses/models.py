"""Tables of courses, lessons, sources, captions and attachments."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from catalog.db import moment
from catalog.formats.ids import new_id


class PlaceColumns(SQLModel):
    """Where something stands in the curriculum, as columns (`catalog.formats.release.Place`)."""

    stage: str = Field(default="", max_length=100)
    grade: str = Field(default="", max_length=100)
    subject: str = Field(default="", max_length=100)
    edition: str = Field(default="", max_length=100)
    volume: str = Field(default="", max_length=100)
    unit: str = Field(default="", max_length=100)
    trade: str = Field(default="", max_length=100)


PLACE_FIELDS = tuple(PlaceColumns.model_fields)


class SourceState(StrEnum):
    """Where a source is: its parts are coming in; it is whole in the store; it was given up."""

    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    ABANDONED = "abandoned"


class SourceKind(StrEnum):
    """What a source is: the lesson's video or voice, or the deck of slides that belongs to it (PDF or PPTX)."""

    RECORDING = "recording"
    DECK = "deck"


class Course(PlaceColumns, table=True):
    """What is taught, by one partner. `budget_bytes` is what it may cost who holds it all in one tier."""

    __tablename__ = "course"
    __table_args__ = (Index("ix_course_page", "created_at", "id"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=26)
    partner_id: str = Field(foreign_key="partner.id", max_length=26, index=True)
    title: str = Field(max_length=200)
    description: str = Field(default="", max_length=4000)
    budget_bytes: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime = moment(default_now=True)


class Lesson(PlaceColumns, table=True):
    """A lesson of a course, numbered from 1. `partner_id` is its course's, so that a page needs no join to filter."""

    __tablename__ = "lesson"
    __table_args__ = (
        UniqueConstraint("course_id", "number"),
        Index("ix_lesson_page", "created_at", "id"),
        Index("ix_lesson_partner_page", "partner_id", "created_at", "id"),
        Index("ix_lesson_stage_page", "stage", "created_at", "id"),
        Index("ix_lesson_grade_page", "grade", "created_at", "id"),
        Index("ix_lesson_subject_page", "subject", "created_at", "id"),
        Index("ix_lesson_trade_page", "trade", "created_at", "id", postgresql_where="trade <> ''"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=26)
    course_id: str = Field(foreign_key="course.id", max_length=26)
    partner_id: str = Field(foreign_key="partner.id", max_length=26)
    number: int
    title: str = Field(max_length=200)
    created_at: datetime = moment(default_now=True)


class Source(SQLModel, table=True):
    """The file as the partner uploads it. Sizes in bytes; `object_key` is its name in the private bucket.

    The newest whole deck of a lesson belongs to its next job.
    """

    __tablename__ = "source"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=26)
    lesson_id: str = Field(foreign_key="lesson.id", max_length=26, index=True)
    kind: str = Field(default=SourceKind.RECORDING, max_length=16)
    name: str = Field(max_length=200)
    content_type: str = Field(max_length=100)
    size: int = Field(sa_type=BigInteger)
    object_key: str = Field(unique=True, max_length=100)
    upload_id: str = Field(max_length=1024)
    part_size: int = Field(sa_type=BigInteger)
    state: str = Field(default=SourceState.UPLOADING, max_length=16)
    created_at: datetime = moment(default_now=True)
    uploaded_at: datetime | None = moment(default=None, nullable=True)


class Caption(SQLModel, table=True):
    """Captions of a lesson in one language; the WebVTT file is `blobs/<sha256>` of `length` bytes."""

    __tablename__ = "caption"
    __table_args__ = (UniqueConstraint("lesson_id", "language"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=26)
    lesson_id: str = Field(foreign_key="lesson.id", max_length=26)
    language: str = Field(max_length=35)
    name: str = Field(max_length=100)
    sha256: str = Field(max_length=64)
    length: int
    created_at: datetime = moment(default_now=True)


class Attachment(SQLModel, table=True):
    """A file that belongs to a lesson: `length` bytes of media type `type`. Its `parts` are `blobs/<digest>`, in order.

    `sha256` is that of the whole.
    """

    __tablename__ = "attachment"
    __table_args__ = (UniqueConstraint("lesson_id", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=26)
    lesson_id: str = Field(foreign_key="lesson.id", max_length=26)
    name: str = Field(max_length=255)
    type: str = Field(max_length=100)
    sha256: str = Field(max_length=64)
    length: int
    parts: list[str] = Field(sa_type=JSONB)
    created_at: datetime = moment(default_now=True)
