"""What a node and the centre say to each other over HTTP (docs/format.md, "The node's protocol")."""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, field_validator

from catalog.formats.forecast import TimetableForecast
from catalog.formats.ids import Id
from catalog.formats.release import Document, Title
from catalog.formats.rungs import Tier

FORMAT: Final = 1
DIRECTION_TYPE = "application/vnd.songtan.direction+json"

ENROL_PATH = "/api/node/enrol"
DIRECTION_PATH = "/api/node/direction"
REPORT_PATH = "/api/node/reports"
TIMESTAMP_HEADER = "Songtan-Timestamp"
"""In a 304 of `DIRECTION_PATH`: the sha256 of the timestamp that the store has now; it can only save a question."""

Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{4}(-[0-9A-Z]{4}){5}$")]
"""An enrolment code: 12 characters of secret, 12 of the root's fingerprint, in groups of four."""


class EnrolRequest(Document):
    """A new node's only unauthenticated request (POST `ENROL_PATH`)."""

    code: Code
    software: str = Field(max_length=64)


class EnrolAnswer(Document):
    """What an enrolled node keeps. `token` is the bearer token of its later requests; `root` is root.json.

    `store_url` is where the public objects are (packs, indexes, blobs, metadata), without a slash at the end.
    """

    node: Id
    name: Title
    site_name: Title
    token: str = Field(min_length=32, max_length=128)
    root: str
    store_url: str
    now: AwareDatetime


class Assignment(Document):
    """A course that the node should hold, from release `release` on; the signed repository says which is newest."""

    course: Id
    partner: Id
    release: int = Field(ge=1)


class Window(Document):
    """A fill window in the node's local time, minutes since midnight; `end` before `start` goes past midnight.

    `days` are the weekdays on which it starts, 0 Monday to 6 Sunday; empty: every day.
    """

    start: int = Field(ge=0, lt=1440)
    end: int = Field(ge=0, lt=1440)
    days: tuple[Annotated[int, Field(ge=0, le=6)], ...] = ()


class Policy(Document):
    """How a node may use the school's line and box, and which tiers of lessons its screens play.

    `gives_way`: leave the line when others use it. `idle_line_whole`: while nobody else does, the cap does not hold.
    `monthly_bytes`: a metered line may bring so many in a calendar month of the school's. `thrift`: the least worth,
    as classes will likely have it (1: a lesson at its best), that a million bytes over the line must bring; 0: idle
    hours fetch the whole assigned catalogue. `disk_quota_bytes`: the store never grows beyond; null: up to the reserve.
    """

    rate_limit_bits_per_s: int | None = Field(default=None, ge=8_000)
    windows: tuple[Window, ...] = ()
    gives_way: bool = True
    idle_line_whole: bool = False
    monthly_bytes: int | None = Field(default=None, ge=0)
    thrift: float = Field(default=0, ge=0, le=1)
    disk_reserve_bytes: int = Field(default=1_000_000_000, ge=0)
    disk_quota_bytes: int | None = Field(default=None, ge=0)
    tiers: tuple[Tier, ...] = Field(default=(Tier.COMPATIBLE,), min_length=1)

    @field_validator("tiers")
    @classmethod
    def _in_order(cls, tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
        """Return each tier once, in the order of a release: one policy has one form."""
        return tuple(tier for tier in Tier if tier in tiers)


class Direction(Document):
    """What one node should do, signed for it by the online key. `version` never goes back for a node."""

    v: Literal[1] = FORMAT
    node: Id
    version: int = Field(ge=1)
    issued: AwareDatetime
    expires: AwareDatetime
    store_url: str
    assignments: tuple[Assignment, ...] = Field(max_length=10_000)
    policy: Policy = Policy()


class CourseHeld(Document):
    """What a node holds of one course: lessons ready at a watchable rung, of all; verified bytes, of all."""

    course: Id
    release: int = Field(ge=0, description="the release that is served; 0 while none is")
    lessons_ready: int = Field(ge=0)
    lessons: int = Field(ge=0)
    bytes_held: int = Field(ge=0)
    bytes_wanted: int = Field(ge=0)


class Health(Document):
    """How the box is. `disk_*` in bytes, `clock_offset_s` this box's clock less the centre's as last seen."""

    software: str = Field(max_length=64)
    started: AwareDatetime
    disk_free: int = Field(ge=0)
    disk_total: int = Field(ge=0)
    clock_offset_s: float | None
    direction_version: int = Field(ge=0)
    problems: tuple[Annotated[str, StringConstraints(max_length=500)], ...] = Field(default=(), max_length=50)


class Report(Document):
    """A node's report (POST `REPORT_PATH`). `id` makes it count once however often it is sent.

    `timetable` is None where the node keeps none, or is of a version that says nothing of it.
    """

    v: Literal[1] = FORMAT
    id: Id
    made: AwareDatetime
    health: Health
    courses: tuple[CourseHeld, ...] = Field(max_length=10_000)
    timetable: TimetableForecast | None = None


class ReportAnswer(BaseModel):
    """The centre's receipt, with its time, by which a node learns how wrong its clock is.

    `timetable` is the digest of the school's timetable there; None from a centre that keeps none.
    """

    id: Id
    now: AwareDatetime
    direction_version: int
    timetable: str | None = None
