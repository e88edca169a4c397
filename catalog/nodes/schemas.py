"""What the outside says about counties, sites, nodes and assignments; never table rows."""

from datetime import datetime

from pydantic import BaseModel, Field

from catalog.formats.ids import Id
from catalog.formats.protocol import Health, Policy
from catalog.names import Name


class CountyIn(BaseModel):
    """A county to add."""

    name: Name


class CountyOut(BaseModel):
    """A county."""

    id: Id
    name: str


class SiteIn(BaseModel):
    """A school to add."""

    county_id: Id
    name: Name


class SiteOut(BaseModel):
    """A school."""

    id: Id
    county_id: Id
    name: str


class NodeIn(BaseModel):
    """A node to add, before it enrols."""

    site_id: Id
    name: Name


class HoldingOut(BaseModel):
    """What a node held of a course when it last reported."""

    course_id: Id
    course_title: str | None
    release: int
    lessons_ready: int
    lessons: int
    bytes_held: int
    bytes_wanted: int


class NodeOut(BaseModel):
    """A node; the sums are over its courses, in lessons and bytes. `direction_due` says that a newer one is owed."""

    id: Id
    name: str
    site_id: Id
    site_name: str
    county_id: Id
    county_name: str
    software: str
    enrolled_at: datetime | None
    last_seen_at: datetime | None
    direction_version: int
    direction_due: bool
    health: Health | None
    health_made: datetime | None
    policy: Policy
    lessons_ready: int
    lessons: int
    bytes_held: int
    bytes_wanted: int
    created_at: datetime


class NodeDetail(NodeOut):
    """A node with what it holds, course by course."""

    holdings: list[HoldingOut]


class CodeIn(BaseModel):
    """For how many hours an enrolment code is to work."""

    hours: int = Field(default=48, ge=1, le=24 * 14)


class CodeOut(BaseModel):
    """An enrolment code. It is shown once: only its digest is kept."""

    code: str
    node_id: Id
    expires_at: datetime


class RuleIn(BaseModel):
    """Who should hold a course: exactly one of node, site and county."""

    course_id: Id
    node_id: Id | None = None
    site_id: Id | None = None
    county_id: Id | None = None


class RuleOut(RuleIn):
    """A targeting rule, with names for people."""

    id: Id
    course_title: str
    target_name: str
    created_at: datetime
