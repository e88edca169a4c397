"""The fields of the timetable's entries: their names, what they hold, and an entry as its kind reads it."""

import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from catalog.formats.hashing import canonical_json
from catalog.formats.ids import Id

MAX_VALUE_BYTES = 10_000
NAME = re.compile(r"[a-z][a-z_]{0,30}(\.[0-9-]{1,10}){0,2}")
CLOCK = r"([01]\d|2[0-3])[0-5]\d"

NOTHING = re.compile("")

BELLS_ID = "00000000000000000000000000"
"""The one entry of kind `bells` that a school has: whoever writes it first, it is the same."""


def _one_line(text: str) -> str:
    if any(unicodedata.category(c) in {"Cc", "Cs", "Co", "Zl", "Zp"} for c in text):
        raise ValueError("must be one line without control characters")
    return unicodedata.normalize("NFC", text)


def _day(text: str) -> str:
    try:
        if date.fromisoformat(text).isoformat() == text and "2000" <= text[:4] < "2200":
            return text
    except ValueError:
        pass
    raise ValueError("is no day in the form 2026-11-26")


ClassName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), AfterValidator(_one_line)
]
Day = Annotated[str, StringConstraints(min_length=10, max_length=10), AfterValidator(_day)]
Minutes = Annotated[int, Field(ge=5, le=300, strict=True)]
Clock = Annotated[int, Field(ge=0, lt=1440, strict=True)]
Weekday = Annotated[int, Field(ge=1, le=7, strict=True)]
Kind = Literal["weekly", "once", "days", "bells"]


class Change(BaseModel):
    """What is different at one occurrence of a weekly entry.

    `skip`: it does not take place, and its lesson is taken the next time. `lesson`: this one instead; with `onward`
    the course goes on after it, else it is taken beside the order of the course. `day` and `start`: then instead.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    skip: bool = False
    lesson: Id | None = None
    onward: bool = False
    day: Day | None = None
    start: Clock | None = None


FIELDS: dict[str, TypeAdapter[Any]] = {
    "kind": TypeAdapter(Kind),
    "class_name": TypeAdapter(Annotated[str, StringConstraints(max_length=40), AfterValidator(_one_line)]),
    "name": TypeAdapter(Annotated[str, StringConstraints(max_length=100), AfterValidator(_one_line)]),
    "course": TypeAdapter(Id),
    "lesson": TypeAdapter(Id),
    "first": TypeAdapter(Day),
    "last": TypeAdapter(Day | None),
    "follows": TypeAdapter(Weekday | None),
    "start": TypeAdapter(Clock),
    "minutes": TypeAdapter(Minutes),
    "at": TypeAdapter(Minutes | None),
    "on": TypeAdapter(Change | None),
    "bell": TypeAdapter(Minutes | None),
    "removed": TypeAdapter(dict[Id, Annotated[int, Field(ge=1)]] | None),
}
"""What each field holds, by the part of its name before the first dot. Others are kept as they are."""
KEYS = {
    "at": re.compile(rf"[1-7]\.{CLOCK}"),
    "on": re.compile(rf"\d{{4}}-\d\d-\d\d\.{CLOCK}"),
    "bell": re.compile(CLOCK),
}
"""How the names of some fields go on after the first dot: weekday, day, and the time that a period begins."""


def check_field(name: str, value: Any) -> None:
    """Raise ValueError unless a field may have this name and hold this value."""
    stem, _, rest = name.partition(".")
    if not NAME.fullmatch(name) or (stem in FIELDS and not KEYS.get(stem, NOTHING).fullmatch(rest)):
        raise ValueError(f"{name[:60]} is no name of a field")
    if stem == "on":
        _day(rest.partition(".")[0])
    encoded = canonical_json(value)
    if len(encoded) > MAX_VALUE_BYTES or b"\\u0000" in encoded:
        raise ValueError(f"the field {name} is too long, or holds what no database keeps")
    if stem in FIELDS:
        try:
            FIELDS[stem].validate_python(value)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
            raise ValueError(f"the field {name}: {fault['msg']}") from error


def clock_key(start: int) -> str:
    """Return minutes since midnight as a field's name has them: 0805."""
    return f"{start // 60:02d}{start % 60:02d}"


def at_field(weekday: int, start: int) -> str:
    """Return the name of the field that says how long a weekly period is."""
    return f"at.{weekday}.{clock_key(start)}"


def on_field(day: date, start: int) -> str:
    """Return the name of the field that says what is different at one occurrence."""
    return f"on.{day.isoformat()}.{clock_key(start)}"


def bell_field(start: int) -> str:
    """Return the name of the field that says how long the period is that a bell begins."""
    return f"bell.{clock_key(start)}"


def clock_of(key: str) -> int:
    """Return the minutes since midnight that a key such as 0805 names."""
    return int(key[:2]) * 60 + int(key[2:])
