"""Nothing stays behind: not after Ctrl-C, not after kill -9 of either half of the front door."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

SCRIPT = Path(__file__).with_name("guarded_family.py")
SECONDS = 20


class Family:
    """A running front door and all that it started."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder = folder
        self.front = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(folder), *words], stdout=subprocess.PIPE, text=True
        )
        self.below: list[psutil.Process] = []
        for pid in self._pids():
            with contextlib.suppress(psutil.NoSuchProcess):  # a family told to fail may be over by now
                self.below.append(psutil.Process(pid))

    def _pids(self) -> list[int]:
        deadline = time.monotonic() + SECONDS
        while not (self.folder / "pids").exists():
            assert self.front.poll() is None, "the family ended before it was up"
            assert time.monotonic() < deadline, "the family did not come up"
            time.sleep(0.02)
        return [int(word) for word in (self.folder / "pids").read_text().split()]

    def end(self) -> tuple[int, str]:
        output, _ = self.front.communicate(timeout=SECONDS)
        return self.front.returncode, output

    def left(self) -> list[psutil.Process]:
        """Who is still alive after a fair time; a zombie is not."""
        deadline = time.monotonic() + SECONDS
        while (alive := [p for p in self.below if is_alive(p)]) and time.monotonic() < deadline:
            time.sleep(0.02)
        return alive


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    started = Family(tmp_path)
    yield started
    for process in [*started.below, psutil.Process(started.front.pid)] if started.front.poll() is None else []:
        process.kill()
    if started.front.stdout:
        started.front.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_in_order(family: Family, number: signal.Signals) -> None:
    family.front.send_signal(number)
    assert family.end()[0] == 0
    assert family.left() == []
    assert (family.folder / "stopped").exists()


def test_kill_9_of_the_front_door_stops_all_in_order(family: Family) -> None:
    family.front.kill()
    family.end()
    assert family.left() == []
    assert (family.folder / "stopped").exists()


def test_kill_9_of_the_working_half_leaves_nothing(family: Family) -> None:
    family.below[0].kill()
    assert family.end()[0] == 1
    assert family.left() == []


def test_a_program_that_dies_ends_all_with_a_clear_message(tmp_path: Path) -> None:
    family = Family(tmp_path, "fail")
    code, output = family.end()
    assert code == 1
    assert "family ended by itself (signal SIGKILL), so everything was stopped." in output
    assert family.left() == []
