"""How many bytes have come over a metered line in this calendar month of the school's, over restarts too."""

import json
import threading
from collections.abc import Callable
from datetime import datetime, tzinfo

from edge_cache.notes import Notes

MONTH_FACT = "line_month"


class Meter:
    """`used` gives the bytes that came over the line since the node's start; they are written down at every look."""

    def __init__(self, notes: Notes, zone: tzinfo) -> None:
        self._notes, self._zone = notes, zone
        self.used: Callable[[], int] = lambda: 0
        self._written = 0
        self._lock = threading.Lock()

    def month(self, now: datetime) -> int:
        """Return the bytes that came in the month of `now`; what has come since the last look is written down."""
        month = f"{now.astimezone(self._zone):%Y-%m}"
        with self._lock:
            text = self._notes.fact(MONTH_FACT)
            known, length = json.loads(text) if text else (month, 0)
            came = self.used() - self._written
            length = came + (length if known == month else 0)
            if came:
                self._notes.keep(**{MONTH_FACT: json.dumps([month, length])})
                self._written += came
            return length
