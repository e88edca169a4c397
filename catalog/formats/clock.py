"""Rules about time on boxes whose clock may be wrong: no battery, no line, months offline."""

from datetime import UTC, datetime, timedelta

SURE_WITHIN = timedelta(minutes=5)


def best_now(machine: datetime, *witnesses: datetime | None) -> datetime:
    """Return the newest of the machine's clock and the witnesses: times that have surely passed.

    Witnesses are the time saved before the last stop and the times in verified metadata. All are aware.
    """
    return max([machine.astimezone(UTC), *(w.astimezone(UTC) for w in witnesses if w is not None)])


def is_sure(machine: datetime, newest_witness: datetime | None) -> bool:
    """Say whether the machine's clock can be right: it is not behind a time that has surely passed."""
    return newest_witness is None or machine >= newest_witness - SURE_WITHIN
