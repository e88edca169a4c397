"""From what was chosen to steps: in order, as far as the horizon, the disk and the budget reach."""

from collections.abc import Iterable, Sequence

from edge_cache.planner.choose import Want
from edge_cache.planner.given import Lesson
from edge_cache.planner.result import Fetch, Why


def steps(
    first: Sequence[Want], better: Sequence[Want], likely: Iterable[Lesson], horizon_bytes: float, most: float
) -> list[Fetch]:
    """Return the steps; together they take at most `most` bytes, and no more begin past `horizon_bytes`.

    What does not fit is left out, and so is all that is less urgent: a smaller thing must not take its room.
    """
    found: list[Fetch] = []
    covered = 0
    for want in (*first, *better):
        rung = want.chosen
        if rung is None or not rung.missing:
            continue
        if covered >= horizon_bytes:
            return found
        if covered + rung.missing > most:
            base = want.base
            if base is None or base is rung or covered + base.missing > most:
                return found
            rung = base
        why = want.why if want.base is not None else Why.BETTER
        found.append(Fetch(want.lesson.lesson, rung.rung, rung.missing, why))
        covered += rung.missing
    for lesson in likely:
        if covered >= horizon_bytes:
            break
        rung = lesson.base
        if rung is None:
            continue
        if covered + rung.missing > most:
            break
        found.append(Fetch(lesson.lesson, rung.rung, rung.missing, Why.LIKELY))
        covered += rung.missing
    return found
