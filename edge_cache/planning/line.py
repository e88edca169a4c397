"""What is known of the school's line, as it is kept among the node's facts: one place that plans and prices read."""

import json
from dataclasses import asdict

from edge_cache.notes import Notes
from edge_cache.planner.given import Line
from edge_cache.planner.history import DOUBT_S

LINE_FACT = "line"


def known_line(notes: Notes) -> Line:
    """Return what is known of the line."""
    text = notes.fact(LINE_FACT)
    if text is None:
        return Line()
    kept = json.loads(text)
    return Line(**kept | {"up": tuple(kept["up"])})


def keep_line(notes: Notes, line: Line) -> None:
    """Keep what is known of the line."""
    notes.keep(**{LINE_FACT: json.dumps(asdict(line))})


def usual_rate(notes: Notes) -> float | None:
    """Return the bytes a second that the line usually brings; None until it was measured as long as it is guessed."""
    line = known_line(notes)
    return line.rate if line.busy_s >= DOUBT_S else None
