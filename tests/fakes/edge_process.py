"""A node as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from songtan.stack.ports import free_ports

READY_SECONDS = 30


class EdgeProcess:
    """`python -m edge_cache serve` over a folder; `address` is where its pages are."""

    def __init__(self, state: Path, **settings: str) -> None:
        self.state = state
        self.port = free_ports(1)[0]
        self.address = f"http://127.0.0.1:{self.port}"
        quick = {"poll_seconds": "0.3", "retry_seconds": "0.05", "retry_longest_seconds": "0.3", "read_seconds": "20"}
        quick["discovery"] = "false"
        named = {f"SONGTAN_EDGE_{name.upper()}": value for name, value in {**quick, **settings}.items()}
        self.env = {
            **os.environ,
            **named,
            "SONGTAN_EDGE_STATE": str(state),
            "SONGTAN_EDGE_LISTEN": f"127.0.0.1:{self.port}",
            "SONGTAN_DIE_WITH_PARENT": "1",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it and wait until it answers."""
        self.process = subprocess.Popen([sys.executable, "-m", "edge_cache", "serve"], env=self.env)
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the node ended at its start"
            try:
                with urlopen(f"{self.address}/readyz", timeout=2):
                    return self
            except URLError:
                time.sleep(0.02)
        raise AssertionError("the node did not answer")

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another of its commands over the same folder."""
        command = [sys.executable, "-m", "edge_cache", *words]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=60, check=False)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
