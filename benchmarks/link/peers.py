"""How each peer fetches a list of files, each in the way that serves it best on a long, lossy line."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.thin_line.goods import Goods
from benchmarks.thin_line.wire import FAR_IP

RSYNC_CONFIG = """use chroot = no
port = 8730
pid file = {folder}/rsyncd.pid
[files]
path = {root}/files
read only = yes
"""


@dataclass(frozen=True)
class Peer:
    """A program. `words`: its command for the goods and a folder to fill; `daemon`: what it needs at the far end."""

    name: str
    program: str
    words: Callable[[Goods, Path], list[str]]
    daemon: Callable[[Goods, Path], list[str]] | None = None

    @property
    def missing(self) -> bool:
        """Whether it is not installed here."""
        return shutil.which(self.program) is None


def _listed(goods: Goods, to: Path) -> str:
    path = to.with_suffix(".list")
    path.write_text("".join(f"{url}\n" for url in goods.urls))
    return str(path)


def _aria2(goods: Goods, to: Path) -> list[str]:
    quiet = ["--quiet", "--console-log-level=error", "--file-allocation=none"]
    return ["aria2c", *quiet, "-j8", "-d", str(to), "-i", _listed(goods, to)]


def _curl(goods: Goods, to: Path) -> list[str]:
    path = to.with_suffix(".curl")
    path.write_text("".join(f'url = "{url}"\noutput = "{to}/{url.rpartition("/")[2]}"\n' for url in goods.urls))
    return ["curl", "--silent", "--no-progress-meter", "--fail", "--parallel", "--parallel-max", "8", "-K", str(path)]


def _rclone(goods: Goods, to: Path) -> list[str]:
    names = to.with_suffix(".names")
    names.write_text("".join(f"{name}\n" for name in goods.names))
    source = goods.urls[0].rpartition("/")[0]
    how = ["--transfers", "8", "--checkers", "8", "--no-traverse", "--files-from", str(names), "--config", "/dev/null"]
    return ["rclone", "copy", *how, "--http-url", source, ":http:", str(to)]


def _wget(goods: Goods, to: Path) -> list[str]:
    return ["wget", "--quiet", "--tries=20", "-P", str(to), "-i", _listed(goods, to)]


def _rsync(_goods: Goods, to: Path) -> list[str]:
    return ["rsync", "-a", "--whole-file", f"rsync://{FAR_IP}:8730/files/", f"{to}/"]


def _rsync_daemon(goods: Goods, folder: Path) -> list[str]:
    config = folder / "rsyncd.conf"
    config.write_text(RSYNC_CONFIG.format(root=goods.root, folder=folder))
    return ["rsync", "--daemon", "--no-detach", "--config", str(config)]


ARIA2 = Peer("aria2 -j8", "aria2c", _aria2)
PEERS = (
    ARIA2,
    Peer("rclone, 8 transfers", "rclone", _rclone),
    Peer("curl, 8 at once", "curl", _curl),
    Peer("rsync", "rsync", _rsync, _rsync_daemon),
    Peer("wget, one connection", "wget", _wget),
)
