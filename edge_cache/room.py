"""How much the store may still grow: what the disk has, less what stays free for the machine, up to the quota."""

from dataclasses import dataclass

from catalog.formats.protocol import Policy
from edge_cache.errors import DiskFull, DiskTrouble, QuotaReached
from edge_cache.store.files import Files
from edge_cache.store.repository import StoreRepository


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes: `free` on the disk, `reserve` of it that stays free, `quota` of the store (None: none), `held` by it."""

    free: int
    reserve: int
    quota: int | None = None
    held: int = 0

    @property
    def left(self) -> int:
        """Bytes that the store may still grow by; below 0 where it is past a bound."""
        left = self.free - self.reserve
        return left if self.quota is None else min(left, self.quota - self.held)

    @property
    def trouble(self) -> DiskTrouble:
        """What to tell people when there is too little."""
        if self.quota is not None and self.quota - self.held < self.free - self.reserve:
            return QuotaReached(quota=self.quota, held=self.held)
        return DiskFull(free=self.free, reserve=self.reserve)


def room_of(policy: Policy, files: Files, rows: StoreRepository) -> Room:
    """Return the room that a policy leaves. What is held is only counted where a quota asks for it."""
    quota = policy.disk_quota_bytes
    held = 0 if quota is None else rows.totals()[1]
    return Room(files.disk()[0], policy.disk_reserve_bytes, quota, held)
