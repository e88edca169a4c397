"""Tables of timetables: entries of schools, how far each has come, and what nodes foresee."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from catalog.db import moment


class SiteTimetable(SQLModel, table=True):
    """A school's timetable: `revision` counts its changes, `digest` is that of all its entries together."""

    __tablename__ = "timetable"

    site_id: str = Field(primary_key=True, foreign_key="site.id", ondelete="CASCADE", max_length=26)
    revision: int = Field(default=0, sa_type=BigInteger)
    digest: str = Field(default="", max_length=64)


class TimetableEntry(SQLModel, table=True):
    """An entry as its copies are together: `body` is a `catalog.formats.timetable.Entry`.

    `revision` is the change of the school's timetable that made it so.
    """

    __tablename__ = "timetable_entry"
    __table_args__ = (Index("ix_timetable_entry_revision", "site_id", "revision"),)

    site_id: str = Field(primary_key=True, foreign_key="site.id", ondelete="CASCADE", max_length=26)
    id: str = Field(primary_key=True, max_length=26)
    revision: int = Field(sa_type=BigInteger)
    digest: str = Field(max_length=64)
    body: dict[str, Any] = Field(sa_type=JSONB)


class NodeForecast(SQLModel, table=True):
    """How a node's timetabled lessons stood when it last reported: a `catalog.formats.forecast.TimetableForecast`."""

    __tablename__ = "timetable_forecast"

    node_id: str = Field(primary_key=True, foreign_key="node.id", ondelete="CASCADE", max_length=26)
    made: datetime = moment()
    body: dict[str, Any] = Field(sa_type=JSONB)
