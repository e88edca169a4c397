"""A source in memory: a peer on the LAN that has some of the segments of every track."""

from collections.abc import AsyncIterator, Sequence

from edge_cache.errors import SourceLacks


class NearSource:
    """Has `objects` by name, and of every track the runs of segments in `runs` (None: all). `sent` is what it gave;
    `is_there` is for who lists the sources that are."""

    uses_line = False

    def __init__(
        self, objects: dict[str, bytes], runs: Sequence[tuple[int, int]] | None = None, name: str = "near"
    ) -> None:
        self.objects, self.runs, self.name = objects, runs, name
        self.is_there = True
        self.sent: list[tuple[str, int, int]] = []

    async def held(self, index: str) -> Sequence[tuple[int, int]] | None:
        return self.runs if f"packs/{index}" in self.objects else ()

    async def get(self, path: str, limit: int) -> bytes:
        if path not in self.objects:
            raise SourceLacks(address=f"near/{path}", status=404)
        return self.objects[path][:limit]

    async def read_range(self, path: str, start: int, length: int, total: int) -> AsyncIterator[bytes]:
        data = await self.get(path, total)
        self.sent.append((path, start, start + length))
        for at in range(start, start + length, 1000):
            yield data[at : min(at + 1000, start + length)]
