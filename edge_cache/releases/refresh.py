"""Signed metadata in, from one source at a time: all that a source has of it is verified before any of it counts."""

from collections.abc import Callable
from functools import partial

from catalog.formats.errors import NotTrusted
from catalog.formats.trust import MAX_METADATA_BYTES, TIMESTAMP, Floor, Trust
from edge_cache.errors import SourceFailed, SourceForbids, SourceLacks
from edge_cache.releases.statements import StatementRepository, metadata_name
from edge_cache.releases.trusted import TrustFolder
from edge_cache.sources import Source

MAX_ROOTS_AT_ONCE = 1024
MAX_TIMESTAMP_BYTES = 64 << 10


class Metadata:
    """The signed metadata of a node: what was kept of it, and what a source has that is newer."""

    def __init__(self, trusted: TrustFolder, statements: StatementRepository) -> None:
        self.trusted, self._statements = trusted, statements

    def kept(self) -> Trust:
        """Return the trust with all kept statements that still hold: enough to judge directions and releases by.

        Raises NodeStateUnreadable if the node's own trust is lost.
        """
        trust = self.trusted.open()
        if self._take_kept(TIMESTAMP, trust.take_timestamp) and self._take_kept(
            metadata_name(trust.snapshot_version, "snapshot"), trust.take_snapshot
        ):
            version = trust.version_of("targets")
            if self._take_kept(metadata_name(version, "targets"), trust.take_targets):
                for role, at in trust.partner_roles().items():
                    self._take_kept(metadata_name(at, role), partial(trust.take_partner, role))
        return trust

    async def refresh(self, source: Source) -> None:
        """Bring what is kept up to `source`'s metadata: its roots one by one, the rest as a whole or not at all.

        Raises SourceFailed, NotTrusted where it is older than what was seen or not signed as it must be, DiskTrouble,
        and NodeStateUnreadable.
        """
        trust = self.trusted.open()
        await self._take_roots(trust, source)
        timestamp = await source.get(TIMESTAMP, MAX_TIMESTAMP_BYTES)
        trust.take_timestamp(timestamp)
        taken = {TIMESTAMP: timestamp}
        steps: tuple[tuple[str, Callable[[], int], Callable[[bytes], None]], ...] = (
            ("snapshot", lambda: trust.snapshot_version, trust.take_snapshot),
            ("targets", lambda: trust.version_of("targets"), trust.take_targets),
        )
        for role, version, take in steps:
            name = metadata_name(version(), role)
            data = self._statements.get(name) if self._take_kept(name, take) else None
            if data is None:
                data = await source.get(name, MAX_METADATA_BYTES)
                take(data)
            taken[name] = data
        if any(self._statements.get(name) != data for name, data in taken.items()):
            self.trusted.keep_floor(trust)  # before anything that depends on it
            self._statements.replace_metadata(taken, trust.partner_roles())

    def keep_partner(self, trust: Trust, role: str, version: int, data: bytes) -> None:
        """Keep a partner's role that `trust` has just taken; first the floor that it raised."""
        self.trusted.keep_floor(trust)
        self._statements.keep({metadata_name(version, role): data})

    async def complete_roots(self, source: Source) -> None:
        """Fetch the roots before the node's own first one, for who is asked by boxes that are further behind.

        Each must have signed the one after it. What `source` does not have is left.
        """
        version = self.trusted.open().root_version
        data = self._statements.get(metadata_name(version, "root"))
        while data is not None and version > 1:
            later, version = data, version - 1
            data = self._statements.get(metadata_name(version, "root"))
            if data is None:
                try:
                    data = await source.get(metadata_name(version, "root"), MAX_METADATA_BYTES)
                    Trust(data, Floor()).take_root(later)
                except (SourceFailed, NotTrusted):
                    return
                self._statements.keep({metadata_name(version, "root"): data})

    async def _take_roots(self, trust: Trust, source: Source) -> None:
        self._statements.keep({metadata_name(trust.root_version, "root"): self.trusted.root})
        for _ in range(MAX_ROOTS_AT_ONCE):
            name = metadata_name(trust.root_version + 1, "root")
            try:
                data = await source.get(name, MAX_METADATA_BYTES)
            except (SourceLacks, SourceForbids):  # some stores say 403 for what is not there
                return
            trust.take_root(data)
            self.trusted.keep_root(trust, data)
            self._statements.keep({name: data})

    def _take_kept(self, name: str, take: Callable[[bytes], object]) -> bool:
        """Take a statement that was kept, if it still holds."""
        data = self._statements.get(name)
        try:
            if data is not None:
                take(data)
        except NotTrusted:
            return False
        return data is not None
