"""The watcher: notices signed releases and has owed directions signed, so that nobody has to press a button.

Rows say what is to be done and are locked while it is, so several API processes may watch at once.
"""

import threading
from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter, Gauge

from api.centre import Centre
from catalog.accounts.service import tidy
from catalog.db import DatabaseAway, utc_now
from catalog.formats.errors import AppError
from catalog.nodes.directions import issue_owed, owe_for_course, owe_renewals
from catalog.publishing.service import refresh_one, unsettled_publications

log = structlog.get_logger(__name__)

TIDY_EVERY = timedelta(hours=1)
LONGEST_LOOK_S = 60.0
"""How long a look may take before what it saw of the store no longer counts."""


class Watcher:
    """A thread that looks every `watch_seconds`, and at once when the centre says that there is news."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._tidied: datetime | None = None
        self._directions = Counter("songtan_directions_issued", "directions signed", registry=centre.registry)
        self._published = Counter("songtan_releases_published", "releases seen signed", registry=centre.registry)
        self._well = Gauge("songtan_watcher_well", "1 while the last look went well", registry=centre.registry)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End; waits for a look in progress, a few seconds at most."""
        self._stopping.set()
        self._centre.news.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
                self._well.set(1)
            except AppError as error:
                self._well.set(0)
                log.warning("watch.failed", code=error.code, why=str(error))
            except Exception:  # the thread's last frame: passed on, it would end the watch while the API serves on
                self._well.set(0)
                log.exception("watch.broke")
            self._centre.news.wait(self._centre.settings.watch_seconds)
            self._centre.news.clear()

    def look(self) -> None:
        """Look once. Raises DatabaseAway, SignerAway."""
        centre, now = self._centre, utc_now()
        with centre.session() as session:
            publications = unsettled_publications(session, now)
        for publication_id in publications:
            self._refresh(publication_id)
        if self._tidied is None or now - self._tidied > TIDY_EVERY:
            with centre.session() as session:
                owe_renewals(session, now)
                tidy(session, now)
            self._tidied = now
        self._directions.inc(issue_owed(centre.engine, centre.signer, centre.settings.store_url))
        centre.timestamp.look(centre.store, 2 * centre.settings.watch_seconds + LONGEST_LOOK_S)

    def _refresh(self, publication_id: str) -> None:
        try:
            with self._centre.session() as session:
                course_id = refresh_one(session, self._centre.signer, publication_id)
                if course_id is not None:
                    owe_for_course(session, course_id)
                    self._published.inc()
        except DatabaseAway:
            raise
        except AppError as error:
            log.warning("publication.not-refreshed", publication=publication_id, code=error.code, why=str(error))
