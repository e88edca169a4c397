"""Says, while a task runs, that its worker lives; hears when the task is to stop."""

import threading
from types import TracebackType

import structlog
from sqlalchemy import Engine

from catalog.db import DatabaseAway, session_scope
from catalog.jobs import service
from catalog.jobs.models import JobState
from catalog.jobs.schemas import Lease

log = structlog.get_logger(__name__)


class Heartbeat:
    """Extends a lease from a thread of its own, within a `with`. `progress` (0 to 1) is what the row will say.

    `is_stopped` becomes true when the job was cancelled, or when somebody else has the task: `is_lost` tells which.
    """

    def __init__(self, engine: Engine, lease: Lease, lease_seconds: float, every_seconds: float) -> None:
        self.progress = 0.0
        self.is_lost = False
        self._engine, self._lease = engine, lease
        self._lease_seconds, self._every_seconds = lease_seconds, every_seconds
        self._stopped = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{lease.task_id}", daemon=True)

    def is_stopped(self) -> bool:
        """Say whether the work should stop."""
        return self._stopped.is_set()

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        is_away = False
        while not self._ended.wait(self._every_seconds):
            try:
                with session_scope(self._engine) as session:
                    state = service.extend_lease(session, self._lease, self._lease_seconds, self.progress)
            except DatabaseAway:
                if not is_away:
                    log.warning("heartbeat.missed", task=self._lease.task_id)
                is_away = True  # the work goes on: if the lease runs out meanwhile, the result finds out
                continue
            is_away = False
            if state is None or state is JobState.CANCELLED:
                self.is_lost = state is None
                self._stopped.set()
                return
