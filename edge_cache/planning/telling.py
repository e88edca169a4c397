"""The plan in words and in JSON, as `songtan edge plan` tells it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
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
STATE_WORDS = {"ready": "ready", "plays": "will play", "arriving": "arriving", "at-risk": "at risk"}
REASON_WORDS = {
    "line-down": "there is no line",
    "line-slow": "the line is too slow",
    "disk-full": "the disk is full",
    "budget": "the month's budget is used up",
    "not-wanted": "a teacher does not want it",
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
        "steps": [_named(asdict(step)) for step in plan.steps],
        "evictions": [_named(asdict(one)) for one in plan.evictions],
        "forecast": [
            _named(asdict(one)) | {"bell": moment(one.bell), "ready_at": moment(one.ready_at)} for one in plan.forecast
        ],
    }


def _named(row: dict[str, Any]) -> dict[str, Any]:
    course, lesson = which(row.pop("lesson"))
    return {"course": course, "lesson": lesson, **row}


def tell_plan(plan: Plan, given: Given, titles: Mapping[str, str]) -> None:
    """Print a plan for a person; `titles` are those of courses."""

    def name(key: str) -> str:
        course, _ = which(key)
        lesson = given.lessons.get(key)
        return f"{titles.get(course, course)}, lesson {lesson.number if lesson else '?'}"

    def clock(seconds: float) -> str:
        return datetime.fromtimestamp(seconds).astimezone().strftime("%a %H:%M")

    for one in plan.forecast:
        words = f"{clock(one.bell)}  {one.klass}  {name(one.lesson)}: {STATE_WORDS[one.state]}"
        if one.rung is not None and one.reason is None:
            words += f", {one.rung}"
        if one.ready_at is not None and one.ready_at > given.now:
            words += f" by {clock(one.ready_at)}"
        console.print(words + (f", {REASON_WORDS[one.reason]}" if one.reason is not None else ""), highlight=False)
    if not plan.forecast:
        console.print("Nothing is timetabled.")
    for step in plan.steps[:SHOWN]:
        words = f"fetch {name(step.lesson)}: {step.rung}, {step.length / MILLION:.1f} MB, {WHY_WORDS[step.why]}"
        console.print(words, highlight=False)
    if len(plan.steps) > SHOWN:
        console.print(f"… and {len(plan.steps) - SHOWN} more")
    if not plan.steps:
        console.print("Nothing is left to fetch.")
    for gone in plan.evictions:
        words = f"give up {name(gone.lesson)}: {gone.rung}, {gone.length / MILLION:.1f} MB, when its room is needed"
        console.print(words, highlight=False)
