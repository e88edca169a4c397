"""Which mounted file systems may be drives: a pure reading of /proc/self/mountinfo (proc_pid_mountinfo(5))."""

import re
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")
MAX_MOUNTS = 64
_SYSTEM = frozenset(["", "boot", "boot/efi", "boot/firmware", "home", "usr", "var", "tmp", "nix", "snap"])
"""Where the system itself is mounted, below the root."""
_ESCAPED = re.compile(r"\\([0-7]{3})")


def mounted_drives(mountinfo: str) -> list[Path]:
    """Return where block devices are mounted that can be a drive that somebody plugged in, each device once.

    Network file systems are left out: looking at one may hang.
    """
    found: dict[str, Path] = {}
    for line in mountinfo.splitlines():
        fields, _, source = line.partition(" - ")
        words, origin = fields.split(" "), source.split(" ")
        if len(words) < 6 or len(origin) < 2 or not origin[1].startswith("/dev/"):
            continue
        root, where = words[3], _ESCAPED.sub(lambda escaped: chr(int(escaped[1], 8)), words[4])
        if root == "/" and where.strip("/") not in _SYSTEM and not where.startswith(("/snap/", "/proc/", "/sys/")):
            found.setdefault(origin[1], Path(where))
    return list(found.values())[:MAX_MOUNTS]
