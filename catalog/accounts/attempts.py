"""Counting wrong guesses at a secret, in transactions of their own: an error rolls back everything but the count."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from catalog.accounts import repository
from catalog.db import session_scope


@dataclass(frozen=True)
class Guard:
    """At most `failures` wrong guesses for a key within `window`; `kind` keeps one guard's keys from another's."""

    kind: str
    failures: int
    window: timedelta

    def wait(self, engine: Engine, key: str, now: datetime) -> int:
        """Return for how many seconds guesses for `key` are refused; 0 while they are taken."""
        with session_scope(engine) as session:
            counted = repository.attempts(session, self._key(key))
        if counted is None or counted.failures < self.failures:
            return 0
        return max(0, math.ceil((counted.first_at + self.window - now).total_seconds()))

    def count(self, engine: Engine, key: str, now: datetime) -> None:
        """Note a wrong guess."""
        with session_scope(engine) as session:
            repository.count_failure(session, self._key(key), now, now - self.window)

    def forget(self, engine: Engine, key: str) -> None:
        """Begin anew, after a right one."""
        with session_scope(engine) as session:
            repository.forget_failures(session, self._key(key))

    def _key(self, key: str) -> str:
        return f"{self.kind}:{key}"[:200]
