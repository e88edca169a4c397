"""What the API's routes work with: one `Centre` for each app, made by its main and handed to every request."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

from prometheus_client import CollectorRegistry
from sqlalchemy import Engine
from sqlmodel import Session

from api.settings import ApiSettings
from api.timestamp import StoredTimestamp
from catalog.db import session_scope
from catalog.jobs.doorbell import Doorbell
from catalog.publishing.signer_client import Signer
from catalog.storage.base import ObjectStore


@dataclass(frozen=True)
class Centre:
    """The parts behind the API. `checks` says by name what must answer for the API to be ready."""

    settings: ApiSettings
    engine: Engine
    store: ObjectStore
    signer: Signer
    doorbell: Doorbell
    checks: dict[str, Callable[[], None]]
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    news: Event = field(default_factory=Event)
    timestamp: StoredTimestamp = field(default_factory=StoredTimestamp)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give a session whose transaction commits at the end. Raises DatabaseAway."""
        with session_scope(self.engine) as session:
            yield session

    def wake_watcher(self) -> None:
        """Say that directions may be owed: the watcher looks now instead of at its next turn."""
        self.news.set()
