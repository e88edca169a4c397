"""Tables of counties, sites, nodes, and what is said to and by nodes."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from catalog.db import moment
from catalog.formats.ids import new_id


class County(SQLModel, table=True):
    """A county: where sites are."""

    __tablename__ = "county"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=26)
    name: str = Field(unique=True, max_length=200)
    created_at: datetime = moment(default_now=True)


class Site(SQLModel, table=True):
    """A school, in a county."""

    __tablename__ = "site"
    __table_args__ = (UniqueConstraint("county_id", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=26)
    county_id: str = Field(foreign_key="county.id", max_length=26)
    name: str = Field(max_length=200)
    created_at: datetime = moment(default_now=True)


class Node(SQLModel, table=True):
    """The edge cache box of a site. `token_hash` is None until it has enrolled; `health` is its last report's.

    `direction_version` is the version of the newest direction issued; `direction_due` is set since when a newer one
    is owed, None while none is. `policy` is a `catalog.formats.protocol.Policy`.
    """

    __tablename__ = "node"
    __table_args__ = (UniqueConstraint("site_id", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=26)
    site_id: str = Field(foreign_key="site.id", max_length=26)
    name: str = Field(max_length=200)
    token_hash: str | None = Field(default=None, unique=True, max_length=64)
    software: str = Field(default="", max_length=64)
    policy: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    health: dict[str, Any] | None = Field(default=None, sa_type=JSONB, nullable=True)
    health_made: datetime | None = moment(default=None, nullable=True)
    direction_version: int = 0
    direction_due: datetime | None = moment(default=None, nullable=True, index=True)
    enrolled_at: datetime | None = moment(default=None, nullable=True)
    last_seen_at: datetime | None = moment(default=None, nullable=True)
    created_at: datetime = moment(default_now=True)


class EnrolmentCode(SQLModel, table=True):
    """A one-time code; only the sha256 of its secret half is kept."""

    __tablename__ = "enrolment_code"

    secret_hash: str = Field(primary_key=True, max_length=64)
    node_id: str = Field(foreign_key="node.id", ondelete="CASCADE", max_length=26, index=True)
    expires_at: datetime = moment()
    used_at: datetime | None = moment(default=None, nullable=True)
    created_at: datetime = moment(default_now=True)


class TargetingRule(SQLModel, table=True):
    """Who should hold a course: one node, all nodes of a site, or all of a county. Exactly one of the three is set."""

    __tablename__ = "assignment"
    __table_args__ = (
        CheckConstraint("num_nonnulls(node_id, site_id, county_id) = 1", name="one_target"),
        Index("uq_assignment_node", "course_id", "node_id", unique=True, postgresql_where="node_id is not null"),
        Index("uq_assignment_site", "course_id", "site_id", unique=True, postgresql_where="site_id is not null"),
        Index("uq_assignment_county", "course_id", "county_id", unique=True, postgresql_where="county_id is not null"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=26)
    course_id: str = Field(foreign_key="course.id", max_length=26, index=True)
    node_id: str | None = Field(default=None, foreign_key="node.id", ondelete="CASCADE", max_length=26, index=True)
    site_id: str | None = Field(default=None, foreign_key="site.id", ondelete="CASCADE", max_length=26, index=True)
    county_id: str | None = Field(default=None, foreign_key="county.id", ondelete="CASCADE", max_length=26, index=True)
    created_at: datetime = moment(default_now=True)


class DirectionRow(SQLModel, table=True):
    """A direction as the signer signed it: the DSSE envelope's JSON, byte for byte."""

    __tablename__ = "direction"

    node_id: str = Field(primary_key=True, foreign_key="node.id", ondelete="CASCADE", max_length=26)
    version: int = Field(primary_key=True)
    envelope: bytes
    created_at: datetime = moment(default_now=True)


class ReportRow(SQLModel, table=True):
    """A node's report; its id makes it count once."""

    __tablename__ = "report"
    __table_args__ = (Index("ix_report_node", "node_id", "made"),)

    id: str = Field(primary_key=True, max_length=26)
    node_id: str = Field(foreign_key="node.id", ondelete="CASCADE", max_length=26)
    made: datetime = moment()
    received_at: datetime = moment(default_now=True)
    body: dict[str, Any] = Field(sa_type=JSONB)


class Holding(SQLModel, table=True):
    """What a node held of a course when it last reported; bytes are verified ones."""

    __tablename__ = "holding"

    node_id: str = Field(primary_key=True, foreign_key="node.id", ondelete="CASCADE", max_length=26)
    course_id: str = Field(primary_key=True, max_length=26)
    release: int
    lessons_ready: int
    lessons: int
    bytes_held: int = Field(sa_type=BigInteger)
    bytes_wanted: int = Field(sa_type=BigInteger)
