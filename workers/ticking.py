"""Work that a program does now and then beside its own: a thread that does it again and again until it is stopped."""

import random
import threading
from collections.abc import Callable


class Ticking:
    """Calls `work` every `pause_s` seconds, give or take a fifth, so that those of several programs keep no step."""

    def __init__(self, name: str, pause_s: float, work: Callable[[], None]) -> None:
        self._pause_s, self._work = pause_s, work
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_stopped(self) -> bool:
        """Whether somebody asked it to end."""
        return self._stopped.is_set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for what is under way."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        chance = random.SystemRandom()
        while not self._stopped.wait(self._pause_s * chance.uniform(0.8, 1.2)):
            self._work()
