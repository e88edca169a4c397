"""The planner: what to fetch next, what goes for it, and how each timetabled lesson stands."""

from collections.abc import Iterator
from dataclasses import replace

from edge_cache.planner.capacity import Capacity
from edge_cache.planner.choose import MILLION, Want, choose, wants
from edge_cache.planner.evict import evictions
from edge_cache.planner.forecast import forecast
from edge_cache.planner.given import DAY, Given, Lesson, Wish
from edge_cache.planner.order import steps
from edge_cache.planner.result import Eviction, Plan

HORIZON_BYTES = 64 << 20


def plan(given: Given, horizon_bytes: float = HORIZON_BYTES) -> Plan:
    """Return the plan: a pure function, the same for the same input. Steps end where they cover `horizon_bytes`."""
    capacity = Capacity(given.now, given.line, given.policy)
    first, better = _chosen(given, capacity)
    found, most = _next(given, first, better, horizon_bytes)
    return replace(found, forecast=tuple(forecast(given, first, better, capacity, most)))


def next_steps(given: Given, horizon_bytes: float = HORIZON_BYTES) -> Plan:
    """Return `plan` without its forecast, and without the time that this takes."""
    first, better = _chosen(given, Capacity(given.now, given.line, given.policy))
    return _next(given, first, better, horizon_bytes)[0]


def _next(given: Given, first: list[Want], better: list[Want], horizon_bytes: float) -> tuple[Plan, float]:
    """Return a plan without a forecast, and how many bytes may be fetched."""
    short, going, most = _room(given, first, better)
    planned = steps(first, better, () if short else _likely(given, first, better), horizon_bytes, most)
    return Plan(tuple(planned), tuple(going), (), short), most


def _chosen(given: Given, capacity: Capacity) -> tuple[list[Want], list[Want]]:
    return choose(wants(given), capacity, given.policy.thrift)


def _used(given: Given) -> set[str]:
    """Return the lessons that are due, or foreseen and not refused."""
    now, wishes = given.now, given.wishes
    due = {due.lesson for due in given.due if now < due.bell + DAY}
    return due | {one.lesson for one in given.foreseen if wishes.get(one.lesson) is not Wish.NOT}


def _room(given: Given, first: list[Want], better: list[Want]) -> tuple[int, list[Eviction], float]:
    """Return by how many bytes the disk is short, what goes for them, and how many may be fetched then."""
    need = sum(want.chosen.missing for want in (*first, *better) if want.chosen is not None)
    most, short = float(given.disk.free), max(0, need - given.disk.free)
    going: list[Eviction] = []
    if short:
        spare = min(short, given.disk.spare)
        going = evictions(given, _used(given), short - spare)
        most += spare + sum(one.length for one in going)
    if given.policy.budget is not None:
        most = min(most, float(given.policy.budget))
    return short, going, max(0.0, most)


def _likely(given: Given, first: list[Want], better: list[Want]) -> Iterator[Lesson]:
    """Yield what idle hours fetch, in order, as far as it is worth its bytes."""
    wanted: set[str] | None = None
    lessons, thrift = given.lessons, given.policy.thrift
    for name, chance in given.likely:
        lesson = lessons.get(name)
        if lesson is None or lesson.base is None:
            continue
        if wanted is None:
            wanted = {want.lesson.lesson for want in (*first, *better)}
        base = lesson.base
        if name in wanted or given.wishes.get(name) is Wish.NOT:
            continue
        if chance * base.worth * MILLION >= thrift * base.length:
            yield lesson
