"""The relay: rings for tasks that wait, and takes tasks back from workers that are gone.

Runs in every worker program; several at once do no harm, for each row goes to one of them.
"""

from pathlib import Path

import structlog
from sqlalchemy import Engine

from catalog.db import DatabaseAway, session_scope
from catalog.jobs import setbacks, turns
from catalog.jobs.doorbell import Doorbell, DoorbellAway
from catalog.jobs.models import TaskKind
from workers.metrics import WorkerMetrics
from workers.ticking import Ticking

log = structlog.get_logger(__name__)

TICK_S = 1.0
LOOK_S = 5.0
"""So often the queues' lengths are asked for, and the metrics brought up to date."""
RING_AGAIN_S = 10.0
"""A task that still waits so long after its bell, while its queue is empty, was not heard."""
DEPTH = 16
"""So many rings may wait in a queue before more are sent."""


def ring_due(engine: Engine, doorbell: Doorbell) -> int:
    """Ring for the most urgent tasks, as many as leave `DEPTH` unheard in each queue. Return how many rang.

    So what goes next is decided late, by the rows, and a worker that falls behind is not flooded. A task of an empty
    queue that rang a while ago and still waits was not heard: it rings again. Raises DatabaseAway and DoorbellAway;
    nothing is lost by that, for the next relay rings.
    """
    count = 0
    for kind in TaskKind:
        unheard = doorbell.unheard(kind)
        room = max(0, DEPTH - unheard)
        with session_scope(engine) as session:
            lost_after = RING_AGAIN_S if unheard == 0 else None
            rings = turns.claim_rings(session, kind, room, lost_after) if room else []
        try:
            for ring in rings:
                doorbell.ring(ring)
        except DoorbellAway:
            with session_scope(engine) as session:
                turns.forget_rings(session, [ring.task_id for ring in rings])
            raise
        count += len(rings)
    return count


class Relay:
    """A thread that ticks until it is stopped. `alive` is a file that it touches, for `songtan worker health`."""

    def __init__(self, engine: Engine, doorbell: Doorbell, metrics: WorkerMetrics, alive: Path) -> None:
        self._engine, self._doorbell, self._metrics, self._alive = engine, doorbell, metrics, alive
        self._ticking = Ticking("relay", TICK_S, self.tick)
        self._since_look = LOOK_S
        self._is_away = False

    def start(self) -> None:
        """Begin to tick."""
        self._ticking.start()

    def stop(self) -> None:
        """Stop and wait for the tick that is under way."""
        self._ticking.stop()

    def tick(self) -> None:
        """Do once what there is to do. Raises nothing that passes when the servers are back."""
        self._since_look += TICK_S
        try:
            with session_scope(self._engine) as session:
                setbacks.return_lapsed(session)
            self._look()
            ring_due(self._engine, self._doorbell)
            self._alive.touch()
            self._note_away(None)
        except (DatabaseAway, DoorbellAway) as error:
            self._note_away(error)

    def _look(self) -> None:
        """Bring the metrics up to date, every few seconds."""
        if self._since_look < LOOK_S:
            return
        self._since_look = 0
        with session_scope(self._engine) as session:
            self._metrics.show(turns.queue_lengths(session))

    def _note_away(self, error: Exception | None) -> None:
        if error is not None and not self._is_away:
            log.warning("relay.waiting", why=str(error))
        elif error is None and self._is_away:
            log.info("relay.resumed")
        self._is_away = error is not None
