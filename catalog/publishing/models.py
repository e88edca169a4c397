"""The table of publications: releases on their way to a signature, and those that have one."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from catalog.db import moment
from catalog.formats.ids import new_id


class PublicationState(StrEnum):
    """Where a publication is: its draft is at the signer; it is listed in the signed repository; it was given up."""

    AWAITING_SIGNATURE = "awaiting_signature"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Publication(SQLModel, table=True):
    """Release `number` of a course. `draft` is what was, or will be, signed (`Release.encoded`)."""

    __tablename__ = "publication"
    __table_args__ = (
        UniqueConstraint("course_id", "number"),
        Index(
            "ix_publication_one_waiting",
            "course_id",
            unique=True,
            postgresql_where="state = 'awaiting_signature'",
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=26)
    course_id: str = Field(foreign_key="course.id", max_length=26, index=True)
    number: int
    draft: bytes
    lessons: int
    draft_id: str | None = Field(default=None, max_length=64)
    sign_url: str | None = Field(default=None, max_length=1024)
    state: str = Field(default=PublicationState.AWAITING_SIGNATURE, max_length=32)
    reason: str = Field(default="", max_length=1000)
    target_path: str | None = Field(default=None, max_length=200)
    created_at: datetime = moment(default_now=True)
    published_at: datetime | None = moment(default=None, nullable=True)
