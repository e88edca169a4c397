"""A node against a real HTTP server: releases in, the fill, the switch, and every way in which a source can fail."""

import asyncio
from itertools import pairwise

import pytest

from edge_cache.node import Node
from tests.fakes.box import held_segments
from tests.fakes.school import School


def test_an_enrolled_node_fills_itself(school: School) -> None:
    seen = school.sync()
    assert seen.problems == {}
    assert seen.whole
    assert [line.ready for line in seen.lessons] == [True, True]
    assert school.wire.pack_bytes() == sum(t.index.pack_length - len(t.index.init) for t in school.tracks)


def test_nothing_new_costs_next_to_nothing(school: School) -> None:
    school.sync()
    school.wire.asked.clear()
    school.sync()
    assert [path.rpartition("/")[2] for path in school.wire.asked] == ["direction"]


def test_a_new_release_fetches_only_what_changed_and_then_switches(school: School) -> None:
    school.sync()
    first = school.release.lessons[0]
    second = school.make_release(2, "b", (first.id, school.release.lessons[1].id))
    kept = second.model_copy(update={"lessons": (first, second.lessons[1])})
    school.publish(kept)
    school.wire.log.clear()
    school.wire.fault = lambda name, _start: "404" if name.startswith("packs/") else None
    waiting = school.sync()
    assert [line.ready for line in waiting.lessons] == [True, True]
    assert school.serving() == [2, 1]
    school.wire.fault = lambda _name, _start: None
    assert school.sync().whole
    new = [t for t in school.tracks if any(t.index.digest == x.index for x in kept.tracks())]
    fetched = {name.partition("/")[2] for name, _, _ in school.wire.log if name.startswith("packs/")}
    unchanged = {t.index for t in first.media.all_tracks()}
    assert fetched == {t.index.digest for t in new} - unchanged
    assert school.serving() == [2, 2]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("hang-up", "source.unreachable"),
        ("stall", "source.timed-out"),
        ("drip", "source.drips"),
        ("403", "source.forbids"),
        ("expired", "source.link-expired"),
        ("404", "source.lacks"),
        ("416", "source.refuses-range"),
        ("500", "source.failing"),
        ("503", "source.failing"),
        ("portal", "source.not-ours"),
        ("redirect", "source.not-ours"),
        ("whole", "source.not-ours"),
        ("elsewhere", "source.not-ours"),
        ("short", "source.broke-off"),
        ("endless", "source.too-long"),
        ("flip", "source.bad-bytes"),
    ],
)
def test_a_source_that_fails_is_named_and_forgiven(school: School, fault: str, code: str) -> None:
    """One pack is spoiled: the problem says how; the same bytes come when the source is well; nothing comes twice."""
    spoiled = f"packs/{school.tracks[0].index.digest}"
    school.wire.fault = lambda name, start: fault if name == spoiled and start else None
    seen = school.sync(attempts=2, read_seconds=0.3 if fault in ("stall", "drip") else 20, in_flight=1)
    assert code in seen.problems.values(), seen.words
    assert not seen.whole
    school.wire.release_stalled.set()
    school.wire.fault = lambda _name, _start: None
    seen = school.sync()
    assert seen.whole
    assert seen.problems == {}
    ranges = sorted((name, start, end) for name, start, end in school.wire.log if name.startswith("packs/"))
    for (name, _, end), (other, start, _) in pairwise(ranges):
        assert name != other or start >= end, "bytes that were held were asked for again"


def test_a_run_that_breaks_off_keeps_what_came(school: School) -> None:
    """Each answer is cut in half: every one still brings the node further, and all of it arrives."""
    cut: set[tuple[str, int]] = set()

    def once(name: str, start: int | None) -> str | None:
        if not name.startswith("packs/") or (name, start or 0) in cut:
            return None
        cut.add((name, start or 0))
        return "short"

    school.wire.fault = once
    assert school.sync(attempts=3).whole


def test_the_disks_reserve_stops_the_fill_politely(school: School) -> None:
    school.wire.direct((school.release.course, 1), disk_reserve_bytes=1 << 60)
    seen = school.sync()
    assert seen.problems == {"disk": "disk.full"}
    school.wire.direct((school.release.course, 1))
    seen = school.sync()
    assert seen.problems == {}
    assert seen.whole


def test_with_the_centre_away_the_node_still_fills(school: School) -> None:
    school.sync()
    school.publish(school.make_release(2, "b", tuple(lesson.id for lesson in school.release.lessons)))
    identity = (school.folder / "node.json").read_text()
    (school.folder / "node.json").write_text(
        identity.replace(f'"centre":"{school.wire.address}"', '"centre":"http://127.0.0.1:9"')
    )
    seen = school.sync()
    assert seen.problems == {"centre": "source.unreachable"}
    assert seen.held[0].release == 2
    assert seen.whole


def test_what_a_crash_left_on_the_disk_is_not_fetched_again(school: School) -> None:
    """Files that reached the disk, and rows that did not: they are checked and taken."""
    school.sync()

    async def forget(node: Node) -> None:
        node.keeper.rows.mark_segments(held_segments(node.database), held=False)

    school.run(forget)
    school.wire.log.clear()
    assert school.sync().whole
    assert school.wire.pack_bytes() == 0


def test_rot_is_found_by_verify_and_fetched_again(school: School) -> None:
    school.sync()
    victims = sorted((school.folder / "store" / "segments").glob("*/*"))
    victims[0].write_bytes(b"rot")
    victims[1].unlink()

    async def work(node: Node) -> list[str]:
        return [one.digest for one in node.housekeeping.scrub.everything() if not one.sound]

    assert sorted(school.run(work)) == sorted(v.name for v in victims[:2])
    school.wire.log.clear()
    assert school.sync().whole
    assert 1 <= sum(name.startswith("packs/") for name, _, _ in school.wire.log) <= 2


def test_what_failed_and_nobody_wants_any_more_is_not_waited_for(school: School) -> None:
    """A pack that the store lacks rests and is tried again; once a release comes without it, nothing rests."""
    lost = f"packs/{school.tracks[0].index.digest}"
    school.wire.fault = lambda name, _start: "404" if name == lost else None

    async def work(node: Node) -> tuple[float | None, float | None]:
        await node.sync_once()
        await node.fill_once()
        rests = node.fill.rests_for()
        school.publish(school.make_release(2, "b", tuple(lesson.id for lesson in school.release.lessons)))
        await node.sync_once()
        await asyncio.sleep(0.05)
        await node.fill_once()
        return rests, node.fill.rests_for()

    rests, rests_then = school.run(work)
    assert rests is not None
    assert rests_then is None
