"""A child process of the stack: its own process group, its own log, and it never outlives who started it."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from catalog.lifeline import ASKED_BY, die_with_parent
from songtan.stack.errors import Died, NotReady

log = structlog.get_logger(__name__)

TAIL_LINES = 15
KILL_SECONDS = 5.0


@dataclass(frozen=True)
class User:
    """Another user to run as: numbers of the user and group."""

    uid: int
    gid: int


@dataclass
class Child:
    """One program: how it is started, asked to end, and where it writes.

    `stop_signals` are sent one after the other, each given its share of `stop_seconds`, before SIGKILL;
    `orphan_signal` (else the first of them) is what the kernel sends when the starting process dies.
    """

    name: str
    command: Sequence[str | Path]
    log_file: Path
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    user: User | None = None
    stop_signals: Sequence[signal.Signals] = (signal.SIGTERM,)
    stop_seconds: float = 10.0
    orphan_signal: signal.Signals | None = None
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it; call from the main thread, since the child ends when the starting thread does."""
        env = dict(os.environ if self.env is None else self.env)
        env[ASKED_BY] = "1"
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        parent, how = os.getpid(), self.orphan_signal or self.stop_signals[0]
        with self.log_file.open("ab") as output:
            self._process = subprocess.Popen(
                [str(word) for word in self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.cwd,
                env=env,
                process_group=0,
                user=self.user.uid if self.user else None,
                group=self.user.gid if self.user else None,
                extra_groups=[] if self.user else None,
                preexec_fn=lambda: die_with_parent(how, parent),
            )
        log.info("child.started", name=self.name, pid=self._process.pid)

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else None."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def started_pid(self) -> int | None:
        """The process id that it was started with, dead or alive."""
        return self._process.pid if self._process else None

    def tail(self) -> str:
        """The last lines of its log, for a person."""
        try:
            with self.log_file.open("rb") as file:
                file.seek(max(0, self.log_file.stat().st_size - 16_384))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return ""
        return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:])

    def check(self) -> None:
        """Raise `Died` if it has ended."""
        if self.pid is None:
            raise Died(name=self.name, how=self.ending(), log=str(self.log_file), logs=self.tail())

    def ending(self) -> str:
        """How it ended, in words."""
        code = self._process.poll() if self._process else None
        if code is None:
            return "not started"
        return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"

    def wait_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        """Ask `ready` until it says yes; raises `NotReady` when the child ends or `seconds` have passed."""
        deadline = time.monotonic() + seconds
        pause = 0.02
        while not ready():
            if self.pid is None:
                raise self.not_ready(f"it ended with {self.ending()}")
            if time.monotonic() > deadline:
                raise self.not_ready(f"it did not answer within {seconds:g} seconds")
            time.sleep(pause)
            pause = min(pause * 1.3, 0.25)
        log.info("child.became-ready", name=self.name)

    def not_ready(self, why: str) -> NotReady:
        """The error that says so, with the end of the log."""
        return NotReady(name=self.name, why=why, log=str(self.log_file), logs=self.tail() or "    (empty)")

    def stop(self) -> None:
        """Ask it to end, wait at most `stop_seconds`, then kill its whole group. Harmless if it has ended."""
        process = self._process
        if process is None:
            return
        for number in self.stop_signals:
            if process.poll() is not None:
                break
            process.send_signal(number)
            try:
                process.wait(self.stop_seconds / len(self.stop_signals))
            except subprocess.TimeoutExpired:
                log.warning("child.ignored-signal", name=self.name, signal=number.name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what is left of its group, or the whole of it
        process.wait(KILL_SECONDS)
        log.info("child.stopped", name=self.name, how=self.ending())
