"""A second release, tampered with in every part: it is refused in words, and what was held goes on serving."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.formats.hashing import sha256_hex
from catalog.formats.trust import partner_role
from edge_cache.errors import StatementExpired
from edge_cache.node import Node
from tests.fakes.school import POSTER, School, Seen
from tests.fakes.signed_world import SignedWorld
from tests.fakes.sources import NearSource
from tests.fakes.wire import Wire


@pytest.mark.parametrize("kind", ["index", "pack", "blob", "release", "timestamp", "snapshot", "targets", "partner"])
def test_one_flipped_bit_is_refused_and_what_is_held_serves(school: School, kind: str) -> None:
    """The second release is tampered with in the store, one part at a time; the first goes on serving."""
    school.sync()
    second = school.make_release(2, "b", tuple(lesson.id for lesson in school.release.lessons))
    school.publish(second)
    track = school.tracks[-1]
    repository, role = school.world.repository, partner_role(school.world.partner)
    repository.targets.version += 1
    repository.write_targets()
    repository.next_snapshot()
    name = {
        "index": f"indexes/{track.index.digest}",
        "pack": f"packs/{track.index.digest}",
        "blob": f"blobs/{sha256_hex(POSTER)}",
        "release": next(n for n in school.world.objects if n.endswith(".2.json")),
        "timestamp": "metadata/timestamp.json",
        "snapshot": f"metadata/{repository.snapshot.version}.snapshot.json",
        "targets": f"metadata/{repository.targets.version}.targets.json",
        "partner": f"metadata/{repository.partners[role].version}.{role}.json",
    }[kind]
    if kind == "blob":
        school.run(_lose_blobs)
    sound = school.world.objects[name]
    at = sound.index(b"signed") if kind not in ("index", "pack", "blob", "release") else len(sound) // 2
    school.world.objects[name] = sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :]
    seen = school.sync()
    assert set(seen.problems) & {"metadata", "release", "pack", "blob", "partner"}, seen.problems
    assert all(line.ready for line in seen.lessons)
    school.world.objects[name] = sound
    seen = school.sync()
    assert seen.problems == {}
    assert seen.held[0].release == 2
    assert seen.whole


async def _lose_blobs(node: Node) -> None:
    for digest in node.keeper.rows.held_blobs():
        node.keeper.files.blobs.path(digest).write_bytes(b"rot")
        assert node.keeper.blob(digest) is None


def test_a_rolled_back_repository_is_refused(school: School) -> None:
    old = dict(school.world.objects)
    school.sync()
    school.publish(school.make_release(2, "b", tuple(lesson.id for lesson in school.release.lessons)))
    assert school.sync().held[0].release == 2
    school.world.objects.update(old)
    seen = school.sync()
    assert seen.problems == {"metadata": "trust.refused"}
    assert "was already seen" in seen.words[0]
    assert seen.held[0].release == 2


def test_a_rollback_is_refused_though_the_cache_was_lost(school: School) -> None:
    old = dict(school.world.objects)
    school.sync()
    school.world.repository.next_snapshot()
    school.sync()

    async def lose_statements(node: Node) -> None:
        node.statements.drop(node.statements.names())

    school.run(lose_statements)
    school.world.objects.update(old)
    assert school.sync().problems == {"metadata": "trust.refused"}


def test_a_foreign_repository_is_refused(school: School) -> None:
    school.sync()
    foreign = SignedWorld("another centre")
    for _ in range(20):
        foreign.repository.next_snapshot()
    school.world.objects.update({k: v for k, v in foreign.objects.items() if not k.endswith("1.root.json")})
    seen = school.sync()
    assert seen.problems == {"metadata": "trust.refused"}
    assert all(line.ready for line in seen.lessons)


def test_a_foreign_direction_is_refused(school: School) -> None:
    school.sync()
    school.wire.direction = SignedWorld("another centre").direct(school.wire.node, school.wire.store_url, [])
    assert school.sync().problems == {"direction": "trust.refused"}


def test_a_direction_for_another_node_is_refused(school: School) -> None:
    school.sync()
    school.wire.direction = school.world.direct(school.world.partner, school.wire.store_url, [])
    seen = school.sync()
    assert seen.problems == {"direction": "trust.refused"}
    assert "another node" in seen.words[0]
    assert all(line.ready for line in seen.lessons)


def test_a_rolled_back_direction_is_refused(school: School) -> None:
    first = school.wire.direction
    school.sync()
    school.wire.direct((school.release.course, 1))
    school.sync()
    school.wire.direction = first
    seen = school.sync()
    assert seen.problems == {"direction": "trust.refused"}


def test_a_new_root_is_followed(school: School) -> None:
    school.sync()
    school.world.repository.rotate("root", "timestamp", "snapshot")
    assert school.sync().problems == {}
    assert school.sync().problems == {}
    kept = json.loads((school.folder / "trust" / "trusted.json").read_bytes())
    assert kept["floor"]["root"] == json.loads(kept["root"])["signed"]["version"] == 2


def test_a_course_that_is_not_listed_is_named(school: School) -> None:
    school.sync()
    school.wire.direct((school.release.course, 7))
    seen = school.sync()
    assert seen.problems == {"release": "release.missing"}
    assert all(line.ready for line in seen.lessons)


def test_expired_statements_only_warn(tmp_path: Path) -> None:
    with Wire(SignedWorld(now=datetime(2024, 1, 1, tzinfo=UTC))) as wire:
        school = School(tmp_path / "node", wire)
        school.enrol()
        seen = school.sync()
        assert set(seen.problems.values()) == {"trust.expired"}
        assert seen.whole


def test_a_role_that_is_gone_is_past_no_date(school: School) -> None:
    async def before(node: Node) -> None:
        node.notes.trouble("expired:partner-gone", StatementExpired(role="partner-gone", expires="2024-01-01"))

    school.run(before)
    assert school.sync().problems == {}


@pytest.mark.parametrize(
    ("address", "code"), [("http://store..cn", "source.unknown-host"), ("ftp://store", "source.unreachable")]
)
def test_a_direction_with_a_wrong_store_is_put_right_by_the_next(school: School, address: str, code: str) -> None:
    """The store cannot be asked, or is none: the centre still is, and what it directs then is taken."""
    school.sync()
    school.wire.direction = school.world.direct(school.wire.node, address, [(school.release.course, 1)])
    assert school.sync().problems == {"metadata": code}
    school.publish(school.make_release(2, "b", tuple(lesson.id for lesson in school.release.lessons)))
    school.wire.direct((school.release.course, 2))
    seen = school.sync()
    assert (seen.problems, seen.held[0].release) == ({}, 2)
    assert seen.whole


@pytest.mark.parametrize("nearby", [False, True])
def test_a_disk_that_does_not_keep_the_trust_is_told_and_what_is_held_serves(school: School, nearby: bool) -> None:
    school.sync()
    school.publish(school.make_release(2, "b", tuple(lesson.id for lesson in school.release.lessons)))
    school.wire.direct((school.release.course, 2))
    in_the_way = school.folder / "trust" / ".trusted.json.new"
    in_the_way.mkdir()

    async def look(node: Node) -> Seen:
        if nearby:
            node.nearby = lambda: [NearSource(dict(school.world.objects))]
        await node.sync_once(line=not nearby)
        return Seen(node)

    seen = school.run(look)
    assert seen.problems["metadata"] == "disk.unwritable"
    assert (seen.held[0].release, [line.ready for line in seen.lessons]) == (1, [True, True])
    in_the_way.rmdir()
    seen = school.sync()
    assert (seen.problems, seen.held[0].release, seen.whole) == ({}, 2, True)
