"""The sweeper: removes what nobody needs any more, and nobody was left to remove.

Files of tasks whose process was killed, and parts of jobs that have been over for long. Runs in every worker program;
several at once do no harm.
"""

from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy import Engine

from catalog.db import DatabaseAway, session_scope
from catalog.jobs import service
from catalog.storage.base import Bucket, ObjectStore, StoreAway, StoreRefused
from workers.pipeline.workspace import sweep
from workers.ticking import Ticking

log = structlog.get_logger(__name__)

EVERY_S = 600.0


def sweep_parts(engine: Engine, store: ObjectStore, is_stopped: Callable[[], bool] = lambda: False) -> int:
    """Remove the parts of jobs that ended so long ago that a retry cuts them anew; return how many jobs had any.

    Raises DatabaseAway, and what the store raises.
    """
    parts: dict[str, list[str]] = {}
    for found in store.list_objects(Bucket.SOURCES, "jobs/"):
        parts.setdefault(found.key.split("/")[1], []).append(found.key)
    count = 0
    for job_id, keys in parts.items():
        if is_stopped():
            break
        with session_scope(engine) as session:
            if service.is_long_over(session, job_id):
                for key in keys:
                    store.delete(Bucket.SOURCES, key)
                count += 1
    return count


class Sweeper:
    """A thread that sweeps every few minutes until it is stopped. `folder` is where workspaces are."""

    def __init__(self, engine: Engine, store: ObjectStore, folder: Path) -> None:
        self._engine, self._store, self._folder = engine, store, folder
        self._ticking = Ticking("sweeper", EVERY_S, self.sweep)

    def start(self) -> None:
        """Begin to sweep."""
        self._ticking.start()

    def stop(self) -> None:
        """Stop, and wait for the job whose parts are being removed."""
        self._ticking.stop()

    def sweep(self) -> None:
        """Do once what there is to do. Raises nothing that passes when the servers are back."""
        folders = sweep(self._folder)
        jobs = 0
        try:
            jobs = sweep_parts(self._engine, self._store, lambda: self._ticking.is_stopped)
        except (DatabaseAway, StoreAway, StoreRefused) as error:
            log.warning("sweeper.put-off", why=error.code)
        if folders or jobs:
            log.info("sweeper.removed", folders=folders, jobs=jobs)
