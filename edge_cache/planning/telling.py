"""The plan in words and in JSON, as `songtan edge plan` tells it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, tzinfo
from typing import Any

from edge_cache.planner.given import Given
from edge_cache.planner.result import Plan
from edge_cache.planning.repository import which
from edge_cache.terminal import console

SHOWN = 15
MILLION = 1e6
WHY_WORDS = {
    "wish": "a teacher asked for it",
    "due": "on the timetable",
    "foreseen": "next in a course that a class follows",
    "better": "a better picture",
    "likely": "idle hours",
}
GONE_WORDS = {
    "refused": "nobody wants it",
    "better-here": "a better picture is here",
    "long-ago": "not used for long",
    "unused": "not used yet",
    "lately": "not known to be needed again",
}
STATE_WORDS = {"ready": "ready", "plays": "will play", "arriving": "arriving", "at-risk": "at risk"}
REASON_WORDS = {
    "line-down": "there is no line",
    "line-slow": "the line is too slow",
    "disk-full": "the disk is full",
    "budget": "the month's budget is used up",
    "not-assigned": "it is not assigned to this school",
    "nothing-playable": "it has nothing that these screens play",
}


def plan_json(plan: Plan, given: Given) -> dict[str, Any]:
    """Return a plan for machines; times are ISO 8601 in UTC, lengths bytes, rates bytes a second."""

    def moment(seconds: float | None) -> str | None:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")

    return {
        "now": moment(given.now),
        "line": {"rate": round(given.line.rate), "down_since": moment(given.line.down_since)},
        "disk_free": given.disk.free,
        "disk_short": plan.short,
        "disk_spare": min(plan.short, given.disk.spare),
        "steps": [_named(asdict(step)) for step in plan.steps],
        "evictions": [_named(asdict(one)) for one in plan.evictions],
        "forecast": [
            _named(asdict(one)) | {"bell": moment(one.bell), "ready_at": moment(one.ready_at)} for one in plan.forecast
        ],
    }


def _named(row: dict[str, Any]) -> dict[str, Any]:
    course, lesson = which(row.pop("lesson"))
    return {"course": course, "lesson": lesson, **row}


def tell_plan(plan: Plan, given: Given, titles: Mapping[str, str], zone: tzinfo) -> None:
    """Print a plan for a person; `titles` are those of courses, `zone` is the school's."""

    def name(key: str) -> str:
        course, _ = which(key)
        lesson = given.lessons.get(key)
        return f"{titles.get(course, course)}, lesson {lesson.number if lesson else '?'}"

    def clock(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, zone).strftime("%a %H:%M")

    for one in plan.forecast:
        words = f"{clock(one.bell)}  {one.klass}  {name(one.lesson)}: {STATE_WORDS[one.state]}"
        if one.rung is not None and one.reason is None:
            words += f", {one.rung}"
        if one.ready_at is not None and one.ready_at > given.now:
            words += f" by {clock(one.ready_at)}"
        _say(words + (f", {REASON_WORDS[one.reason]}" if one.reason is not None else ""))
    if not plan.forecast:
        _say("Nothing is timetabled.")
    for step in plan.steps[:SHOWN]:
        _say(f"fetch {name(step.lesson)}: {step.rung}, {_size(step.length)}, {WHY_WORDS[step.why]}")
    if len(plan.steps) > SHOWN:
        _say(f"… and {len(plan.steps) - SHOWN} more")
    if not plan.steps:
        _say("Nothing is left to fetch.")
    _tell_room(plan, given, name)


def _tell_room(plan: Plan, given: Given, name: Callable[[str], str]) -> None:
    """Print what goes when its room is needed."""
    if plan.short:
        _say(f"{_size(plan.short)} more than the disk has are needed; what goes for it, when its room is needed:")
    if spare := min(plan.short, given.disk.spare):
        _say(f"give up {_size(spare)} that no class can ask for")
    for gone in plan.evictions:
        _say(f"give up {name(gone.lesson)}: {gone.rung}, {_size(gone.length)}, {GONE_WORDS[gone.why]}")


def _say(words: str) -> None:
    console.print(words, highlight=False, soft_wrap=True)


def _size(length: int) -> str:
    return f"{length / MILLION:.1f} MB"
