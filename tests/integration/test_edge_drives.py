"""A drive is plugged into a running box: it takes what it needs by itself, shows how far it is, and notices a pull."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from edge_cache.bundle.export import export_node
from edge_cache.bundle.watch import DriveWatch, State
from edge_cache.node import Node
from tests.fakes.boxes import box_without_line
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.school import School


class Unwatched:
    """Nobody looks at this export's progress."""

    def begin(self, stage: str, length: int) -> None:
        pass

    def advance(self, length: int) -> None:
        pass


@pytest.fixture
def box(school: School, tmp_path: Path) -> School:
    return box_without_line(school, tmp_path / "box")


@pytest.fixture
def stick(school: School, box: School, tmp_path: Path) -> Path:
    """A drive with all that the other node holds, in somebody's pocket."""
    school.sync()
    (tmp_path / "stick").mkdir()
    export_node(school.folder, tmp_path / "stick", (), False, Unwatched())
    return tmp_path / "stick"


def wait_until(there: Callable[[], bool], seconds: float = 40) -> None:
    """Ask again until `there()`; for what another process does."""
    ended = threading.Event()
    for _ in range(int(seconds / 0.1)):
        if there():
            return
        ended.wait(0.1)
    raise AssertionError("it did not come")


def page(edge: EdgeProcess, language: str = "en") -> str:
    request = Request(f"{edge.address}/status", headers={"Accept": "text/html", "Accept-Language": language})
    with urlopen(request, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def test_plugging_a_drive_in_is_enough(school: School, box: School, stick: Path, tmp_path: Path) -> None:
    slot = tmp_path / "media" / "usb"
    slot.mkdir(parents=True)
    with EdgeProcess(box.folder, drives=str(slot)) as edge:
        assert "USB drives" not in page(edge)
        shutil.copytree(stick / "songtan", slot / "songtan")
        wait_until(lambda: "All that this box needs from usb is here" in page(edge))
        assert "可以拔出 U 盘了" in page(edge, "zh-CN")
        shutil.rmtree(slot / "songtan")
        wait_until(lambda: "USB drives" not in page(edge))
        with urlopen(f"{edge.address}/metrics") as answer:
            assert "songtan_edge_lessons_ready 2.0" in answer.read().decode()


def test_a_drive_is_opened_when_its_copy_has_settled_and_again_when_it_grew(
    school: School, box: School, stick: Path, tmp_path: Path
) -> None:
    slot, volume = tmp_path / "slot", stick / "songtan" / "00001.tar"
    (slot / "songtan").mkdir(parents=True)
    data = volume.read_bytes()

    async def work(node: Node) -> None:
        came: list[int] = []
        nowhere = tmp_path / "mountinfo"
        watch = DriveWatch([slot], node.keeper.rows, node.releases, lambda: came.append(1), nowhere)
        await watch.look()
        assert watch.drives == []
        for share in (0.2, 0.5, 0.8):
            (slot / "songtan" / "00001.tar").write_bytes(data[: int(len(data) * share)])
            await watch.look()
        assert watch.drives == [], "a running copy was opened"
        await watch.look()
        (drive,) = watch.drives
        assert drive.length < len(data)
        (slot / "songtan" / "00001.tar").write_bytes(data)
        for _ in range(2):
            await watch.look()
        (drive,) = watch.drives
        assert len(came) == 2
        node.nearby = watch.sources
        await node.sync_once(line=False)
        states = [drive.state]
        await watch.heard([drive])
        assert drive.left > 100_000
        assert (drive.share, [*states, drive.state]) == (0, [State.READING, State.TAKING])
        await node.fill_once(node.nearby)
        await watch.look()
        assert (drive.left, drive.share) == (0, 1.0)
        assert drive.taken > 100_000
        assert drive.state is State.DONE

    box.run(work)


def test_mounted_drives_are_seen(school: School, box: School, stick: Path, tmp_path: Path) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(f"61 27 8:1 / {stick} ro - vfat /dev/sda1 ro\n62 27 8:2 / {tmp_path} ro - vfat /dev/sda2 ro\n")

    async def work(node: Node) -> list[str]:
        watch = DriveWatch([], node.keeper.rows, node.releases, lambda: None, mountinfo)
        for _ in range(2):
            await watch.look()
        return [drive.place.name for drive in watch.drives]

    assert box.run(work) == ["stick"]


def test_a_drive_that_is_not_for_this_box_is_left(school: School, stick: Path, tmp_path: Path) -> None:
    async def work(node: Node) -> int:
        watch = DriveWatch([stick], node.keeper.rows, node.releases, lambda: None, tmp_path / "mountinfo")
        for _ in range(2):
            await watch.look()
        (drive,) = watch.drives
        states = [drive.state]
        await watch.heard([drive])
        assert [*states, drive.state] == [State.READING, State.NOTHING_NEW]
        return drive.left

    assert school.run(work) == 0
