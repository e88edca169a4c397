"""Another node, on a disk of its own, that writes a drive for the one whose power is cut."""

import asyncio
from pathlib import Path

from edge_cache.bundle.export import export_node
from edge_cache.node import Node
from edge_cache.settings import EdgeSettings
from tests.fakes.wire import Wire


class _Quiet:
    """Nobody watches the export."""

    def begin(self, stage: str, length: int) -> None:
        """A stage begins."""

    def advance(self, length: int) -> None:
        """It goes on."""


class Lender:
    """Fills itself and writes what it holds to `drive`."""

    def __init__(self, folder: Path, wire: Wire) -> None:
        self.drive, self._state, self._wire = folder / "drive", folder / "lender", wire
        self.drive.mkdir()

    def lend(self) -> None:
        """Bring the drive up to the newest release."""
        asyncio.run(self._fill())
        export_node(self._state, self.drive, (), False, _Quiet())

    async def _fill(self) -> None:
        with Node(EdgeSettings(state=self._state, discovery=False)) as node:
            if node.identity is None:
                await node.enrol(self._wire.address, self._wire.code)
            await node.sync_once()
            await node.fill_once()
            await node.close_client()
