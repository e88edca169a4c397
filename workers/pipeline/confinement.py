"""What a tool may reach: decided from its command line, told to `confine.py`, which makes it so.

Inputs are opened here and handed over as open files (`fd:`), so that the tool needs no right to open any.
"""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from workers.pipeline import confine

NOBODY = 65534
"""The user and group that tools of a worker that runs as root become."""

NEEDED_TO_DROP = (0, 1, 5, 6, 7)
"""CAP_CHOWN, DAC_OVERRIDE, KILL, SETGID, SETUID: a root that lacks one is none, as in a container without rights."""

OFFICE = tuple(
    map(
        Path,
        (
            *("/usr/lib/libreoffice", "/etc/libreoffice", "/var/lib/libreoffice", "/var/spool/libreoffice"),
            *("/usr/share", "/etc/fonts", "/var/cache/fontconfig", "/etc/passwd", "/etc/nsswitch.conf"),
        ),
    )
)
"""What LibreOffice, as Debian packs it, reads beyond its folder and the system's libraries (found by trying)."""

_IN_A_FILTER = re.compile(r"(?:path|file|filename)=(/(?:\\\\(?:\\.|.)|\\.|[^:;,'\[\]\\])+)")
"""A path among a filter's options, where marks of the filter's own stand behind backslashes."""
_SYSTEM = ("/dev", "/proc", "/sys", "/usr", "/lib", "/lib64", "/etc", "/bin", "/boot", "/var/lib/dpkg")


def named(word: str) -> list[Path]:
    """Return the absolute paths that a word of a command line names: it is one whole, or options of filters have some.

    Whatever is in their names: a worker's folder may be called `/srv/Li's work, new`.
    """
    if word.startswith(("/", "file:/")):
        return [Path(word.removeprefix("file:"))]
    return [Path(_plain(_plain(found))) for found in _IN_A_FILTER.findall(word)]


def _plain(text: str) -> str:
    """Take one layer of backslashes away; in a graph of filters there are two."""
    return re.sub(r"\\(.)", r"\1", text)


def _in_a_filter(text: str) -> str:
    """Return how a text stands among the options of a filter in a graph."""
    for marks in (r"\\'=:", r"\\'\[\],;"):
        text = re.sub(f"([{marks}])", r"\\\1", text)
    return text


@dataclass(frozen=True, slots=True)
class Confinement:
    """What one run may reach beyond what its command line names.

    `folder`: the task's own, to read and write; also its working folder, HOME and TMPDIR. `reads`: files and folders
    that it may read and whose programs and libraries it may run. `many`: it may start other processes and use local
    sockets (an office suite); all end with it. `without`: "landlock", "seccomp" as on a kernel without them, for tests.
    """

    folder: Path | None = None
    reads: tuple[Path, ...] = ()
    many: bool = False
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """What a command may reach: folders to write in (the first is where it stands), files and folders to read."""

    writes: tuple[Path, ...]
    reads: tuple[Path, ...]


def reach(command: Sequence[str], confinement: Confinement) -> Reach:
    """Return what `command` may reach.

    It may write in its folder and beside every output that it names (`file:…`, a path that is not there yet), and
    read every file that it names. Our own Python may read its library and packages.
    """
    writes = [confinement.folder] if confinement.folder else []
    reads = list(confinement.reads)
    if command[0] == sys.executable:
        reads += [Path(sys.prefix), Path(sys.base_prefix)]
    for before, word in pairwise(command):
        for path in named(word):
            if path.exists() and (before == "-i" or not word.startswith("file:")):
                reads.append(path)
            elif path.parent.is_dir() and not _is_system(path.parent):
                writes.append(path.parent)
    return Reach(_once(writes), _once(reads))


def _is_system(folder: Path) -> bool:
    return folder == Path("/") or any(folder.is_relative_to(system) for system in _SYSTEM)


def _once(paths: list[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(path.absolute() for path in paths))


def split_inputs(command: Sequence[str], numbers: Sequence[int]) -> tuple[list[str], list[Path]]:
    """Return the command with every `-i fd:/path` made `-fd NUMBER -i fd:`, and the paths, in order.

    `numbers` are those of the opened files; where there are none yet, the paths alone are of use.

    Each input has a number of its own, also where two are one file: numbers of one opening would share their place.
    """
    words: list[str] = []
    paths: list[Path] = []
    for word in command:
        if word.startswith("fd:/") and words and words[-1] == "-i":
            number = numbers[len(paths)] if numbers else -1
            words[-1:] = ["-fd", str(number), "-i", "fd:"]
            paths.append(Path(word.removeprefix("fd:")))
        else:
            words.append(word)
    return words, paths


def seen_from(folder: Path, command: Sequence[str]) -> list[str]:
    """Return the command as it is said from `folder`: the tool may be unable to pass the folders above it."""
    spelled = "|".join(re.escape(text) for text in (str(folder), _in_a_filter(str(folder))))
    inside = re.compile(rf"(?<!/)(?:{spelled})/")
    return [command[0], *(inside.sub("./", word) for word in command[1:])]


def words_for(command: Sequence[str], confinement: Confinement, reached: Reach, user: int | None) -> list[str]:
    """Return the words for `confine.py`, up to `--`."""
    words = [f"read={path}" for path in reached.reads] + [f"write={path}" for path in reached.writes]
    words += [f"without={what}" for what in confinement.without]
    if reached.writes:
        words.append(f"cwd={reached.writes[0]}")
    if confinement.many:
        words.append("many")
    if user is not None:
        words.append(f"user={user}")
        absolute = (*reached.reads, *(reached.writes[1:]), *(reached.writes if confinement.many else ()))
        if not all(_is_open(path) for path in absolute):
            words.append("search")
    return [*words, "--"]


def _is_open(path: Path) -> bool:
    """Say whether anybody may go through every folder to `path`, its links followed, and read it."""
    real = path.resolve()
    try:
        modes = [folder.stat().st_mode for folder in real.parents]
        own = real.stat().st_mode
    except OSError:
        return False
    return all(mode & stat.S_IXOTH for mode in modes) and bool(own & stat.S_IROTH)


@cache
def user_of_tools() -> int | None:
    """Return the user that tools become: NOBODY where this process is root and may change users, None elsewhere."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return None
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"^CapEff:\s*([0-9a-f]+)", status, re.MULTILINE)
    rights = int(found.group(1), 16) if found else 0
    ranges = [line.split() for line in Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()]
    is_known = any(int(low) <= NOBODY < int(low) + int(count) for low, _, count in ranges)
    return NOBODY if is_known and all(rights >> bit & 1 for bit in NEEDED_TO_DROP) else None


def hand_over(command: Sequence[str], reached: Reach, user: int | None) -> None:
    """Give the tool's user the folders that it writes in, and the files in them that the command names."""
    if user is None:
        return
    for folder in reached.writes:
        found = folder.stat()
        if found.st_uid != user and not found.st_mode & stat.S_IWOTH:
            os.chown(folder, user, -1)
    for word in command[1:]:
        for path in named(word):
            if path.parent in reached.writes and path.is_file() and not path.is_symlink():
                os.chown(path, user, -1, follow_symlinks=False)


def weigh(folders: Sequence[Path]) -> tuple[int, int]:
    """Return how many bytes of disk the files in and under `folders` take, and how many files they are."""
    size = count = 0
    waiting: list[str | Path] = list(folders)
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    count += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
        except (FileNotFoundError, NotADirectoryError, PermissionError):  # gone since it was listed, or closed
            continue
    return size, count


@dataclass(frozen=True, slots=True)
class InForce:
    """What confines tools on this machine: the version of Landlock (0: none), the filter of calls, their user's id."""

    landlock: int
    seccomp: bool
    user: int

    @property
    def missing(self) -> tuple[str, ...]:
        """What this machine lacks; the rest is in force all the same."""
        lacks = {
            "landlock: files": self.landlock < 1,
            "landlock: network": self.landlock < 4,
            "landlock: signals": self.landlock < 6,
            "seccomp": not self.seccomp,
            "unprivileged user": self.user == 0,
        }
        return tuple(what for what, is_so in lacks.items() if is_so)

    @property
    def sentence(self) -> str:
        """How tools are confined here, for people."""
        lacks = f"; this machine lacks {', '.join(self.missing)}" if self.missing else ""
        return f"Tools run as user {self.user}, Landlock {self.landlock}, seccomp {int(self.seccomp)}{lacks}."


def try_out(confinement: Confinement = Confinement()) -> InForce:
    """Confine a process that does nothing, and return what was in force for it."""
    user = user_of_tools()
    limits = (str(os.getpid()), str(4 << 30), "60", "0")
    words = words_for(["report"], confinement, Reach((), ()), user)
    command = [sys.executable, "-I", "-S", confine.__file__, *limits, *words, "report"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    said = dict(word.split("=", 1) for word in done.stdout.split() if "=" in word)
    return InForce(int(said.get("landlock", 0)), said.get("seccomp") == "1", int(said.get("user", os.getuid())))
