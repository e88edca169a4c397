"""What a tool can still do once it is confined: read, write, connect, start others. Each kind of fence also alone."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.media import ROOT, Media, ffmpeg_exe
from workers.pipeline import confine
from workers.pipeline.confinement import Confinement, InForce, try_out, user_of_tools
from workers.pipeline.errors import CannotConfine, ToolFailed, ToolTooSlow
from workers.pipeline.process import Limits, run

LIMITS = Limits(seconds=60, cpu_seconds=60)
BARE = Confinement(without=("landlock", "seccomp"))
FENCES = [(), ("landlock",), ("seccomp",), ("landlock", "seccomp")]
IN_FORCE = try_out()


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A task's folder, and beside it a secret that belongs to the worker."""
    (tmp_path / "secret").write_text("of the worker")
    (tmp_path / "secret").chmod(0o600)
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


def shell(script: str, room: Path, without: tuple[str, ...] = (), *, many: bool = True) -> None:
    confinement = Confinement(folder=room, many=many, without=without, reads=(Path("/bin/sh"),))
    run(["/bin/sh", "-c", script], LIMITS, confinement=confinement)


def fences_of(kinds: tuple[str, ...], without: tuple[str, ...]) -> bool:
    """Say whether any of the fences that this machine has, and that is not taken away, is one of `kinds`."""
    there = {
        "landlock": IN_FORCE.landlock >= 1 and "landlock" not in without,
        "network": IN_FORCE.landlock >= 4 and "landlock" not in without,
        "seccomp": IN_FORCE.seccomp and "seccomp" not in without,
        "user": IN_FORCE.user != os.getuid(),
    }
    return any(there[kind] for kind in kinds)


@pytest.mark.parametrize("without", FENCES)
def test_it_works_in_its_folder(room: Path, without: tuple[str, ...]) -> None:
    (room / "in").write_text("压强")
    shell("read line < in || :; echo $line > out; test -w .", room, without)
    assert (room / "out").read_text() == "压强\n"
    assert (room / "out").stat().st_uid == IN_FORCE.user


@pytest.mark.parametrize("without", FENCES)
def test_it_cannot_read_what_is_the_workers(room: Path, without: tuple[str, ...]) -> None:
    secret = room.parent / "secret"
    if not fences_of(("landlock", "user"), without):
        shell(f"read line < {secret} || :", room, without)  # nothing is there that could stop it
        return
    with pytest.raises(ToolFailed, match="ermission denied"):
        shell(f"read line < {secret}", room, without)


@pytest.mark.parametrize("without", FENCES)
def test_it_cannot_write_elsewhere(room: Path, without: tuple[str, ...]) -> None:
    for place in (room.parent / "secret", room.parent / "new"):
        if fences_of(("landlock", "user"), without):
            with pytest.raises(ToolFailed):
                shell(f"echo x > {place}", room, without)
            assert not place.exists() or place.read_text() == "of the worker"


def test_what_everybody_may_read_is_closed_too(room: Path) -> None:
    open_to_all = room.parent / "open"
    open_to_all.write_text("x\n")
    if IN_FORCE.landlock >= 1:
        with pytest.raises(ToolFailed, match="ermission denied"):
            shell(f"read line < {open_to_all}", room)
    shell(f"read line < {open_to_all}", room, ("landlock",)) if room.parent.stat().st_mode & 0o001 else None


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server.getsockname()[1]
        with suppress(BlockingIOError):
            server.accept()
            pytest.fail("somebody connected")


@pytest.mark.parametrize("without", FENCES[:3])
def test_it_cannot_connect(listener: int, without: tuple[str, ...]) -> None:
    command = [
        ffmpeg_exe(),
        "-loglevel",
        "error",
        "-f",
        "s16le",
        "-i",
        f"tcp://127.0.0.1:{listener}",
        "-f",
        "null",
        "-",
    ]
    assert fences_of(("network", "seccomp"), without)
    with pytest.raises(ToolFailed, match=r"ermission denied|not permitted|Operation"):
        run(command, LIMITS, confinement=Confinement(without=without))


def test_it_is_not_root_and_can_never_be_again(room: Path) -> None:
    tell = "while read key value rest; do echo $key $value; done < /proc/self/status > out"
    shell(tell, room, ("landlock",), many=False)  # which would close /proc
    said = dict(line.split(" ", 1) for line in (room / "out").read_text().splitlines() if " " in line)
    assert int(said["Uid:"]) == IN_FORCE.user
    assert said["NoNewPrivs:"] == "1"
    assert said["Seccomp:"] == ("2" if IN_FORCE.seccomp else "0")
    if user_of_tools() is not None:
        assert IN_FORCE.user == user_of_tools() != 0
    assert int(said["CapEff:"], 16) == int(said["CapPrm:"], 16) == 0


def test_closed_folders_above_what_it_may_read_are_passed(room: Path) -> None:
    """An installation under a root's closed home is such a folder."""
    inside = room.parent / "closed" / "inside"
    inside.mkdir(parents=True)
    (inside / "model").write_text("压强\n")
    inside.parent.chmod(0o700)
    script = f"test -r {inside}/model && read line < {inside}/model && echo $line > out"
    allowed = Confinement(folder=room, many=True, reads=(inside,))
    if IN_FORCE.landlock >= 1 or user_of_tools() is None:
        run(["/bin/sh", "-c", script], LIMITS, confinement=allowed)
        assert (room / "out").read_text() == "压强\n"
    if user_of_tools() is not None:  # the right is given inside Landlock's rules only
        (room / "out").unlink(missing_ok=True)
        with pytest.raises((ToolFailed, CannotConfine)):
            run(["/bin/sh", "-c", script], LIMITS, confinement=replace(allowed, without=("landlock",)))
        assert not (room / "out").exists()


def test_one_process_is_one_process(room: Path) -> None:
    shell(": $(echo in another process) && echo done > out", room, many=True)
    (room / "out").unlink()
    if IN_FORCE.seccomp:
        with pytest.raises(ToolFailed, match="ork"):
            shell(": $(echo in another process) && echo done > out", room, many=False)
        assert not (room / "out").exists()


def test_what_it_started_ends_with_it(room: Path) -> None:
    with pytest.raises(ToolTooSlow):
        run(
            ["/bin/sh", "-c", "(while :; do :; done) & echo $! > out; while :; do :; done"],
            Limits(seconds=2, cpu_seconds=60),
            confinement=Confinement(folder=room, many=True),
        )
    other = int((room / "out").read_text())
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and _runs(other):
        time.sleep(0.05)
    assert not _runs(other)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_it_dies_with_the_worker() -> None:
    """The death signal is set after the user is changed, which would clear it."""
    source = ["-re", "-f", "lavfi", "-i", "testsrc2", "-f", "null", "-"]
    code = (
        "from workers.pipeline.process import Limits, run\n"
        f"run({[ffmpeg_exe(), '-loglevel', 'quiet', '-progress', 'pipe:2', *source]!r}, Limits(60, 60))"
    )
    with subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}) as worker:
        children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
        deadline = time.monotonic() + 30
        while not (found := children.read_text().split()) or not _is_ffmpeg(int(found[0])):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        worker.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and _runs(int(found[0])):
        time.sleep(0.05)
    assert not _runs(int(found[0]))


def _is_ffmpeg(pid: int) -> bool:
    with suppress(OSError):
        return "ffmpeg" in Path(f"/proc/{pid}/exe").readlink().name
    return False


def test_an_input_is_handed_over_and_none_other_can_be_opened(media: Media, room: Path) -> None:
    out = room / "out.mkv"
    words = ["-loglevel", "error", "-protocol_whitelist", "fd", "-i", f"fd:{media.plain}"]
    again = [
        "-protocol_whitelist",
        "fd",
        "-ss",
        "2",
        "-i",
        f"fd:{media.plain}",
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-c",
        "copy",
    ]
    run([ffmpeg_exe(), *words, *again, f"file:{out}"], LIMITS)
    assert out.stat().st_size > 10_000
    with pytest.raises(ToolFailed, match=r"not on whitelist|Invalid argument"):
        run(
            [ffmpeg_exe(), "-loglevel", "error", "-protocol_whitelist", "fd", "-i", f"file:{out}", "-f", "null", "-"],
            LIMITS,
        )


def test_a_confinement_that_fails_starts_nothing(tmp_path: Path) -> None:
    run(["/bin/sh", "-c", "echo never > out"], LIMITS, confinement=Confinement(folder=tmp_path))
    (tmp_path / "out").unlink()
    with pytest.raises(CannotConfine, match=r"could not confine sh .*Not a directory"):
        run(["/bin/sh", "-c", "echo never > out"], LIMITS, confinement=Confinement(folder=Path("/dev/null")))
    assert list(tmp_path.iterdir()) == []
    limits = (str(1 << 30), "60", "0")
    words = [sys.executable, "-I", "-S", confine.__file__, "1", *limits, "--", "/bin/true"]
    assert subprocess.run(words, check=False).returncode == 1  # its parent is not the one that was named


def test_what_is_in_force_is_said() -> None:
    bare = try_out(BARE)
    assert (bare.landlock, bare.seccomp, bare.user) == (0, False, IN_FORCE.user)
    assert {"landlock: files", "landlock: network", "landlock: signals", "seccomp"} <= set(bare.missing)
    assert "this machine lacks" in bare.sentence
    assert IN_FORCE.landlock == confine.landlock_version()
    assert InForce(7, True, 65534).missing == ()
    assert InForce(7, True, 0).missing == ("unprivileged user",)
    assert InForce(3, True, 1000).missing == ("landlock: network", "landlock: signals")
    assert InForce(7, True, 65534).sentence == "Tools run as user 65534, Landlock 7, seccomp 1."


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("many", [True, False])
def test_every_way_through_the_filter_ends_in_an_answer(machine: str, many: bool) -> None:
    program = confine.seccomp_filter(machine, 4711, many)
    arch, numbers, refused, forks = confine.MACHINES[machine]
    allowed, eperm, eacces, enosys = 0x7FFF0000, 0x50001, 0x5000D, 0x50026

    def answer(number: int, first: int = 0, kind: int = arch) -> int:
        return _interpret(program, {0: number, 4: kind, 16: first})

    assert answer(0) == answer(1) == allowed
    assert answer(0, kind=arch ^ 1) == eperm
    assert {answer(number) for number in (*refused, *confine.COMMON)} == {eperm}
    assert {answer(number) for number in forks} <= {allowed if many else eperm}
    assert answer(confine.CLONE3) == enosys
    assert answer(numbers["socket"], 2) == answer(numbers["socket"], 10) == answer(numbers["socket"], 16) == eacces
    assert answer(numbers["socket"], 1) == (allowed if many else eacces)
    assert answer(numbers["clone"], 0x3D0F00) == allowed  # a thread
    assert answer(numbers["clone"], 17) == (allowed if many else eperm)
    assert answer(numbers["clone"], 0x10000000 | 17) == eperm  # a namespace of its own
    for name in ("kill", "tgkill", "prlimit"):
        is_free = many and name != "prlimit"
        assert answer(numbers[name], 4711) == allowed
        assert answer(numbers[name], 1) == (allowed if is_free else eperm)


def _interpret(program: bytes, data: dict[int, int]) -> int:
    """Run classic BPF as seccomp does, of the instructions that we use."""
    at, held = 0, 0
    while True:
        code = int.from_bytes(program[at * 8 : at * 8 + 2], "little")
        yes, no = program[at * 8 + 2], program[at * 8 + 3]
        k = int.from_bytes(program[at * 8 + 4 : at * 8 + 8], "little")
        at += 1
        if code == 0x06:
            return k
        if code == 0x20:
            held = data[k]
        else:
            is_so = {0x15: held == k, 0x35: held >= k, 0x45: bool(held & k)}[code]
            at += yes if is_so else no
