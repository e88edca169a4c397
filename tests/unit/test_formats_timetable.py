"""Copies of a timetable come together whatever the order, and nothing that somebody wrote is lost silently."""

from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from catalog.formats.ids import new_id
from catalog.formats.timetable import (
    Entry,
    Pen,
    TimetableSent,
    Write,
    disputed,
    is_removed,
    merge,
    next_count,
    timetable_digest,
    value_of,
)

ENTRY = "01JDE0000000000000000ENTR1"
WRITERS = [f"01JDE00000000000000000WRT{n}" for n in range(3)]
FIELDS = ("class_name", "name", "at.1.0800", "last")
VALUES: dict[str, list[Any]] = {
    "class_name": ["八1", "八2"],
    "name": ["", "x"],
    "at.1.0800": [None, 40, 45],
    "last": [None, "2026-12-31"],
}


@dataclass
class Replica:
    """One place that keeps the entry: what a node or the centre does with it."""

    writer: str
    copy: Entry = field(default_factory=lambda: Entry(id=ENTRY, seen={}, fields={}))

    def pen(self) -> Pen:
        return Pen(self.writer, next_count([self.copy]), by=self.writer[-4:])


steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 2), st.sampled_from(FIELDS), st.integers(0, 2)),
        st.tuples(st.just("remove"), st.integers(0, 2), st.just(""), st.just(0)),
        st.tuples(st.just("restore"), st.integers(0, 2), st.just(""), st.just(0)),
        st.tuples(st.just("hear"), st.integers(0, 2), st.just(""), st.integers(0, 2)),
    ),
    max_size=25,
)


def play(script: list[tuple[str, int, str, int]]) -> list[Replica]:
    replicas = [Replica(writer) for writer in WRITERS]
    for what, who, name, extra in script:
        one = replicas[who]
        if what == "write":
            one.copy = one.pen().write(one.copy, {name: VALUES[name][extra % len(VALUES[name])]})
        elif what == "remove":
            one.copy = one.pen().remove(one.copy)
        elif what == "restore":
            one.copy = one.pen().restore(one.copy)
        else:
            one.copy = merge(one.copy, replicas[extra].copy)
    return replicas


@given(steps)
def test_merging_is_commutative_associative_and_idempotent(script: list[tuple[str, int, str, int]]) -> None:
    a, b, c = (replica.copy for replica in play(script))
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(a, a) == a
    assert merge(merge(a, b), b) == merge(a, b)
    whole = reduce(merge, (a, b, c))
    assert whole.digest == reduce(merge, (c, a, b, a)).digest
    assert Entry.model_validate_json(whole.model_dump_json()) == whole, "what was merged is sound on the wire"


@given(steps)
def test_the_last_word_of_each_writer_stands_or_was_replaced_by_one_who_had_read_it(
    script: list[tuple[str, int, str, int]],
) -> None:
    replicas = play(script)
    whole = reduce(merge, [replica.copy for replica in replicas])
    for replica in replicas:
        for name, writes in replica.copy.fields.items():
            for write in writes:
                there = whole.fields[name]
                replaced = any(
                    other.copy.seen.get(write.writer, 0) >= write.n and write not in other.copy.fields.get(name, ())
                    for other in replicas
                )
                assert write in there or replaced


def strange() -> st.SearchStrategy[Entry]:
    """An entry such as no honest node makes: the same count used twice for other things."""
    writes = st.builds(
        Write, writer=st.sampled_from(WRITERS), n=st.integers(1, 3), value=st.sampled_from(["a", "b"]), by=st.just("")
    )
    fields = st.dictionaries(
        st.sampled_from(["name", "class_name"]), st.lists(writes, min_size=1, max_size=3, unique_by=lambda w: w.writer)
    )

    def sound(parts: tuple[dict[str, list[Write]], dict[str, int]]) -> Entry:
        named, seen = parts
        for one in (write for several in named.values() for write in several):
            seen[one.writer] = max(seen.get(one.writer, 0), one.n)
        return Entry(id=ENTRY, seen=seen, fields={name: tuple(several) for name, several in named.items()})

    return st.tuples(fields, st.dictionaries(st.sampled_from(WRITERS), st.integers(1, 3))).map(sound)


@given(strange(), strange(), strange())
def test_even_what_is_miscounted_comes_together(a: Entry, b: Entry, c: Entry) -> None:
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(a, a) == a


def begun() -> tuple[Replica, Replica]:
    """Two places that both know of a new entry."""
    one, other = Replica(WRITERS[0]), Replica(WRITERS[1])
    one.copy = one.pen().new(ENTRY, {"class_name": "八（1）班", "at.1.0800": 45})
    other.copy = merge(other.copy, one.copy)
    return one, other


def test_different_fields_are_no_conflict() -> None:
    one, other = begun()
    one.copy = one.pen().write(one.copy, {"at.3.0855": 45})
    other.copy = other.pen().write(other.copy, {"at.1.0800": None, "class_name": "八（2）班"})
    both = merge(one.copy, other.copy)
    assert disputed(both) == {}
    assert [value_of(both, name) for name in ("class_name", "at.1.0800", "at.3.0855")] == ["八（2）班", None, 45]


def test_two_values_of_a_field_are_both_kept_until_somebody_chooses() -> None:
    one, other = begun()
    one.copy = one.pen().write(one.copy, {"class_name": "八（2）班"})
    other.copy = other.pen().write(other.copy, {"class_name": "八（3）班"})
    both = merge(one.copy, other.copy)
    assert {write.value for write in disputed(both)["class_name"]} == {"八（2）班", "八（3）班"}
    one.copy = both
    shown = value_of(both, "class_name")
    assert one.pen().write(one.copy, {"class_name": shown}) is both, "a form that is sent as it was chooses nothing"
    one.copy = one.pen().settle(one.copy, {"class_name": "八（3）班"})
    assert disputed(merge(one.copy, other.copy)) == {}
    assert value_of(merge(other.copy, one.copy), "class_name") == "八（3）班"


def test_the_same_value_twice_is_no_conflict() -> None:
    one, other = begun()
    one.copy = one.pen().write(one.copy, {"class_name": "八（2）班"})
    other.copy = other.pen().write(other.copy, {"class_name": "八（2）班"})
    both = merge(one.copy, other.copy)
    assert len(both.fields["class_name"]) == 2
    assert disputed(both) == {}


def test_removed_is_removed_whatever_older_copies_say() -> None:
    one, other = begun()
    old = other.copy
    one.copy = one.pen().remove(one.copy)
    assert is_removed(merge(old, one.copy))
    assert disputed(merge(old, one.copy)) == {}


def test_a_change_that_the_remover_had_not_seen_asks() -> None:
    one, other = begun()
    one.copy = one.pen().remove(one.copy)
    other.copy = other.pen().write(other.copy, {"at.2.0800": 45})
    both = merge(one.copy, other.copy)
    assert not is_removed(both), "it is shown as it is, until somebody has chosen"
    assert "removed" in disputed(both)
    assert value_of(both, "class_name") == "八（1）班", "and is still whole"
    one.copy = both
    kept, gone = one.pen().restore(both), one.pen().remove(both)
    assert (is_removed(kept), disputed(kept)) == (False, {})
    assert (is_removed(gone), disputed(gone)) == (True, {})


def test_a_change_that_changes_nothing_is_no_word() -> None:
    one, _ = begun()
    assert one.pen().write(one.copy, {"class_name": "八（1）班", "last": None}) is one.copy


def test_the_newest_count_is_above_all_that_is_there() -> None:
    far = Pen(WRITERS[2], 900).new(new_id(), {"name": "x"})
    assert next_count([begun()[0].copy, far]) == 901
    assert next_count([]) == 1


def test_one_digest_for_all_says_what_differs() -> None:
    one, _ = begun()
    changed = one.pen().write(one.copy, {"class_name": "八（9）班"})
    assert timetable_digest({}) == ""
    assert timetable_digest({ENTRY: one.copy.digest}) != timetable_digest({ENTRY: changed.digest})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("at.8.0800", 45), ("at.1.2400", 45), ("at.1", 45),
        ("at.1.0800", 4), ("at.1.0800", "45"), ("class_name.1", "a"),
        ("on.2026-02-30.0800", None), ("on.2026-02-03.0800", {"start": 1440}),
        ("first", "2026-2-3"), ("first", "1999-12-31"),
        ("lesson", "x"), ("kind", "sometimes"), ("Name", ""), ("name", "a\nb"), ("later_field", "\0"),
        ("later_field", float("nan")), ("later_field", "x" * 20_000), ("", 1), ("bell.0860", 45), ("removed", {"x": 1}),
    ],
)  # fmt: skip
def test_what_no_field_can_hold_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Entry.model_validate(
            {
                "id": ENTRY,
                "seen": {WRITERS[0]: 1},
                "fields": {name: [{"writer": WRITERS[0], "n": 1, "value": value}]},
            }
        )


@pytest.mark.parametrize(
    "body",
    [
        {"seen": {}, "fields": {"name": [{"writer": WRITERS[0], "n": 1, "value": "x"}]}},
        {"seen": {WRITERS[0]: 1}, "fields": {"name": []}},
        {"seen": {WRITERS[0]: 0}, "fields": {}},
        {"seen": {WRITERS[0]: 2**53}, "fields": {}},
        {
            "seen": {WRITERS[0]: 2},
            "fields": {"name": [{"writer": WRITERS[0], "n": n, "value": "x"} for n in (1, 2)]},
        },
    ],
    ids=["not seen", "no value", "too small", "too large", "two of one writer"],
)
def test_an_entry_that_cannot_be_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TimetableSent.model_validate({"v": 1, "since": 0, "entries": [{"id": ENTRY, **body}]})


def test_a_field_of_a_later_version_is_carried_along() -> None:
    wire = {
        "id": ENTRY,
        "seen": {WRITERS[0]: 1},
        "fields": {"room": [{"writer": WRITERS[0], "n": 1, "value": {"floor": 2}}]},
    }
    later = Entry.model_validate(wire)
    merged = merge(later, Pen(WRITERS[1], 2).write(Entry(id=ENTRY, seen={}, fields={}), {"name": "x"}))
    assert value_of(merged, "room") == {"floor": 2}
