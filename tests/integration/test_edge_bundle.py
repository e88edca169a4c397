"""From a node to a drive and from the drive to a box without a line, by the commands that people run."""

import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalog.formats.bundle import BLOCK
from edge_cache.bundle.errors import NoBundle, NothingToExport
from edge_cache.bundle.export import Exported, export_node
from edge_cache.bundle.source import DriveSource
from edge_cache.bundle.volumes import entries, look_through, volumes
from edge_cache.errors import NotEnrolled
from edge_cache.node import Node
from tests.fakes.boxes import box_without_line
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.school import School, Seen
from tests.fakes.signed_world import SignedWorld

Done = subprocess.CompletedProcess[str]


@dataclass
class Taken:
    """What an import did: bytes, and what went wrong."""

    length: int
    problems: set[str]


def command(school: School, *words: str) -> Done:
    """Run `songtan edge bundle …` over a node's folder."""
    env = {**os.environ, "SONGTAN_EDGE_STATE": str(school.folder), "LANG": "C.UTF-8", "LANGUAGE": "en"}
    whole = [sys.executable, "-m", "edge_cache", "bundle", *words]
    return subprocess.run(whole, env=env, capture_output=True, text=True, timeout=60, check=False)


class Watched:
    """An export's progress: bytes by stage."""

    def __init__(self) -> None:
        self.stages: list[list[int]] = []

    def begin(self, stage: str, length: int) -> None:
        self.stages.append([length, 0])

    def advance(self, length: int) -> None:
        self.stages[-1][1] += length


def export(school: School, drive: Path, *, check: bool = False) -> Exported:
    return export_node(school.folder, drive, (), check, Watched())


def take(box: School, drive: Path) -> Taken:
    """Do what `songtan edge bundle import` does."""

    async def work(node: Node) -> Taken:
        source = await DriveSource.open(drive)
        node.nearby = lambda: (source,)
        await node.sync_once(line=False)
        outcome = await node.fill_once(node.nearby)
        return Taken(node.bytes_fetched, {error.code for error in outcome.failures})

    taken: Taken = box.run(work)
    return taken


def look(box: School) -> Seen:
    async def work(node: Node) -> Seen:
        return Seen(node)

    seen: Seen = box.run(work)
    return seen


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    (tmp_path / "drive").mkdir()
    return tmp_path / "drive"


@pytest.fixture
def box(school: School, tmp_path: Path) -> School:
    return box_without_line(school, tmp_path / "box")


@pytest.fixture
def filled(school: School, box: School, drive: Path) -> Path:
    """A drive with all that the node holds; the line has not been asked since."""
    school.sync()
    export(school, drive)
    school.wire.asked.clear()
    return drive


def test_a_box_without_a_line_is_filled_from_a_drive(school: School, box: School, filled: Path) -> None:
    taken = take(box, filled)
    assert taken.problems == set()
    seen = look(box)
    assert seen.whole
    assert [line.ready for line in seen.lessons] == [True, True]
    assert school.wire.asked == [], "the line was used"


def test_an_export_writes_once_and_a_top_up_adds_what_is_new(school: School, box: School, filled: Path) -> None:
    again = export(school, filled)
    assert (again.written, again.lacking) == (0, 0)
    assert again.there > 0
    first, second = school.release.lessons
    release = school.make_release(2, "b", (first.id, second.id))
    school.publish(release.model_copy(update={"lessons": (first, release.lessons[1])}))
    school.sync()
    more = export(school, filled)
    media = sum(t.length for t in release.lessons[1].media.all_tracks())
    assert more.written < media + 40_000, "what did not change was written again"
    take(box, filled)
    assert look(box).held[0].release == 2
    assert look(box).whole


def test_a_partial_drive_is_topped_up_over_the_line(school: School, box: School, drive: Path) -> None:
    """The exporting node itself holds a part; the box takes it, and fetches the other part only when it has a line."""
    school.wire.fault = lambda name, start: "404" if start and start > 20_000 else None
    school.sync()
    partial = export(school, drive)
    assert partial.lacking > 0
    taken = take(box, drive)
    assert 0 < taken.length < partial.there + partial.written
    assert not look(box).whole
    school.wire.fault = lambda _name, _start: None
    school.wire.log.clear()

    async def with_a_line(node: Node) -> Seen:
        await node.fill_once(lambda: [node.source_at(school.wire.store_url)])
        return Seen(node)

    assert box.run(with_a_line).whole
    assert school.wire.pack_bytes() <= partial.lacking


def test_root_rotations_travel(school: School, box: School, drive: Path) -> None:
    for roles in (("root",), ("timestamp", "snapshot"), ("root", "targets")):
        school.world.repository.rotate(*roles)
    school.sync()
    export(school, drive)
    take(box, drive)
    assert look(box).whole
    kept = json.loads((box.folder / "trust" / "trusted.json").read_bytes())
    assert kept["floor"]["root"] == 4


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
def test_a_half_copied_drive_gives_what_is_there(school: School, box: School, filled: Path, share: float) -> None:
    """Every volume breaks off after a share of it, as when Windows' progress bar was not waited for."""
    (volume,) = volumes(filled / "songtan")
    os.truncate(volume, int(volume.stat().st_size * share))
    assert "source.bad-bytes" not in take(box, filled).problems
    assert not look(box).whole
    export(school, filled)
    take(box, filled)
    assert look(box).whole


def test_a_doctored_drive_costs_the_spoiled_segments_and_says_so(school: School, box: School, filled: Path) -> None:
    contents = look_through(filled)
    digest, runs = next(iter(contents.runs.items()))
    _, entry = next(iter(runs.values()))
    with entry.volume.open("r+b") as file:
        file.seek(entry.start + entry.length // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    done = command(box, "import", str(filled))
    assert done.returncode == 4
    assert "holds other bytes than were signed" in done.stdout
    seen = look(box)
    assert not seen.whole

    async def missing(node: Node) -> dict[str, int]:
        return {t.index.digest: len(node.keeper.rows.missing(t.index.digest)) for t in school.tracks}

    lost = box.run(missing)
    assert lost.pop(digest) == 1
    assert set(lost.values()) == {0}
    assert export(school, filled, check=True).damaged == 1
    take(box, filled)
    assert look(box).whole


@pytest.mark.parametrize("what", ["foreign", "rolled-back", "swapped", "zeros", "empty"])
def test_statements_of_another_hand_bring_nothing(
    school: School, box: School, filled: Path, tmp_path: Path, what: str
) -> None:
    """A drive of another organisation, one of before, one with statements swapped, and one that is none."""
    take(box, filled)
    old = tmp_path / "old"
    shutil.copytree(filled, old)
    school.publish(school.make_release(2, "b", tuple(lesson.id for lesson in school.release.lessons)))
    school.sync()
    export(school, filled)
    take(box, filled)
    assert look(box).held[0].release == 2
    before = _state(box)
    if what == "foreign":
        _overwrite(filled, {n: d for n, d in SignedWorld("another").objects.items() if n.startswith("metadata/")})
    elif what == "rolled-back":
        shutil.rmtree(filled)
        old.rename(filled)
    elif what == "swapped":
        found = look_through(filled).whole
        names = [name for name in found if name.startswith(("metadata/", "releases/"))]
        data = [found[name].read() for name in names]
        _overwrite(filled, dict(zip(names, data[1:] + data[:1], strict=True)))
    elif what == "zeros":
        (volume,) = volumes(filled / "songtan")
        volume.write_bytes(bytes(volume.stat().st_size))
    else:
        shutil.rmtree(filled / "songtan")
        (filled / "songtan").mkdir()
    if what == "empty":
        with pytest.raises(NoBundle):
            take(box, filled)
    else:
        assert take(box, filled) == Taken(0, set())
    assert _state(box) == before
    assert look(box).whole


def _state(box: School) -> object:
    async def work(node: Node) -> object:
        statements = {name: node.statements.get(name) for name in node.statements.names()}
        return statements, node.releases.held(), {p.code for p in node.notes.problems()}

    return box.run(work), (box.folder / "trust" / "trusted.json").read_bytes()


def _overwrite(drive: Path, statements: dict[str, bytes]) -> None:
    """Write a drive's only volume anew with other bytes under some names, by another program than ours."""
    (volume,) = volumes(drive / "songtan")
    kept = [(entry.name, entry.read()) for entry in entries(volume) if entry.name not in statements]
    with tarfile.open(volume, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in [*kept, *statements.items()]:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def test_a_drive_whose_statements_are_newer_keeps_them(school: School, filled: Path, tmp_path: Path) -> None:
    """A node that is behind tops a drive up with segments, and never takes its statements back."""
    behind = tmp_path / "behind"
    shutil.copytree(school.folder, behind)
    school.publish(school.make_release(2, "b", tuple(lesson.id for lesson in school.release.lessons)))
    school.sync()
    export(school, filled)
    newest = look_through(filled).whole["metadata/timestamp.json"].read()
    school.folder = behind
    assert export(school, filled).ahead
    assert look_through(filled).whole["metadata/timestamp.json"].read() == newest


def test_a_drive_is_written_while_the_node_serves(school: School, drive: Path) -> None:
    school.sync()
    with EdgeProcess(school.folder) as edge:
        assert edge.command("bundle", "export", str(drive), "--json").returncode == 0
        refused = edge.command("bundle", "import", str(drive))
    assert refused.returncode == 1
    assert "[node.running]" in refused.stderr


def test_one_course_can_be_chosen(school: School, drive: Path) -> None:
    school.sync()
    done = command(school, "export", str(drive), "--course", school.release.course, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["written"] > 0
    done = command(school, "export", str(drive), "--course", "01JDE00000000000000000CRSE")
    assert done.returncode == 1
    assert "bundle.nothing-to-export" in done.stderr


def test_a_new_node_has_nothing_to_export(school: School, drive: Path) -> None:
    with pytest.raises(NothingToExport):
        export(school, drive)
    assert list(drive.iterdir()) == []


def test_a_box_that_is_no_node_yet_is_told_so(drive: Path, tmp_path: Path) -> None:
    with pytest.raises(NotEnrolled):
        export_node(tmp_path / "nobody", drive, (), False, Watched())
    assert list(drive.iterdir()) == []
    assert not (tmp_path / "nobody").exists()


def test_a_pulled_drive_is_said_and_what_came_stays(school: School, box: School, filled: Path) -> None:
    """The volume goes away after some reads: what was taken stays, the next drive goes on."""

    async def work(node: Node) -> list[str]:
        drive = await DriveSource.open(filled)
        node.nearby = lambda: (drive,)
        await node.sync_once(line=False)
        (volume,) = volumes(filled / "songtan")

        def pull() -> None:
            if node.bytes_fetched > 30_000 and volume.exists():
                volume.rename(filled / "away")

        node.on_progress = pull
        outcome = await node.fill_once(node.nearby)
        return [error.code for error in outcome.failures]

    assert set(box.run(work, run_bytes=1)) == {"source.unreachable"}
    held = look(box).held[0].bytes_held
    assert held > 25_000
    (filled / "away").rename(filled / "songtan" / "00001.tar")
    taken = take(box, filled)
    assert look(box).whole
    assert taken.length < sum(len(t.pack) for t in school.tracks) - 25_000


def test_a_full_drive_holds_the_floors_and_is_finished_when_there_is_room(
    school: School, box: School, drive: Path
) -> None:
    """A limit on files' sizes plays the end of the drive: the kernel writes up to it and then refuses."""
    school.sync()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (80_000, before[1]))
    try:
        done = export(school, drive)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert done.full
    (volume,) = volumes(drive / "songtan")
    assert volume.stat().st_size <= 80_000
    assert take(box, drive).problems <= {"source.lacks"}
    assert [line.ready for line in look(box).lessons] == [True, True]
    assert not look(box).whole
    assert not export(school, drive).full
    take(box, drive)
    assert look(box).whole


def test_files_on_the_drive_are_few_and_within_fats_limits(filled: Path) -> None:
    assert [path.name for path in (filled / "songtan").iterdir()] == ["00001.tar"]
    assert (filled / "songtan" / "00001.tar").stat().st_size % BLOCK == 0
