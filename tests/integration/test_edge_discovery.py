"""Nodes find each other by multicast, on the loopback: real sockets, real announcements."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from catalog.formats.ids import new_id
from edge_cache.discovery import Discovery

HERE = ("127.0.0.1",)
SECONDS = 20


@asynccontextmanager
async def running(discovery: Discovery) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(discovery.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


def test_two_nodes_find_each_other_and_notice_when_one_goes() -> None:
    async def work() -> None:
        came = [asyncio.Event(), asyncio.Event()]
        one, other = (Discovery(new_id(), 8090 + n, came[n].set, HERE) for n in range(2))
        async with running(one):
            async with running(other):
                await asyncio.wait_for(asyncio.gather(*(event.wait() for event in came)), SECONDS)
                came[0].clear()
                assert one.addresses == ["http://127.0.0.1:8091"]
                assert other.addresses == ["http://127.0.0.1:8090"]
            await asyncio.wait_for(came[0].wait(), SECONDS)
            assert one.addresses == []

    asyncio.run(work())
