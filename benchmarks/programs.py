"""Real programs from outside: started as production starts them, asked over HTTP, weighed with all their children."""

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from catalog.settings import load
from songtan.settings import StackSettings
from songtan.stack.centre import LocalCentre
from songtan.stack.guard import descendants
from songtan.stack.postgres import discard
from songtan.stack.state import State

SONGTAN = Path(sys.executable).with_name("songtan")
STOP_SECONDS = 40.0


class Broken(Exception):
    """A measurement could not be made; the message says why."""


def clean_env(**own: str) -> dict[str, str]:
    """Return the environment without settings of ours, and with `own`."""
    return {**{k: v for k, v in os.environ.items() if not k.startswith("SONGTAN_")}, **own}


@contextmanager
def running(words: list[str], env: Mapping[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `songtan` with `words`, and end it."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [SONGTAN, *words], env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def get(url: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    """Return status and body of a GET on a new connection; (0, b"") if nobody listens."""
    at = urlsplit(url)
    connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=20)
    try:
        connection.request("GET", f"{at.path or '/'}{'?' if at.query else ''}{at.query}", headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError:
        return 0, b""
    finally:
        connection.close()


def wait_for(there: Callable[[], bool], what: str, seconds: float, pause: float = 0.005) -> None:
    """Ask `there` until it says yes. Raises Broken after `seconds`."""
    deadline = time.monotonic() + seconds
    while not there():
        if time.monotonic() > deadline:
            raise Broken(f"{what}: not within {seconds:g} seconds")
        time.sleep(pause)


def wait_ready(url: str, process: "subprocess.Popen[bytes]", log: Path, seconds: float = 60) -> None:
    """Wait until `url` answers 200. Raises Broken with the end of the log if the process ends first."""

    def answers() -> bool:
        if process.poll() is not None:
            raise Broken(f"it ended with {process.returncode}: {log.read_text('utf-8', 'replace')[-2000:]}")
        return get(url)[0] == http.client.OK

    wait_for(answers, url, seconds)


def memory_mb(pid: int) -> tuple[float, float]:
    """Return (PSS, RSS) of the process and everything below it, in MB of 10^6 bytes, as the kernel counts them."""
    pss = rss = 0
    for each in (pid, *descendants(pid)):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
            name, _, value = line.partition(":")
            pss += int(value.split()[0]) if name == "Pss" else 0
            rss += int(value.split()[0]) if name == "Rss" else 0
    return pss * 1024 / 1e6, rss * 1024 / 1e6


@contextmanager
def local_centre(folder: Path) -> Iterator[LocalCentre]:
    """Run what `songtan up` starts, as this process's children, with an empty state folder."""
    settings = load(StackSettings, state=folder, api_port=0, signer_port=0)
    centre = LocalCentre(settings, State.open(folder), say=lambda _words: None)
    try:
        centre.start()
        yield centre
    finally:
        centre.stop()
        discard(folder / "postgres")
