"""The process that runs ffmpeg: limits, progress, cancelling, and what it says when it fails."""

import errno
import fcntl
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.media import ffmpeg_exe
from workers.pipeline.confinement import Confinement
from workers.pipeline.errors import (
    Cancelled,
    NotDecodable,
    ToolFailed,
    ToolTooBusy,
    ToolTooSlow,
    ToolWroteTooMuch,
    WorkspaceFull,
)
from workers.pipeline.process import Limits, Watch, decoding, run
from workers.pipeline.workspace import require_room, sweep, workspace

LIMITS = Limits(seconds=60, cpu_seconds=60)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def endless() -> list[str]:
    source = ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=25", "-f", "null", "-"]
    return [
        ffmpeg_exe(),
        "-loglevel",
        "error",
        "-nostdin",
        "-progress",
        "pipe:1",
        "-stats_period",
        "0.1",
        "-re",
        *source,
    ]


def test_progress_is_heard_and_cancel_stops_it() -> None:
    heard = threading.Event()
    watch = Watch(progress=lambda seconds: heard.set() if seconds > 0 else None, is_cancelled=heard.is_set)
    with pytest.raises(Cancelled):
        run(endless(), LIMITS, watch)


def test_what_a_tool_said_is_in_the_error_without_our_folders() -> None:
    said = "first\\n\\n[mov @ 0x55d0c0ffee] cannot read file:/secret/folder/source: bad\\n"
    code = f"import sys; sys.stderr.write('{said}'); sys.exit(3)"
    with pytest.raises(ToolFailed) as caught:
        run(python(code), LIMITS)
    assert caught.value.data["status"] == "status 3"
    assert caught.value.data["why"] == "first · [mov] cannot read source: bad"


def test_a_killed_tool_is_told_from_one_that_failed() -> None:
    with pytest.raises(ToolFailed) as caught:
        run(python("import os; os.kill(os.getpid(), 9)"), LIMITS)
    assert caught.value.data["status"] == "signal SIGKILL"


def test_a_tool_that_cannot_decode_says_where_and_a_killed_one_does_not_blame_the_source() -> None:
    with pytest.raises(NotDecodable, match=r"from 1\.5 to 9\.5 seconds cannot be decoded"), decoding(1.5, 9.499):
        run(python("exit(3)"), LIMITS)
    with pytest.raises(ToolFailed, match="SIGKILL"), decoding(0, 8):
        run(python("import os; os.kill(os.getpid(), 9)"), LIMITS)


def test_time_is_limited() -> None:
    with pytest.raises(ToolTooSlow, match="after 0 seconds"):
        run(python("import time; time.sleep(60)"), Limits(seconds=0.3, cpu_seconds=60))


def test_processor_time_memory_and_files_are_limited(tmp_path: Path) -> None:
    with pytest.raises(ToolTooBusy, match="after 1 seconds of processor time"):
        run(python("while True: pass"), Limits(seconds=60, cpu_seconds=1))
    with pytest.raises(ToolFailed, match="MemoryError"):
        run(python("x = bytes(2 << 30)"), Limits(seconds=60, cpu_seconds=60, memory_bytes=1 << 30))
    big = "f = open('f', 'wb'); f.write(bytes(2 << 20)); f.flush()"
    with pytest.raises(ToolFailed, match="File too large"):
        run(python(big), replace(LIMITS, file_bytes=1 << 20), confinement=Confinement(folder=tmp_path))
    assert (tmp_path / "f").stat().st_size <= 1 << 20


def test_many_small_files_are_limited_together(tmp_path: Path) -> None:
    spill = "import time\nfor n in range(40): open(f'{n}', 'wb').write(bytes(1 << 20))\ntime.sleep(60)"
    limits = replace(LIMITS, folder_bytes=8 << 20)
    with pytest.raises(ToolWroteTooMuch, match="more than 8 MB"):
        run(python(spill), limits, confinement=Confinement(folder=tmp_path))


def test_a_signal_for_a_file_that_is_too_large_is_said(tmp_path: Path) -> None:
    source = ["-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=60"]
    command = [ffmpeg_exe(), *source, "-f", "rawvideo", f"file:{tmp_path / 'out'}"]
    with pytest.raises((ToolWroteTooMuch, ToolFailed), match=r"more than 1 MB|File too large"):
        run(command, replace(LIMITS, file_bytes=1 << 20))


def test_output_goes_to_a_file(tmp_path: Path) -> None:
    run(python("print('压强')"), LIMITS, stdout=tmp_path / "out")
    assert (tmp_path / "out").read_text(encoding="utf-8", errors="replace").strip()


def test_a_tool_sees_none_of_our_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONGTAN_S3_SECRET_KEY", "secret")
    run(python("import os; print(sorted(os.environ))"), LIMITS, stdout=tmp_path / "out")
    assert "SONGTAN" not in (tmp_path / "out").read_text()


def test_a_workspace_is_gone_afterwards_and_only_left_ones_are_swept(tmp_path: Path) -> None:
    with workspace(tmp_path) as folder:
        (folder / "part").write_bytes(b"x")
        assert sweep(tmp_path) == 0
        assert (folder / "part").exists()
    assert list(tmp_path.iterdir()) == []
    left = tmp_path / "songtan-task-left"
    left.mkdir()
    (left / ".lock").touch()
    assert sweep(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_between_making_a_workspace_and_locking_it_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, swept = fcntl.flock, list[int]()

    def late(number: int, how: int) -> None:
        if how == fcntl.LOCK_EX and not swept:
            swept.append(sweep(tmp_path))
        lock(number, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with workspace(tmp_path) as folder:
        assert folder.is_dir()
        assert sweep(tmp_path) == 0
    assert swept == [1]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_while_work_is_done_is_said_and_other_errors_stay(number: int, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceFull), workspace(tmp_path):
        raise OSError(number, "full")
    with pytest.raises(FileNotFoundError), workspace(tmp_path):
        raise FileNotFoundError(errno.ENOENT, "gone")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_too_full_for_a_workspace_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, **_: object) -> None:
        raise OSError(errno.ENOSPC, "full", str(self))

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(WorkspaceFull), workspace(tmp_path / "work" / "er"):
        pytest.fail("there is no folder")


def test_a_full_disk_is_said_before_it_is_full(tmp_path: Path) -> None:
    require_room(tmp_path, 0)
    with pytest.raises(WorkspaceFull, match="this step needs"):
        require_room(tmp_path, 1 << 60)
