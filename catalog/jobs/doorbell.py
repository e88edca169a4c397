"""The doorbell: tells workers that a task waits. It may be lost or ring twice; the rows know."""

from typing import Protocol

from catalog.jobs.models import TaskKind
from catalog.jobs.schemas import Ring


class DoorbellAway(Exception):
    """The broker did not take a ring. Nobody needs to be told: the relay rings again."""


class Doorbell(Protocol):
    """Something that wakes a worker."""

    def ring(self, ring: Ring) -> None:
        """Say that the task waits. Raises DoorbellAway if the broker cannot be reached within a few seconds."""

    def unheard(self, kind: TaskKind) -> int:
        """Return how many rings of this kind no worker has taken yet. Raises DoorbellAway."""
