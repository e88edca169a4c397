"""The doorbell over Celery: a message with the task's id in the queue of its kind."""

from typing import Any

from celery import Celery
from kombu.exceptions import ChannelError, OperationalError

from catalog.jobs.doorbell import DoorbellAway
from catalog.jobs.models import TaskKind
from catalog.jobs.schemas import Ring

RING = "songtan.ring"
QUEUES = tuple(kind.value for kind in TaskKind)

VISIBILITY_S = 60
"""A message that no living worker has acknowledged comes back after so many seconds; the rows see to the rest."""


def celery_app(broker_url: str, name: str = "songtan") -> Celery:
    """Return a Celery app for doorbells: JSON only, no results, and rings that give up in seconds."""
    app = Celery(name, broker=broker_url, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        event_serializer="json",
        task_ignore_result=True,
        task_create_missing_queues=True,
        task_default_queue=TaskKind.ENCODE.value,
        broker_connection_timeout=3,
        broker_connection_retry_on_startup=True,
        broker_transport_options=transport_options(),
        enable_utc=True,
    )
    return app


def transport_options() -> dict[str, Any]:
    """Return what Celery's Redis transport needs so that a killed worker's message comes back in seconds."""
    return {
        "visibility_timeout": VISIBILITY_S,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "unacked_mutex_expire": 3,
        "socket_connect_timeout": 3,
        "socket_timeout": 10,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.2,
    }


class CeleryDoorbell:
    """Rings by sending `songtan.ring`."""

    def __init__(self, broker_url: str) -> None:
        self._app = celery_app(broker_url)

    def ring(self, ring: Ring) -> None:
        """Send the message. Raises DoorbellAway if the broker is away."""
        try:
            self._app.send_task(RING, [ring.task_id], queue=ring.kind.value, retry=False)
        except (OperationalError, OSError) as error:
            raise DoorbellAway(f"{type(error).__name__}: {error}") from error

    def unheard(self, kind: TaskKind) -> int:
        """Return the length of the queue; one that does not exist yet is empty. Raises DoorbellAway."""
        with self._app.connection_for_write() as connection:
            try:
                connection.ensure_connection(max_retries=1, timeout=3)
                declared = connection.default_channel.queue_declare(queue=kind.value, passive=True)
                return int(declared.message_count)
            except ChannelError:
                return 0
            # once it is connected, what the broker's client raises is its own
            except (OperationalError, OSError, *connection.connection_errors, *connection.channel_errors) as error:
                raise DoorbellAway(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Give the connections back."""
        self._app.close()
