"""What the outside says about courses, lessons, sources, captions and attachments; never table rows."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from catalog.courses.models import SourceKind, SourceState
from catalog.formats.ids import Digest, Id
from catalog.names import Label, LongText, Name

CONTENT_TYPE = r"^[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,60}$"
ContentType = Annotated[str, StringConstraints(pattern=CONTENT_TYPE, max_length=100)]


class PlaceIn(BaseModel):
    """A place in the curriculum; a skills course names its trade and may leave the rest out."""

    stage: Label = Field(default="", examples=["初中"])
    grade: Label = Field(default="", examples=["八年级"])
    subject: Label = Field(default="", examples=["物理"])
    edition: Label = Field(default="", examples=["人教版"])
    volume: Label = Field(default="", examples=["下册"])
    unit: Label = Field(default="", examples=["第九章 压强"])
    trade: Label = ""


LEAST_BUDGET = 1_000_000
MOST_BUDGET = 1_000_000_000_000

BudgetBytes = Annotated[
    int,
    Field(
        ge=LEAST_BUDGET,
        le=MOST_BUDGET,
        description="what one school may fetch for the whole course in one tier, in bytes; its lessons share it by "
        "their length; lessons that are encoded from now on keep to it; null for no budget",
        examples=[200_000_000],
    ),
]


class CourseIn(BaseModel):
    """A course to create or change. `partner_id` is the account's own, unless ops says which.

    A change that leaves `budget_bytes` out leaves it as it is.
    """

    title: Name
    description: LongText = ""
    place: PlaceIn = PlaceIn()
    partner_id: Id | None = None
    budget_bytes: BudgetBytes | None = None


class BudgetIn(BaseModel):
    """A course's budget to set; null for none."""

    budget_bytes: BudgetBytes | None


class CourseOut(BaseModel):
    """A course."""

    id: Id
    partner_id: Id
    partner_name: str
    title: str
    description: str
    place: PlaceIn
    budget_bytes: int | None
    created_at: datetime


class LessonIn(BaseModel):
    """A lesson to create or change. Without a number it comes last; without a place it stands where its course does."""

    title: Name
    number: int | None = Field(default=None, ge=1, le=10_000)
    place: PlaceIn | None = None


class LessonOut(BaseModel):
    """A lesson."""

    id: Id
    course_id: Id
    partner_id: Id
    number: int
    title: str
    place: PlaceIn
    created_at: datetime


class SourceIn(BaseModel):
    """A file that is about to be uploaded; `size` in bytes. A deck is a PDF or PPTX, and its name ends so."""

    name: Name
    size: int = Field(ge=0, le=1 << 53)
    content_type: ContentType = "application/octet-stream"
    kind: SourceKind = SourceKind.RECORDING


class SourceOut(BaseModel):
    """An upload. The file is cut into `parts` parts of `part_size` bytes (the last is shorter), numbered from 1."""

    id: Id
    lesson_id: Id
    kind: SourceKind
    name: str
    size: int
    content_type: str
    part_size: int
    parts: int
    state: SourceState
    created_at: datetime
    uploaded_at: datetime | None


class PartNumbers(BaseModel):
    """Which parts somebody is about to send."""

    numbers: list[Annotated[int, Field(ge=1, le=10_000)]] = Field(min_length=1, max_length=100)


class PartUrl(BaseModel):
    """Where to PUT part `number`: bytes `start` to `start + length` of the file. Valid for an hour."""

    number: int
    url: str
    start: int
    length: int


class PartHeld(BaseModel):
    """A part that the store has whole."""

    number: int
    length: int


class CaptionOut(BaseModel):
    """Captions of a lesson; the file is `blobs/<sha256>` in the public bucket."""

    language: str
    name: str
    sha256: Digest
    length: int
    created_at: datetime


class CueOut(BaseModel):
    """A caption: its text without tags, from `start_ms` to `end_ms` of the lesson."""

    start_ms: int
    end_ms: int
    text: str


class RemarkOut(BaseModel):
    """What a person should know of captions that were taken. `code` is stable; `detail` is in your language."""

    code: str
    detail: str


class CaptionRead(CaptionOut):
    """Captions just stored, and how the file was understood; `first` are the first cues, to see that they are right."""

    format: str = Field(examples=["SubRip"])
    encoding: str = Field(examples=["GB18030"])
    cues: int
    first: list[CueOut]
    remarks: list[RemarkOut]


class AttachmentOut(BaseModel):
    """A file that belongs to a lesson; `type` is its media type, as its bytes say, `length` in bytes."""

    name: str = Field(examples=["课堂练习.pdf"])
    type: str = Field(examples=["application/pdf"])
    sha256: Digest
    length: int
    created_at: datetime


class LessonFilter(BaseModel):
    """Which lessons to list; empty fields do not narrow."""

    partner_id: Id | None = None
    course_id: Id | None = None
    stage: Label | None = None
    grade: Label | None = None
    subject: Label | None = None
    edition: Label | None = None
    volume: Label | None = None
    unit: Label | None = None
    trade: Label | None = None
