"""Rules about time on boxes whose clock may be wrong: no battery, no line, months offline."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

SURE_WITHIN = timedelta(minutes=5)
GRACE = timedelta(days=366)
"""So long after people at the centre should have signed anew it may still be a time: expiry is no fuse (ADR 3)."""
FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""Before there was this program, and before a zone's hours more would be past the last date there is."""


def best_now(machine: datetime, *witnesses: datetime | None) -> datetime:
    """Return the newest of the machine's clock and the witnesses: times that have surely passed.

    Witnesses are the time saved before the last stop and the times in verified metadata. All are aware.
    """
    return max([machine.astimezone(UTC), *(w.astimezone(UTC) for w in witnesses if w is not None)])


def believed(said: Iterable[datetime | None], signed_until: datetime | None) -> datetime | None:
    """Return the newest of the times that others said which can be true; None if there is none.

    People at the centre sign for a year or so, with passphrases: what is long past `signed_until`, the end of that, is
    a mistake or a lie, whoever says it. While nothing that they signed is known, nobody is believed. All are aware.
    """
    if signed_until is None:
        return None
    latest = min(signed_until, LAST)
    return max((one for one in said if one is not None and one >= FIRST and one - GRACE <= latest), default=None)


def is_sure(machine: datetime, newest_witness: datetime | None) -> bool:
    """Say whether the machine's clock can be right: it is not behind a time that has surely passed."""
    return newest_witness is None or machine >= newest_witness - SURE_WITHIN
