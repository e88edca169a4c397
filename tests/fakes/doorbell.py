"""A doorbell that remembers who rang."""

from catalog.jobs.doorbell import DoorbellAway
from catalog.jobs.models import TaskKind
from catalog.jobs.schemas import Ring


class FakeDoorbell:
    """Keeps the rings in order; while `away` is set it takes none."""

    def __init__(self) -> None:
        self.rings: list[Ring] = []
        self.away = False

    def ring(self, ring: Ring) -> None:
        if self.away:
            raise DoorbellAway("the fake broker is away")
        self.rings.append(ring)

    def unheard(self, kind: TaskKind) -> int:
        if self.away:
            raise DoorbellAway("the fake broker is away")
        return sum(1 for ring in self.rings if ring.kind is kind)
