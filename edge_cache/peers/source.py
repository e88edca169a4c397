"""Another node as a source: the store's names below its /peer, and what it holds of a track."""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence

from pydantic import BaseModel, NonNegativeInt, PositiveInt, ValidationError

from edge_cache.errors import SourceLacks, SourceNotOurs
from edge_cache.sources import Source

MAX_HELD_BYTES = 1 << 20
HELD_FOR_SECONDS = 20.0
"""A peer may be filling itself: what it holds is asked for anew after that."""
HELD_TRACKS = 64
PATH = "/peer"


class _Held(BaseModel):
    """An answer of /peer/held."""

    runs: list[tuple[NonNegativeInt, PositiveInt]]


def peer_base(address: str) -> str:
    """Return where the node at `address` gives to peers."""
    return address.rstrip("/").removesuffix(PATH) + PATH


class PeerSource:
    """The node at the end of `http`: on the LAN, or, as a county's, over the school's line."""

    def __init__(self, http: Source) -> None:
        self._http = http
        self._held: OrderedDict[str, tuple[float, list[tuple[int, int]]]] = OrderedDict()

    @property
    def name(self) -> str:
        """Its address."""
        return self._http.name

    @property
    def uses_line(self) -> bool:
        """See `Source.uses_line`."""
        return self._http.uses_line

    async def get(self, path: str, limit: int) -> bytes:
        """See `Source.get`."""
        return await self._http.get(path, limit)

    def read_range(self, path: str, start: int, length: int, total: int) -> AsyncIterator[bytes]:
        """See `Source.read_range`."""
        return self._http.read_range(path, start, length, total)

    async def held(self, index: str) -> Sequence[tuple[int, int]]:
        """See `Source.held`; nothing of a track that the peer does not know."""
        until, runs = self._held.get(index, (0.0, []))
        if until < time.monotonic():
            runs = await self._ask(index)
            self._held[index] = time.monotonic() + HELD_FOR_SECONDS, runs
            while len(self._held) > HELD_TRACKS:
                self._held.popitem(last=False)
        return runs

    async def _ask(self, index: str) -> list[tuple[int, int]]:
        try:
            return _Held.model_validate_json(await self.get(f"held/{index}", MAX_HELD_BYTES)).runs
        except SourceLacks:
            return []
        except ValidationError as error:
            raise SourceNotOurs(address=f"{self.name}/held/{index}", why="it is not what a node answers") from error
