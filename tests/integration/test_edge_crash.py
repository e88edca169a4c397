"""Kill -9 in the middle of a fill: nothing that was kept is lost, nothing that was kept is fetched again."""

from itertools import pairwise
from pathlib import Path

from benchmarks.power.__main__ import KINDS, Course, Found, kill_processes
from edge_cache.database import Database
from tests.fakes.box import held_segments
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.school import School
from tests.fakes.signed_world import SignedWorld
from tests.fakes.wire import Wire


def kept(school: School) -> set[str]:
    """The segments that are on the disk under their own names."""
    return {path.name for path in (school.folder / "store" / "segments").glob("*/*")}


def known(school: School) -> set[str]:
    """The segments that the rows call held."""
    database = Database(school.folder / "node.db")
    try:
        return set(held_segments(database))
    finally:
        database.close()


def packs_sent(school: School) -> list[tuple[str, int, int]]:
    return [entry for entry in school.wire.log if entry[0].startswith("packs/")]


def digests_in(school: School, sent: list[tuple[str, int, int]]) -> list[str]:
    """The segments that lie in the ranges that were sent."""
    rows = {f"packs/{t.index.digest}": t.index.segments for t in school.tracks}
    return [s.digest for name, start, end in sent for s in rows[name] if start <= s.offset < end]


def stall_after(school: School, enough: int) -> None:
    """Let the store fall silent once so many ranges of packs were sent."""
    school.wire.fault = lambda name, start: (
        "stall" if name.startswith("packs/") and start is not None and len(packs_sent(school)) >= enough else None
    )


def run_until(school: School, enough: int, in_flight: str) -> EdgeProcess:
    """Start a node whose store falls silent after `enough` ranges, and return it when that is so."""
    stall_after(school, enough)
    edge = EdgeProcess(school.folder, run_bytes="1", in_flight=in_flight, read_seconds="20").start()
    school.wire.wait_for(lambda: len(packs_sent(school)) >= enough)
    return edge


def test_three_crashes_lose_nothing_and_fetch_nothing_twice(school: School) -> None:
    """Each run is cut off after a few more segments; the last one finishes."""
    before: set[str] = set()
    for crash in range(3):
        school.wire.log.clear()
        run_until(school, 4 + crash, in_flight="3").kill()
        assert before <= kept(school), "a segment that was kept is gone"
        assert known(school) <= kept(school), "a row calls held what is not on the disk"
        assert not before & set(digests_in(school, packs_sent(school))), "a segment that was kept was fetched again"
        before = kept(school)
    school.wire.release_stalled.set()
    school.wire.fault = lambda _name, _start: None
    school.wire.log.clear()
    assert school.sync().whole
    fetched = digests_in(school, packs_sent(school))
    assert len(fetched) == len(set(fetched))
    assert not before & set(fetched)


def test_a_stop_in_the_middle_keeps_what_came_and_ends_in_order(school: School) -> None:
    assert run_until(school, 5, in_flight="2").stop() == 0
    held = known(school)
    assert held == kept(school)
    school.wire.release_stalled.set()
    school.wire.fault = lambda _name, _start: None
    school.wire.log.clear()
    assert school.sync().whole
    ranges = sorted(packs_sent(school))
    assert all(one[0] != other[0] or other[1] >= one[2] for one, other in pairwise(ranges))
    assert not held & set(digests_in(school, packs_sent(school)))


def test_killed_in_every_kind_of_work_it_keeps_its_promises(tmp_path: Path) -> None:
    """Fill, eviction, update, import, collection: the power-cut benchmark's own way where no disk can be cut."""
    found = Found()
    with Wire(SignedWorld()) as wire:
        course = Course(wire.world)
        wire.direct((course.release.course, 1))
        kill_processes(tmp_path, len(KINDS), wire, course, found)
    assert found.wrong == []
    assert (found.lost, found.unverified, sum(found.cuts.values())) == (0, 0, len(KINDS))
