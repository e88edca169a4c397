"""Several sources in one job: the nearest gives what it has, the store the rest, and nobody's fault stops it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from edge_cache.errors import SourceFailed, SourceLacks, SourceUnreachable
from edge_cache.node import Node
from edge_cache.standing import Speed, Standing
from tests.fakes.school import School, Seen
from tests.fakes.sources import NearSource


def fill_with(school: School, near: NearSource, **settings: Any) -> Seen:
    """Fill a node that has `near` on its LAN."""

    async def work(node: Node) -> Seen:
        node.nearby = lambda: [near] if near.is_there else []
        await node.sync_once()
        await asyncio.wait_for(node.fill_once(), 60)
        return Seen(node)

    seen: Seen = school.run(work, **settings)
    return seen


def test_what_a_neighbour_has_does_not_come_over_the_line(school: School) -> None:
    near = NearSource(dict(school.world.objects), runs=[(1, 2), (4, 1)])
    assert fill_with(school, near).whole
    rows = {f"packs/{t.index.digest}": t.index.segments for t in school.tracks}
    by_neighbour = {(name, s.number) for name, a, b in near.sent for s in rows[name] if a <= s.offset < b}
    by_store = {
        (name, s.number)
        for name, a, b in school.wire.log
        if name.startswith("packs/")
        for s in rows[name]
        if a <= s.offset < b
    }
    assert {number for _, number in by_neighbour} == {1, 2, 4}
    assert {number for _, number in by_store} == {0, 3, 5}


def test_a_neighbour_with_other_bytes_is_dropped_and_not_the_job(school: School) -> None:
    spoiled = {name: bytes(len(data)) for name, data in school.world.objects.items() if name.startswith("packs/")}
    near = NearSource({**school.world.objects, **spoiled})
    seen = fill_with(school, near)
    assert seen.whole
    assert seen.problems == {"source": "source.distrusted"}


class Breaking(NearSource):
    """Gives the first part of each large segment, and fails at every other one; `leaves` says whether it goes then."""

    def __init__(self, school: School, error: SourceFailed, *, leaves: bool) -> None:
        super().__init__(dict(school.world.objects))
        self.error, self.leaves, self.failed = error, leaves, 0
        self.starts = {row.offset for track in school.tracks for row in track.index.segments}

    async def read_range(self, path: str, start: int, length: int, total: int) -> AsyncIterator[bytes]:
        if start not in self.starts:
            self.failed += 1
            self.is_there = not self.leaves
            assert self.failed < 100, "it is asked without end"
            raise self.error
        async for data in super().read_range(path, start, length, total):
            yield data


class Slow(NearSource):
    """Takes its time."""

    async def read_range(self, path: str, start: int, length: int, total: int) -> AsyncIterator[bytes]:
        async for data in super().read_range(path, start, length, total):
            await asyncio.sleep(0.2)
            yield data


def test_a_neighbour_keeps_no_more_from_the_store_than_it_brings_soon(school: School) -> None:
    near = Slow(dict(school.world.objects))

    async def work(node: Node) -> Seen:
        node.nearby = lambda: [near]
        node.fill.standings[near.name] = Standing(speed=Speed(brought=1000, worked=100))
        await node.sync_once()
        await asyncio.wait_for(node.fill_once(), 60)
        return Seen(node)

    assert school.run(work).whole
    assert near.sent
    assert school.wire.pack_bytes() > sum(len(t.pack) for t in school.tracks) / 2


class Silent(NearSource):
    """Never says what it holds."""

    async def held(self, index: str) -> Sequence[tuple[int, int]] | None:
        await asyncio.sleep(3600)
        raise AssertionError("nobody waits so long")


def test_a_neighbour_that_does_not_say_what_it_holds_keeps_nobody_waiting(school: School) -> None:
    assert fill_with(school, Silent(dict(school.world.objects))).whole


def test_what_a_neighbour_began_and_refuses_to_end_is_asked_of_another(school: School) -> None:
    near = Breaking(school, SourceLacks(address="near", status=404), leaves=False)
    seen = fill_with(school, near, run_bytes=1000)
    assert near.failed
    assert seen.whole
    assert seen.problems == {}


def test_what_a_neighbour_began_that_is_gone_is_begun_anew_by_others(school: School) -> None:
    near = Breaking(school, SourceUnreachable(address="near", why="pulled"), leaves=True)
    seen = fill_with(school, near, run_bytes=1000)
    assert near.failed
    assert seen.whole
    assert seen.problems == {}
