"""The vectors of timetables: fixed entries, what copies are together, and what takes place."""

import json
from collections.abc import Mapping
from datetime import date, timedelta, timezone
from typing import Any

from catalog.formats.occurrences import occurrences, read_plan
from catalog.formats.timetable import Entry, Pen, disputed, is_removed, merge, timetable_digest
from catalog.formats.timetable_fields import at_field, on_field

WRITERS = [f"01JDE00000000000000000WRT{n}" for n in range(2)]
ENTRY, DAYS = "01JDE0000000000000000ENTR1", "01JDE0000000000000000ENTR2"
COURSE = "01JDE00000000000000000CRSE"
LESSONS = [f"01JDE0000000000000000ESSN{n}" for n in range(1, 7)]
ZONE = timezone(timedelta(hours=8))
MONDAY = date(2026, 11, 23)


def timetable_vectors() -> dict[str, bytes]:
    """Return the files of these vectors, by path."""
    return {
        "timetable/merges.json": _encoded(_merges()),
        "timetable/occurrences.json": _encoded(_weeks()),
    }


def _encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def _first() -> Entry:
    fields = {
        "kind": "weekly",
        "class_name": "八（1）班",
        "course": COURSE,
        "lesson": LESSONS[0],
        "first": MONDAY.isoformat(),
        at_field(1, 480): 45,
        at_field(3, 600): 45,
    }
    return Pen(WRITERS[0], 1, "东楼").new(ENTRY, fields)


def _merges() -> list[dict[str, Any]]:
    first = _first()
    one, other = Pen(WRITERS[0], 2, "东楼"), Pen(WRITERS[1], 2, "西楼")
    renamed = one.write(first, {"class_name": "八（2）班"})
    cases = {
        "another field": (renamed, other.write(first, {at_field(5, 480): 40})),
        "the same field": (renamed, other.write(first, {"class_name": "八（3）班"})),
        "the same value": (renamed, other.write(first, {"class_name": "八（2）班"})),
        "removed": (one.remove(first), first),
        "removed, and changed without knowing of it": (one.remove(first), other.write(first, {at_field(1, 480): None})),
        "removed and kept": (one.remove(first), Pen(WRITERS[1], 3, "西楼").restore(one.remove(first))),
        "of a later version": (renamed, other.write(first, {"room": {"floor": 2}})),
        "nothing in common": (Entry(id=ENTRY, seen={}, fields={}), renamed),
    }
    return [_case(name, a, b) for name, (a, b) in cases.items()]


def _case(name: str, one: Entry, other: Entry) -> dict[str, Any]:
    merged = merge(one, other)
    return {
        "name": name,
        "copies": [one.model_dump(mode="json"), other.model_dump(mode="json")],
        "together": merged.model_dump(mode="json"),
        "digest": merged.digest,
        "timetable_digest": timetable_digest({merged.id: merged.digest}),
        "removed": is_removed(merged),
        "disputed": sorted(disputed(merged)),
    }


def _weeks() -> list[dict[str, Any]]:
    wednesday, monday = date(2026, 11, 25), date(2026, 11, 30)
    pen = Pen(WRITERS[0], 2)

    def changed(day: date, start: int, change: Mapping[str, Any]) -> Entry:
        return pen.write(_first(), {on_field(day, start): change})

    def off(**fields: Any) -> Entry:
        return pen.new(DAYS, {"kind": "days", "first": wednesday.isoformat(), "last": wednesday.isoformat(), **fields})

    cases = {
        "a course in order": [_first()],
        "skipped": [changed(wednesday, 600, {"skip": True})],
        "another lesson": [changed(wednesday, 600, {"lesson": LESSONS[4]})],
        "another lesson, and on from there": [changed(wednesday, 600, {"lesson": LESSONS[4], "onward": True})],
        "moved": [changed(monday, 480, {"day": "2026-12-01", "start": 845})],
        "a day off": [_first(), off()],
        "a day that follows another": [_first(), off(follows=1)],
        "until a last day": [pen.write(_first(), {"last": "2026-11-29"})],
        "removed": [pen.remove(_first())],
    }
    return [_week(name, entries) for name, entries in cases.items()]


def _week(name: str, entries: list[Entry]) -> dict[str, Any]:
    plans = [plan for entry in entries if (plan := read_plan(entry)) is not None]
    last = MONDAY + timedelta(days=13)
    taken = occurrences(plans, {COURSE: LESSONS}, ZONE, MONDAY, last)
    return {
        "name": name,
        "lessons": {COURSE: LESSONS},
        "entries": [entry.model_dump(mode="json") for entry in entries],
        "first": MONDAY.isoformat(),
        "last": last.isoformat(),
        "occurrences": [
            {
                "day": one.day.isoformat(),
                "start": one.start,
                "lesson": one.lesson,
                "starts": one.starts.isoformat(),
                "ends": one.ends.isoformat(),
                "skipped": one.skipped,
            }
            for one in taken
        ],
    }
