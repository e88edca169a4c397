"""What `songtan demo --once` makes sure of, against a real node that holds one tier of two: it sees what is missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from catalog.formats.index import Index
from catalog.formats.release import Release
from catalog.formats.rungs import Tier
from songtan.demo.check import Check, tiers_fetched
from songtan.demo.errors import CheckFailed
from songtan.demo.main import rung_words
from songtan.demo.node import LocalNode
from songtan.demo.way import Walked
from songtan.stack.centre import LocalCentre
from songtan.stack.state import State
from tests.factories import make_ladder
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.school import School


@dataclass
class Place:
    """Where a centre's store is, and where it keeps its logs."""

    store_url: str
    state: State


@dataclass
class Box:
    """A node's address and folder; it counts segments as the demo's does."""

    url: str
    folder: Path

    def segments(self) -> dict[str, int]:
        return LocalNode.segments(cast("LocalNode", self))


@pytest.fixture
def checked(school: School, tmp_path: Path) -> Iterator[tuple[Check, Release, dict[str, Index]]]:
    release = school.add_tiers()
    school.wire.direct((release.course, 2))
    assert school.sync().whole
    with EdgeProcess(school.folder) as edge:
        place = Place(school.wire.store_url, State(tmp_path))
        walked = Walked(course=release.course, lesson=release.lessons[0].id)
        box = Box(edge.address, school.folder)
        check = Check(cast("LocalCentre", place), cast("LocalNode", box), walked)
        yield check, release, check.packs(release)
        check.client.close()


def test_a_node_of_one_tier_is_whole(checked: tuple[Check, Release, dict[str, Index]]) -> None:
    check, release, indexes = checked
    assert tiers_fetched(release.lessons[0].media) == (Tier.COMPATIBLE,)
    media = [lesson.media for lesson in release.lessons]
    wanted = {t.index for m in media for r in m.renditions for t in m.tracks(r.rung, Tier.COMPATIBLE)}
    count, length = check.segments_on_node(release, indexes)
    assert count == len({row.digest for name in wanted for row in indexes[name].segments}) > 0
    assert length > 0
    assert check.small_files(release) == 4
    assert check.classroom(release) > 0


def test_what_is_missing_or_too_much_is_said(checked: tuple[Check, Release, dict[str, Index]], school: School) -> None:
    check, release, indexes = checked
    some = next((school.folder / "store" / "segments").glob("*/*"))
    kept = some.read_bytes()
    some.write_bytes(kept[:-1])
    with pytest.raises(CheckFailed, match=r"1 of .* segments are missing or damaged"):
        check.segments_on_node(release, indexes)
    some.write_bytes(kept)
    other = next(track for track in school.tracks if track.index.digest == release.lessons[0].media.sounds[1].index)
    digest = other.index.segments[0].digest
    place = school.folder / "store" / "segments" / digest[:2] / digest
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(other.segments[0])
    with pytest.raises(CheckFailed, match="holds 1 segments of a tier"):
        check.segments_on_node(release, indexes)


def test_a_rung_is_told_as_it_is() -> None:
    media = make_ladder(minutes=1)
    told = {(r.rung.value, r.tier.value): rung_words(media, r) for r in media.renditions}
    assert told["listen", "compatible"] == "sound, 180,000 bytes, 24 kbit/s"
    assert told["floor", "modern"] == ("1280x720, 5 frames/s, 230,250 bytes with sound, 31 kbit/s, VMAF 86.0, 98% read")
