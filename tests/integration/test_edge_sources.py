"""Several sources in one job: the nearest gives what it has, the store the rest, and nobody's fault stops it."""

from edge_cache.node import Node
from tests.fakes.school import School, Seen
from tests.fakes.sources import NearSource


def fill_with(school: School, near: NearSource) -> Seen:
    """Fill a node that has `near` on its LAN."""

    async def work(node: Node) -> Seen:
        node.nearby = lambda: [near]
        await node.sync_once()
        await node.fill_once()
        return Seen(node)

    seen: Seen = school.run(work)
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
