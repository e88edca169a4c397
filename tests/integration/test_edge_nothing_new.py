"""What a look costs when nothing is new: one question to the centre, whose word can spare the store and no more."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catalog.formats.change import change_name, make_change
from catalog.formats.hashing import sha256_hex
from catalog.formats.protocol import DIRECTION_PATH
from edge_cache.node import Node
from edge_cache.sync import ASK_THE_STORE_AFTER, SyncResult
from songtan.stack.ports import free_ports
from tests.fakes.relay import Relay
from tests.fakes.school import School
from tests.fakes.signed_world import SignedWorld
from tests.fakes.wire import Wire

STAMP = "/store/metadata/timestamp.json"


class Clock:
    """A box's clock that goes when told."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.time


async def look(node: Node) -> SyncResult:
    return await node.sync_once()


def asked(school: School) -> list[str]:
    """What was asked since the last time."""
    paths = list(school.wire.asked)
    school.wire.asked.clear()
    return paths


@pytest.fixture
def filled(school: School) -> School:
    """A node that holds everything, of which nothing was asked since."""
    school.sync()
    school.run(look)
    school.wire.asked.clear()
    return school


def test_when_nothing_is_new_the_centre_is_asked_once_and_nobody_else(filled: School) -> None:
    for _ in range(3):
        assert filled.run(look) == SyncResult()
        assert asked(filled) == [DIRECTION_PATH]


@pytest.mark.parametrize("kept_alive", [True, False])
def test_nothing_new_is_one_round_trip_of_two_kilobytes(filled: School, kept_alive: bool) -> None:
    """HTTP is counted between the node and the centre; each packet adds 60 bytes of IP and TCP at most: question,
    answer and two acknowledgements, and the seven packets that open and close a connection."""

    async def twice(node: Node) -> tuple[int, int]:
        with Relay(lambda: filled.wire.address) as relay:
            assert node.identity is not None
            node.identity = node.identity.model_copy(update={"centre": relay.address})
            if kept_alive:
                await node.sync_once()
            before = len(relay.exchanges)
            await node.sync_once()
            (one,) = relay.exchanges[before:]
            return one.up, one.down

    up, down = filled.run(twice)
    packets = 4 if kept_alive else 4 + 7
    assert 300 < up + down + packets * 60 <= 2048


def test_a_centre_that_says_nothing_of_the_store_leaves_the_node_to_ask(filled: School) -> None:
    filled.wire.timestamp = lambda: None
    filled.run(look)
    assert asked(filled) == [DIRECTION_PATH, "/store/metadata/2.root.json", STAMP]


def test_metadata_that_moved_on_is_fetched(filled: School) -> None:
    filled.world.repository.next_snapshot()
    filled.run(look)
    assert STAMP in asked(filled)
    filled.run(look)
    assert asked(filled) == [DIRECTION_PATH]


def test_a_store_that_has_moved_is_asked_in_the_same_look(filled: School) -> None:
    """The old one is gone: what is new would wait for the next look, and say meanwhile that the store is away."""
    wire, assigned = filled.wire, [(filled.release.course, 1)]
    here = wire.store_url
    wire.direction = filled.world.direct(wire.node, f"http://127.0.0.1:{free_ports(1)[0]}/store", assigned)
    filled.run(look)
    filled.world.repository.next_snapshot()
    wire.direction = filled.world.direct(wire.node, here, assigned)
    asked(filled)
    assert filled.run(look) == SyncResult(directed=True)
    assert STAMP in asked(filled)


def test_a_centre_that_lies_holds_nothing_back_for_longer_than_a_day(filled: School) -> None:
    """Whoever took over the centre says that the node has the newest statements; the keys were replaced meanwhile."""
    told = filled.wire.stored_timestamp()
    filled.wire.timestamp = lambda: told
    filled.world.repository.rotate("root", "timestamp", "snapshot")

    def at(later: timedelta) -> list[str]:
        clock.time = datetime.now(UTC) + later
        filled.run_at(clock, look)
        return asked(filled)

    clock = Clock()
    assert at(ASK_THE_STORE_AFTER - timedelta(minutes=5)) == [DIRECTION_PATH]
    assert "/store/metadata/2.root.json" in at(ASK_THE_STORE_AFTER + timedelta(minutes=5))
    assert filled.sync().problems == {}


def test_a_centre_that_vouches_for_forged_statements_gets_none_of_them_taken(filled: School) -> None:
    forged = SignedWorld("another centre").objects["metadata/timestamp.json"]
    filled.world.objects["metadata/timestamp.json"] = forged
    seen = filled.sync()
    assert seen.problems == {"metadata": "trust.refused"}
    assert all(line.ready for line in seen.lessons)


def test_while_statements_are_past_their_date_the_store_is_asked_whatever_the_centre_says(tmp_path: Path) -> None:
    with Wire(SignedWorld(now=datetime(2024, 1, 1, tzinfo=UTC))) as wire:
        school = School(tmp_path / "node", wire)
        school.enrol()
        school.sync()
        asked(school)
        seen = school.sync()
        assert STAMP in asked(school)
        assert set(seen.problems.values()) == {"trust.expired"}


def test_a_release_that_is_missing_is_looked_for_each_time(filled: School) -> None:
    filled.wire.direct((filled.release.course, 7))
    filled.run(look)
    asked(filled)
    filled.run(look)
    assert STAMP in asked(filled)


def test_what_a_cut_left_out_is_fetched_though_the_metadata_is_the_newest(filled: School) -> None:
    """The metadata came, then the power went: the partner's statement and the release are asked for, and no more."""

    async def lose(node: Node) -> None:
        node.statements.drop([name for name in node.statements.names() if "partner" in name])

    filled.run(lose)
    filled.run(look)
    paths = asked(filled)
    assert STAMP not in paths
    assert [path for path in paths if "partner" in path] == paths[1:]


def test_a_box_whose_clock_jumped_back_asks_the_store(filled: School) -> None:
    async def forget(node: Node) -> None:
        later = datetime.now(UTC) + timedelta(days=3)
        node.notes.keep(store_asked=later.isoformat())

    filled.run(forget)
    filled.run(look)
    assert STAMP in asked(filled)


def test_a_report_goes_up_when_something_changed_and_not_before_its_time(filled: School) -> None:
    """Of a node that runs, with a timetable to agree on: after one report each look is one question."""

    async def work(node: Node) -> None:
        running = asyncio.create_task(node.run())
        try:
            await asyncio.to_thread(filled.wire.wait_for, lambda: filled.wire.asked.count(DIRECTION_PATH) >= 6)
        finally:
            running.cancel()

    filled.run(work, poll_seconds=0.05, report_seconds=3600)
    assert filled.wire.report_posts == 1
    assert set(asked(filled)) == {DIRECTION_PATH}


def next_release(school: School) -> tuple[str, str]:
    """Publish a release in which one lesson of two has other media; return the names of the document and the change."""
    newer = school.make_release(2, "b", tuple(lesson.id for lesson in school.release.lessons))
    newer = newer.model_copy(update={"lessons": (school.release.lessons[0], newer.lessons[1])})
    school.publish(newer)
    (whole,) = [name for name in school.world.objects if name.endswith(".2.json") and name.startswith("releases/")]
    change = change_name(sha256_hex(newer.encoded()), sha256_hex(school.release.encoded()))
    school.world.objects[change] = make_change(school.release.encoded(), newer.encoded())
    school.wire.direct((newer.course, 2))
    return f"/store/{whole}", f"/store/{change}"


def test_of_a_new_release_only_what_changed_is_fetched_and_the_whole_is_kept(filled: School) -> None:
    whole, change = next_release(filled)
    seen = filled.sync()
    assert (seen.problems, seen.held[0].release, seen.whole) == ({}, 2, True)
    paths = asked(filled)
    assert change in paths
    assert whole not in paths

    async def kept(node: Node) -> bytes | None:
        return node.statements.get(whole.removeprefix("/store/"))

    assert filled.run(kept) == filled.world.objects[whole.removeprefix("/store/")]


@pytest.mark.parametrize("spoiled", [None, b"", b'{"lessons":[]}', b"<html>sign in</html>"])
def test_a_change_that_is_missing_or_wrong_costs_a_question_and_nothing_else(
    filled: School, spoiled: bytes | None
) -> None:
    whole, change = next_release(filled)
    del filled.world.objects[change.removeprefix("/store/")]
    if spoiled is not None:
        filled.world.objects[change.removeprefix("/store/")] = spoiled
    seen = filled.sync()
    assert (seen.problems, seen.held[0].release, seen.whole) == ({}, 2, True)
    paths = asked(filled)
    assert paths.index(change) < paths.index(whole)
