"""A node that is started where a power cut left off, and whose requests are noted."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from edge_cache.node import Node
from edge_cache.settings import EdgeSettings
from edge_cache.sources import Source

Asked = list[tuple[str, int, int]]
"""Name, first byte and number of bytes of each range."""


class Noted:
    """A source whose ranges are noted."""

    def __init__(self, source: Source, asked: Asked) -> None:
        self._source, self._asked = source, asked
        self.name, self.uses_line = source.name, source.uses_line

    async def held(self, index: str) -> Sequence[tuple[int, int]] | None:
        """As the source says."""
        return await self._source.held(index)

    async def get(self, path: str, limit: int) -> bytes:
        """As the source gives it."""
        return await self._source.get(path, limit)

    def read_range(self, path: str, start: int, length: int, total: int) -> AsyncIterator[bytes]:
        """As the source gives it; noted."""
        self._asked.append((path, start, length))
        return self._source.read_range(path, start, length, total)


class _Noting(Node):
    """A node that notes what it asks the store for."""

    asked: Asked

    def source_at(self, base: str) -> Source:
        """The source at a store's address, noted."""
        return Noted(super().source_at(base), self.asked)


async def mend(state: Path) -> Asked:
    """Start a node over a folder, let it fetch what is missing, and return what it asked for."""
    settings = EdgeSettings(state=state, retry_seconds=0.01, retry_longest_seconds=0.05, discovery=False)
    with _Noting(settings) as node:
        node.asked = []
        await node.sync_once()
        await node.fill_once()
        await node.close_client()
        return node.asked
