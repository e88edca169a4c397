"""The timetable as the nodes of a school and the centre keep it together (docs/format.md, "Timetable").

An entry is a set of fields. A field keeps each value that was written without knowledge of the others, and an entry
keeps how much of each writer's work it has seen: the join of dots under a version vector (Almeida, Shoker, Baquero,
"Delta state replicated data types", 2018). So copies can be merged in any order, as often as anybody likes, with the
same result, and no clock has a say in it. Nothing here is lost silently: two values of a field are a conflict, and so
is a change to an entry that somebody else removed without having seen it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, Field, JsonValue, field_validator, model_validator

from catalog.formats.hashing import canonical_json, sha256_hex
from catalog.formats.ids import Id
from catalog.formats.release import Document, Label
from catalog.formats.timetable_fields import check_field

FORMAT: Final = 1
TIMETABLE_PATH = "/api/node/timetable"

MAX_COUNT = 2**53 - 1
MAX_ENTRIES = 4_000
"""How many entries a school may have, removed ones too."""
ENTRIES_IN_ONE = 200
BYTES_IN_ONE = 1 << 20
"""How many entries, and about how many bytes of them, one exchange carries each way: a thin line has to bear it."""


class Write(Document):
    """A value that `writer` gave a field as its `n`-th word; `by` is for people: where that was."""

    writer: Id
    n: int = Field(ge=1, le=MAX_COUNT)
    value: JsonValue
    by: Label = ""

    @property
    def order(self) -> tuple[int, str]:
        """Which of several values is shown: that of whoever had seen most, by `n`."""
        return self.n, self.writer


class Entry(Document):
    """An entry of the timetable. `seen` is the newest `n` of each writer that its fields take account of.

    A field that nobody has written is not there; of each writer a field has one value at most. What is asked of an
    entry holds for what two of them are together, too: a copy that could not be read again would be lost.
    """

    id: Id
    seen: dict[Id, int]
    fields: dict[str, tuple[Write, ...]]

    @field_validator("seen")
    @classmethod
    def _counts(cls, seen: dict[str, int]) -> dict[str, int]:
        if any(not 1 <= n <= MAX_COUNT for n in seen.values()):
            raise ValueError("a count is out of range")
        return seen

    @field_validator("fields")
    @classmethod
    def _in_order(cls, fields: dict[str, tuple[Write, ...]]) -> dict[str, tuple[Write, ...]]:
        return {name: tuple(sorted(writes, key=lambda w: w.order, reverse=True)) for name, writes in fields.items()}

    @model_validator(mode="after")
    def _is_sound(self) -> "Entry":
        for name, writes in self.fields.items():
            if not writes or len({write.writer for write in writes}) != len(writes):
                raise ValueError(f"the field {name} has no value, or two of one writer")
            for write in writes:
                if write.n > self.seen.get(write.writer, 0):
                    raise ValueError(f"the field {name} has a value that the entry has not seen")
                check_field(name, write.value)
        return self

    @property
    def digest(self) -> str:
        """The sha256 of the entry's canonical JSON: equal copies have equal digests."""
        return sha256_hex(canonical_json(self.model_dump(mode="json")))


class TimetableSent(Document):
    """What a node says (POST `TIMETABLE_PATH`): entries that the centre may not have, and the last `revision` it
    heard; 0 asks for everything."""

    v: Literal[1] = FORMAT
    since: int = Field(ge=0, le=MAX_COUNT)
    entries: tuple[Entry, ...] = Field(max_length=ENTRIES_IN_ONE)


class TimetableAnswer(BaseModel):
    """What the centre answers: entries that changed since, those left out that are as they were sent.

    `revision` is up to where these reach, `more` says that there are others; `digest` is `timetable_digest` of all.
    """

    v: Literal[1] = FORMAT
    revision: int = Field(ge=0)
    more: bool
    digest: str
    entries: tuple[Entry, ...]


def timetable_digest(digests: Mapping[str, str]) -> str:
    """Return one digest for a whole timetable, from those of its entries by their ids; "" where there are none."""
    return sha256_hex("".join(f"{one}:{digests[one]}\n" for one in sorted(digests)).encode()) if digests else ""


def merge(one: Entry, other: Entry) -> Entry:
    """Return what two copies of an entry are together: commutative, associative and idempotent.

    A value stays if both have it, or if one has it and the other has not seen it. Raises ValueError for copies of two
    entries.
    """
    if one.id != other.id:
        raise ValueError(f"{one.id} and {other.id} are two entries")
    seen = {w: max(one.seen.get(w, 0), other.seen.get(w, 0)) for w in one.seen.keys() | other.seen.keys()}
    fields = {}
    for name in one.fields.keys() | other.fields.keys():
        kept = _joined(one.fields.get(name, ()), one.seen, other.fields.get(name, ()), other.seen)
        if kept:
            fields[name] = tuple(sorted(kept, key=lambda w: w.order, reverse=True))
    return one.model_copy(update={"seen": seen, "fields": fields})


def _joined(
    ours: Iterable[Write], we_saw: Mapping[str, int], theirs: Iterable[Write], they_saw: Mapping[str, int]
) -> list[Write]:
    mine, others = ({(w.writer, w.n): w for w in writes} for writes in (ours, theirs))
    kept = []
    for dot in mine.keys() | others.keys():
        writer, n = dot
        if dot in mine and dot in others:
            kept.append(max(mine[dot], others[dot], key=_canonical))  # they differ only where somebody miscounts
        elif dot in mine and n > they_saw.get(writer, 0):
            kept.append(mine[dot])
        elif dot in others and n > we_saw.get(writer, 0):
            kept.append(others[dot])
    return kept


def _canonical(write: Write) -> bytes:
    return canonical_json(write.model_dump(mode="json"))


def next_count(entries: Iterable[Entry]) -> int:
    """Return the `n` for the next word of a writer that has seen these entries: above all that is there (Lamport)."""
    return 1 + max((n for entry in entries for n in entry.seen.values()), default=0)


class Pen:
    """Writes fields for one writer. `n` is this one change's; `by` says to people where it was made."""

    def __init__(self, writer: str, n: int, by: str = "") -> None:
        self._writer, self._n, self._by = writer, n, by

    def new(self, entry: str, fields: Mapping[str, Any]) -> Entry:
        """Return a new entry. Raises ValueError for a field that no entry can have."""
        return self.write(Entry(id=entry, seen={}, fields={}), fields)

    def write(self, entry: Entry, fields: Mapping[str, Any]) -> Entry:
        """Return the entry with these fields set; the same if none of them is shown otherwise now.

        A field that is shown so already stays as it is, in dispute if it is: who fills in a form has not chosen.
        Raises ValueError for a value that its field cannot have.
        """
        return self.settle(entry, {name: value for name, value in fields.items() if value_of(entry, name) != value})

    def settle(self, entry: Entry, fields: Mapping[str, Any]) -> Entry:
        """Return the entry with these fields set, in place of every value that each had. Raises as `write`."""
        if not fields:
            return entry
        written = {
            name: (Write(writer=self._writer, n=self._n, value=value, by=self._by),) for name, value in fields.items()
        }
        return Entry(id=entry.id, seen={**entry.seen, self._writer: self._n}, fields={**entry.fields, **written})

    def remove(self, entry: Entry) -> Entry:
        """Return the entry as removed, with what the remover had seen of it. It stays, as a tombstone."""
        return self.settle(entry, {"removed": dict(entry.seen)})

    def restore(self, entry: Entry) -> Entry:
        """Return the entry as not removed."""
        return self.settle(entry, {"removed": None})


def value_of(entry: Entry, name: str) -> Any:
    """Return the value that is shown of a field, None if nobody has written it."""
    writes = entry.fields.get(name)
    return writes[0].value if writes else None


def disputed(entry: Entry) -> dict[str, tuple[Write, ...]]:
    """Return the fields that have several values, each value once, the shown one first; none once it is removed.

    `removed` is among them when somebody removed the entry without having seen all that is in it.
    """
    found: dict[str, tuple[Write, ...]] = {}
    if is_removed(entry):
        return found
    for name, writes in entry.fields.items():
        different: dict[bytes, Write] = {}
        for write in writes:
            different.setdefault(canonical_json(write.value), write)
        if name != "removed" and len(different) > 1:
            found[name] = tuple(different.values())
    if _removals(entry):
        found["removed"] = entry.fields["removed"]
    return found


def is_removed(entry: Entry) -> bool:
    """Say whether the entry is gone: nobody keeps it, and whoever removed it had seen all that is in it."""
    removals = _removals(entry)
    if not removals or len(removals) < len(entry.fields["removed"]):
        return False
    known: dict[str, int] = {}
    for removal in removals:
        known = {w: max(known.get(w, 0), removal.get(w, 0)) for w in known.keys() | removal.keys()}
    return all(
        write.n <= known.get(write.writer, 0)
        for name, writes in entry.fields.items()
        if name != "removed"
        for write in writes
    )


def _removals(entry: Entry) -> list[dict[str, Any]]:
    return [write.value for write in entry.fields.get("removed", ()) if isinstance(write.value, dict)]
