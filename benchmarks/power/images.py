"""Disks in files: an ext4 image on an XFS one, so that a copy that shares all blocks is the disk at that moment.

A program writes to the inner file system; `cp --reflink` of its image is what had reached the disk by then, as a
power cut would leave it. Needs root, loop devices and xfsprogs.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def can_cut() -> bool:
    """Say whether images can be made and mounted here."""
    tools = ("mkfs.xfs", "mkfs.ext4", "mount", "losetup")
    return os.geteuid() == 0 and all(shutil.which(t, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") for t in tools)


def _run(*words: str | Path) -> None:
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    subprocess.run(words, check=True, capture_output=True, timeout=120, env=environment)


@contextmanager
def mounted(image: Path, at: Path, options: str) -> Iterator[Path]:
    """Mount an image at a folder, and take it away again."""
    at.mkdir(exist_ok=True)
    _run("mount", "-o", f"loop,{options}", image, at)
    try:
        yield at
    finally:
        _run("umount", "-l", at)


class Disk:
    """The disk that a node lives on; `folder` is where it is mounted."""

    def __init__(self, folder: Path, outer: Path) -> None:
        self.folder, self._outer = folder, outer

    @contextmanager
    def cut(self) -> Iterator[Path]:
        """Give what a power cut now would leave, mounted as a start after it would."""
        copy, at = self._outer / "cut.img", self._outer.parent / "cut"
        self.copy(copy)
        try:
            with mounted(copy, at, "commit=5") as left:
                yield left
        finally:
            copy.unlink()

    def copy(self, to: Path) -> None:
        """Copy the disk as it is at this moment."""
        _run("cp", "--reflink=always", self._outer / "disk.img", to)


@contextmanager
def disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """Make a disk of so many MB in `folder`, and mount it; it goes with the block."""
    outer, inner = folder / "outer", folder / "disk"
    with (folder / "outer.img").open("wb") as file:
        file.truncate((megabytes * 4 + 400) << 20)
    _run("mkfs.xfs", "-q", "-m", "reflink=1", folder / "outer.img")
    with mounted(folder / "outer.img", outer, "noatime"):
        image = outer / "disk.img"
        with image.open("wb") as file:
            file.truncate(megabytes << 20)
        _run("mkfs.ext4", "-q", "-F", image)
        with mounted(image, inner, "commit=5,errors=remount-ro"):
            yield Disk(inner, outer)
