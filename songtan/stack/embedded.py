"""The three embedded servers of one state folder, and what the programs are told about them."""

from dataclasses import dataclass, field

import structlog

from songtan.stack.errors import NotReady
from songtan.stack.ports import LOOPBACK, is_free, remembered_ports
from songtan.stack.postgres import Postgres
from songtan.stack.seaweed import PORT_NAMES, SeaweedFS
from songtan.stack.state import State
from songtan.stack.supervisor import Supervisor
from songtan.stack.valkey import Valkey

log = structlog.get_logger(__name__)

PORTS_NOTE = "ports.json"
START_TRIES = 3


@dataclass
class Embedded:
    """PostgreSQL, Valkey and SeaweedFS, each on a port of its own on the loopback."""

    state: State
    ports: dict[str, int] = field(init=False)
    postgres: Postgres = field(init=False)
    valkey: Valkey = field(init=False)
    seaweed: SeaweedFS = field(init=False)

    def __post_init__(self) -> None:
        self._choose()

    def _choose(self) -> None:
        """The servers with the same data, secrets and (where still free) ports as at the last start."""
        state, secrets = self.state, self.state.secrets()
        self.ports = ports = remembered_ports(state.folder / PORTS_NOTE, ["postgres", "valkey", *PORT_NAMES])
        self.postgres = Postgres(
            state.folder / "postgres", state.log("postgresql"), ports["postgres"], secrets["postgres_password"]
        )
        self.valkey = Valkey(state.folder / "valkey", state.log("valkey"), ports["valkey"], secrets["valkey_password"])
        self.seaweed = SeaweedFS(
            state.folder / "store",
            state.log("seaweedfs"),
            {name: ports[name] for name in PORT_NAMES},
            access_key=secrets["s3_access_key"],
            secret_key=secrets["s3_secret_key"],
        )

    def start(self, supervisor: Supervisor) -> None:
        """Start all three, on other ports if somebody was faster on one of theirs. Raises `NotReady`."""
        for attempt in range(1, START_TRIES + 1):
            try:
                for server in (self.postgres, self.valkey, self.seaweed):
                    supervisor.start(server)
            except NotReady:
                supervisor.stop()
                taken = [name for name, port in self.ports.items() if not is_free(port)]
                if not taken or attempt == START_TRIES:
                    raise
                log.warning("ports.were-taken", names=taken)
                self._choose()
            else:
                return

    @property
    def env(self) -> dict[str, str]:
        """Where they are, as settings of our programs."""
        return {
            "SONGTAN_DATABASE_URL": self.postgres.url,
            "SONGTAN_BROKER_URL": self.valkey.url,
            "SONGTAN_S3_ENDPOINT": self.seaweed.url,
            "SONGTAN_S3_PUBLIC_ENDPOINT": f"http://{LOOPBACK}:{self.seaweed.ports['s3.port']}",
            "SONGTAN_S3_ACCESS_KEY": self.seaweed.access_key,
            "SONGTAN_S3_SECRET_KEY": self.seaweed.secret_key,
        }
