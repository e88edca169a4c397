"""Who else has lessons, the nearest first: drives that are plugged in, nodes on the LAN, caches before the store."""

import asyncio
from collections.abc import Callable, Sequence

import httpx2

from edge_cache import SOFTWARE
from edge_cache.bundle.watch import DriveWatch
from edge_cache.discovery import Discovery
from edge_cache.peers.source import PATH, PeerSource, peer_base
from edge_cache.releases.repository import ReleaseRepository
from edge_cache.settings import EdgeSettings
from edge_cache.sources import HttpSource, Source
from edge_cache.store.repository import StoreRepository

CONNECT_SECONDS = 2.0
"""On a LAN who is there answers at once."""


class Nearby:
    """The sources besides the store. `on_change` is called when one came."""

    def __init__(
        self,
        settings: EdgeSettings,
        rows: StoreRepository,
        releases: ReleaseRepository,
        source_at: Callable[[str], Source],
        on_change: Callable[[], object],
    ) -> None:
        """`source_at` gives a source over the line, for caches before the store."""
        self._settings, self._source_at, self._on_change = settings, source_at, on_change
        self.drives = DriveWatch(settings.drives, rows, releases, on_change)
        self._discovery: Discovery | None = None
        self._lan: httpx2.AsyncClient | None = None
        self._peers: dict[str, PeerSource] = {}
        self._caches: list[Source] | None = None

    @property
    def peers(self) -> list[str]:
        """Addresses of the nodes on the LAN that are asked: those that were set, then those that were found."""
        found = self._discovery.addresses if self._discovery else []
        return list(dict.fromkeys([*self._settings.peers, *found]))

    def sources(self) -> Sequence[Source]:
        """See `Sources`: drives, peers by address and as they are found, then caches before the store."""
        if self._caches is None:
            self._caches = [self._cache(address) for address in self._settings.caches]
        return [*self.drives.sources(), *map(self._peer, self.peers), *self._caches]

    async def run(self, node: str) -> None:
        """Look for drives, and for peers of the node `node`, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.drives.run())
            if self._settings.discovery:
                self._discovery = Discovery(node, self._settings.address[1], self._on_change, self._settings.interfaces)
                tasks.create_task(self._discovery.run())

    async def close(self) -> None:
        """Close connections to peers."""
        if self._lan is not None:
            await self._lan.aclose()
            self._lan = None
        self._peers.clear()
        self._caches = None

    def _peer(self, address: str) -> PeerSource:
        if address not in self._peers:
            if self._lan is None:
                timeout = httpx2.Timeout(self._settings.read_seconds, connect=CONNECT_SECONDS)
                # Proxies are for the line.
                self._lan = httpx2.AsyncClient(timeout=timeout, headers={"User-Agent": SOFTWARE}, trust_env=False)
            self._peers[address] = PeerSource(HttpSource(self._lan, peer_base(address), self._settings.read_seconds))
        return self._peers[address]

    def _cache(self, address: str) -> Source:
        """A county's node, known by its path, or any HTTP cache of the store: both are beyond the school's line."""
        if address.endswith(PATH):
            return PeerSource(self._source_at(peer_base(address)))
        return self._source_at(address)
