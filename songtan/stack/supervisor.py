"""Who starts the servers and programs in order, watches them, and stops them in reverse order."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from songtan.stack.guard import reap_adopted
from songtan.stack.process import Child

log = structlog.get_logger(__name__)

WATCH_SECONDS = 0.5
REAP_EVERY = 10
"""In rounds of the watch."""


class Running(Protocol):
    """A server or program of the stack."""

    @property
    def child(self) -> Child:
        """Its process."""
        ...

    def start(self) -> None:
        """Start it and return when it is ready."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


@dataclass
class Program:
    """One of our own programs: ready when `ready` says so."""

    child: Child
    ready: Callable[[], bool]
    seconds: float = 30.0

    def launch(self) -> None:
        """Start it; it may not be ready yet."""
        self.child.start()

    def wait(self) -> None:
        """Wait until it is ready; raises `NotReady`."""
        self.child.wait_ready(self.ready, self.seconds)

    def start(self) -> None:
        """Start it and wait until it is ready; raises `NotReady`."""
        self.launch()
        self.wait()

    def stop(self) -> None:
        """End it."""
        self.child.stop()


@dataclass
class Supervisor:
    """The running parts, in the order in which they were started."""

    parts: list[Running] = field(default_factory=list)

    def start(self, part: Running) -> None:
        """Start `part` after those before it; it is stopped with them even if it never became ready."""
        self.parts.append(part)
        part.start()

    def start_together(self, *programs: Program) -> None:
        """Start programs at the same time, and wait until all are ready."""
        for program in programs:
            self.parts.append(program)
            program.launch()
        for program in programs:
            program.wait()

    def check(self) -> None:
        """Raise `Died` if one of them has ended."""
        for part in self.parts:
            part.child.check()

    def watch(self) -> None:
        """Stay until one of them ends (raises `Died`) or a signal's exception passes through."""
        rounds = 0
        while True:
            self.check()
            rounds += 1
            if rounds % REAP_EVERY == 0:
                reap_adopted({part.child.started_pid for part in self.parts})
            time.sleep(WATCH_SECONDS)

    def stop(self) -> None:
        """Stop all of them, the last started first."""
        self._stop(list(self.parts))

    def stop_all_but(self, *kept: Running) -> None:
        """Stop all others, the last started first."""
        self._stop([part for part in self.parts if part not in kept])

    def _stop(self, parts: list[Running]) -> None:
        for part in reversed(parts):
            self.parts.remove(part)
            part.stop()
