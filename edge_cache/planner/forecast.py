"""How each timetabled lesson stands, if the plan is carried out and the line is as it was."""

from collections.abc import Mapping, Sequence

from edge_cache.planner.capacity import SURE, Capacity
from edge_cache.planner.choose import Want
from edge_cache.planner.given import Due, Given, Lesson, Rendition, Track
from edge_cache.planner.result import Forecast, Reason, State

MARGIN_S = 60.0
CERTAIN = 0.98
"""Of a chance above this even a line that is away now says nothing."""
SOUND_CHANCE = 0.999
"""What is held plays, unless the box itself fails."""


def forecast(
    given: Given, first: Sequence[Want], better: Sequence[Want], capacity: Capacity, most: float
) -> list[Forecast]:
    """Return a line for each entry of the timetable that is to come, by bell; `most` is what disk and budget allow."""
    before: dict[str, tuple[Want, float]] = {}
    total = 0.0
    for want in (*first, *better):
        before[want.lesson.lesson] = (want, total)
        total += want.chosen.missing if want.chosen is not None else 0
    entries = sorted((d for d in given.due if d.bell > given.now), key=lambda d: (d.bell, d.klass, d.lesson))
    return [_stands(given, due, before, capacity, most) for due in entries]


def _stands(
    given: Given, due: Due, before: Mapping[str, tuple[Want, float]], capacity: Capacity, most: float
) -> Forecast:
    lesson = given.lessons.get(due.lesson)
    if lesson is None:
        return _lost(due, Reason.NOT_ASSIGNED)
    held = [rung for rung in lesson.renditions if rung.watchable and not rung.missing]
    want, ahead = before.get(due.lesson, (None, 0.0))
    if held:
        best = max(held, key=lambda rung: rung.worth)
        better = want.chosen if want is not None and want.base is None else None
        if better is not None and ahead + better.missing <= min(most, capacity.expected(due.bell)):
            best = better
        return Forecast(due.lesson, due.klass, due.bell, State.READY, best.rung, given.now, SOUND_CHANCE)
    if want is None or want.base is None or want.chosen is None:
        return _lost(due, Reason.NOTHING_PLAYABLE)
    return _arrives(given, due, lesson, (want.base, want.chosen), ahead, capacity, most)


def _arrives(
    given: Given, due: Due, lesson: Lesson, rungs: tuple[Rendition, Rendition], ahead: float, capacity: Capacity,
    most: float,
) -> Forecast:  # fmt: skip
    """Foresee one that is not here; `rungs` are the one that it needs first and the one that was chosen."""
    coming, (base, chosen) = capacity.expected(due.bell), rungs
    rung = chosen if ahead + chosen.missing <= min(coming, most) else base
    need = ahead + rung.missing
    ready_at = capacity.when(need)
    said = None if ready_at == float("inf") else ready_at
    if need > most:
        reason = Reason.BUDGET if given.policy.budget is not None and given.policy.budget < need else Reason.DISK_FULL
        return Forecast(due.lesson, due.klass, due.bell, State.AT_RISK, None, None, 0.0, reason)
    sure = capacity.surely(due.bell)
    chance = _chance(need, sure, coming)
    if need <= sure and (given.line.down_since is None or chance > CERTAIN):
        return Forecast(due.lesson, due.klass, due.bell, State.ARRIVING, rung.rung, said, chance)
    if given.line.down_since is None and _plays_through(lesson, rung, ahead, due.bell, capacity):
        return Forecast(due.lesson, due.klass, due.bell, State.PLAYS, rung.rung, said, max(chance, 0.9))
    if need <= coming and given.line.down_since is None:
        return Forecast(due.lesson, due.klass, due.bell, State.ARRIVING, rung.rung, said, chance)
    reason = Reason.LINE_SLOW if given.line.down_since is None else Reason.LINE_DOWN
    return Forecast(due.lesson, due.klass, due.bell, State.AT_RISK, rung.rung, said, chance, reason)


def _chance(need: float, sure: float, coming: float) -> float:
    """Return how likely `need` bytes come in time: 0.95 and more within what is sure, 0 beyond twice the expected."""
    if need <= sure:
        return 0.99 - 0.04 * need / sure
    if need <= coming:
        return 0.95 - 0.35 * (need - sure) / (coming - sure)
    return max(0.0, 0.6 * (2 - need / coming)) if coming > 0 else 0.0


def _plays_through(lesson: Lesson, rung: Rendition, ahead: float, bell: float, capacity: Capacity) -> bool:
    """Say whether all that is missing surely arrives before the class comes to it."""
    needed = sorted(need for track in rung.tracks for need in _needs(track, lesson.duration_s))
    arrived = ahead
    for at_s, length in needed:
        arrived += length
        if capacity.when(arrived / SURE) > bell + at_s - MARGIN_S:
            return False
    return bool(needed) and any(track.missing < track.length for track in rung.tracks)


def _needs(track: Track, duration_s: float) -> list[tuple[float, int]]:
    """Return (seconds from the beginning, bytes) of what a track lacks; without gaps named, its end."""
    if not track.missing:
        return []
    if track.gaps:
        return [(gap.at_s, gap.length) for gap in track.gaps]
    return [(duration_s * (1 - track.missing / max(1, track.length)), track.missing)]


def _lost(due: Due, reason: Reason) -> Forecast:
    return Forecast(due.lesson, due.klass, due.bell, State.AT_RISK, None, None, 0.0, reason)
