"""What the outside says about publications; never table rows."""

from datetime import datetime

from pydantic import BaseModel

from catalog.formats.ids import Id
from catalog.publishing.models import PublicationState


class LeftOut(BaseModel):
    """A lesson that is not in a release because nothing of it is encoded yet."""

    lesson_id: Id
    number: int
    title: str


class PublicationOut(BaseModel):
    """A release of a course. While it awaits its signature, the publisher signs it at `sign_url`."""

    id: Id
    course_id: Id
    number: int
    lessons: int
    state: PublicationState
    sign_url: str | None
    reason: str
    target_path: str | None
    created_at: datetime
    published_at: datetime | None
    left_out: list[LeftOut] = []
