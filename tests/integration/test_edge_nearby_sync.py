"""Statements from whoever is near, with no centre and no store: what is newer and signed is taken, and nothing else."""

from typing import Any

import pytest

from edge_cache.node import Node
from tests.fakes.school import School, Seen
from tests.fakes.signed_world import SignedWorld
from tests.fakes.sources import NearSource

Objects = dict[str, bytes]


def look(school: School, *near: NearSource, line: bool = False, **settings: Any) -> Seen:
    """Look once at `near`, and fill from it; without a line nobody else is there."""
    for number, source in enumerate(near):
        source.name = f"near {number}"

    async def work(node: Node) -> Seen:
        node.nearby = lambda: near
        await node.sync().run(line=line)
        await node.fill_once(lambda: near)
        return Seen(node)

    seen: Seen = school.run(work, **settings)
    return seen


def statements(school: School) -> Objects:
    """What the node keeps for others."""

    async def work(node: Node) -> Objects:
        return {name: data for name in node.statements.names() if (data := node.statements.get(name))}

    found: Objects = school.run(work)
    return found


@pytest.fixture
def ahead(school: School) -> Objects:
    """The node has synced once; since then keys were rotated and a second release was published, at the neighbour's."""
    school.sync()
    school.world.repository.rotate("root", "timestamp", "snapshot")
    school.publish(school.make_release(2, "b", tuple(lesson.id for lesson in school.release.lessons)))
    school.wire.asked.clear()
    return dict(school.world.objects)


def test_a_neighbour_brings_roots_metadata_and_the_release(school: School, ahead: Objects) -> None:
    seen = look(school, NearSource(ahead))
    assert seen.held[0].release == 2
    assert seen.whole
    assert seen.problems == {}
    assert school.wire.asked == [], "the line was used"


def test_what_is_kept_is_what_the_store_has(school: School, ahead: Objects) -> None:
    look(school, NearSource(ahead))
    kept = statements(school)
    assert {name: ahead[name] for name in kept} == kept
    assert {name for name in kept if name.endswith("root.json")} == {"metadata/1.root.json", "metadata/2.root.json"}
    assert [name for name in kept if name.startswith("releases/")] == [n for n in ahead if n.endswith(".2.json")]
    snapshots = [name for name in kept if name.endswith("snapshot.json")]
    assert snapshots == [f"metadata/{school.world.repository.snapshot.version}.snapshot.json"]


def test_a_neighbour_that_is_behind_changes_nothing_and_is_no_problem(school: School, ahead: Objects) -> None:
    behind = NearSource(statements(school))
    assert look(school, NearSource(ahead)).held[0].release == 2
    before = statements(school)
    seen = look(school, behind)
    assert (seen.problems, seen.held[0].release) == ({}, 2)
    assert statements(school) == before


def test_the_newest_of_several_neighbours_wins(school: School, ahead: Objects) -> None:
    behind = NearSource(statements(school))
    assert look(school, NearSource(ahead), behind).held[0].release == 2


@pytest.mark.parametrize("lacks", ["snapshot.json", "targets.json", ".2.json"])
def test_a_neighbour_that_shows_half_of_it_moves_nothing(school: School, ahead: Objects, lacks: str) -> None:
    """The newest timestamp without what it names: the node stays at the set that it has, and goes on later."""
    school.world.repository.targets.version += 1
    school.world.repository.write_targets()
    school.world.repository.next_snapshot()
    known = statements(school)
    half = {n: d for n, d in school.world.objects.items() if n in known and n != "metadata/timestamp.json"}
    half |= {n: d for n, d in school.world.objects.items() if not n.endswith(lacks)}
    seen = look(school, NearSource(half))
    assert (seen.problems, seen.held[0].release) == ({}, 1)
    assert look(school, NearSource(dict(school.world.objects))).held[0].release == 2


def test_a_foreign_neighbour_is_passed_over(school: School, ahead: Objects) -> None:
    foreign = SignedWorld("another centre")
    for _ in range(20):
        foreign.repository.next_snapshot()
    seen = look(school, NearSource(foreign.objects, name="foreign"), NearSource(ahead))
    assert (seen.problems, seen.held[0].release) == ({}, 2)


def test_swapped_statements_are_passed_over(school: School, ahead: Objects) -> None:
    """A release's bytes under another's name, a partner's role in the place of the snapshot, a bit flipped."""
    release = next(name for name in ahead if name.endswith(".2.json"))
    snapshot = f"metadata/{school.world.repository.snapshot.version}.snapshot.json"
    spoiled: list[dict[str, Any]] = [
        {release: next(data for name, data in ahead.items() if name.endswith(".1.json"))},
        {snapshot: ahead["metadata/timestamp.json"]},
        {"metadata/timestamp.json": ahead["metadata/timestamp.json"].replace(b"timestamp", b"timestamq")},
    ]
    liars = [NearSource({**ahead, **one}) for one in spoiled]
    seen = look(school, *liars[1:])
    assert (seen.problems, seen.held[0].release) == ({}, 1)
    assert look(school, *liars, NearSource(ahead)).held[0].release == 2


def test_the_last_lesson_comes_though_nobody_has_those_before_it(school: School) -> None:
    """More lessons than are planned at once; the neighbour has the last one, and nobody the others."""
    school.sync()
    release = school.make_release(2, "many", ("",) * 60)
    school.publish(release)
    last = release.lessons[-1]
    mine = {f"{kind}/{t.index}" for t in last.media.all_tracks() for kind in ("packs", "indexes")}
    mine |= {f"blobs/{b.sha256}" for b in last.blobs()}
    objects = school.world.objects
    near = NearSource({n: d for n, d in objects.items() if n.startswith(("metadata/", "releases/")) or n in mine})
    seen = look(school, near, retry_seconds=30, retry_longest_seconds=30)
    assert [line.number for line in seen.lessons if line.ready] == [60]
    assert seen.problems == {}


def test_older_roots_are_fetched_for_others(school: School, ahead: Objects) -> None:
    """A box that began with the second root keeps the first one too, as its neighbours may be further behind."""
    look(school, NearSource(ahead))

    async def forget(node: Node) -> None:
        node.statements.drop(["metadata/1.root.json"])

    school.run(forget)
    forged = NearSource({**ahead, "metadata/1.root.json": SignedWorld("another centre").root})
    look(school, forged)
    assert "metadata/1.root.json" not in statements(school)
    look(school, NearSource(ahead))
    assert statements(school)["metadata/1.root.json"] == ahead["metadata/1.root.json"]
