"""The three embedded servers of one state folder, and what the programs are told about them."""

from dataclasses import dataclass

from songtan.stack.ports import LOOPBACK, remembered_ports
from songtan.stack.postgres import Postgres
from songtan.stack.seaweed import PORT_NAMES, SeaweedFS
from songtan.stack.state import State
from songtan.stack.supervisor import Supervisor
from songtan.stack.valkey import Valkey


@dataclass
class Embedded:
    """PostgreSQL, Valkey and SeaweedFS, each on a port of its own on the loopback."""

    postgres: Postgres
    valkey: Valkey
    seaweed: SeaweedFS

    @classmethod
    def of(cls, state: State) -> "Embedded":
        """Those of `state`: same data, secrets and (where still free) ports as at the last start."""
        secrets = state.secrets()
        ports = remembered_ports(state.folder / "ports.json", ["postgres", "valkey", *PORT_NAMES])
        return cls(
            Postgres(
                state.folder / "postgres", state.log("postgresql"), ports["postgres"], secrets["postgres_password"]
            ),
            Valkey(state.folder / "valkey", state.log("valkey"), ports["valkey"], secrets["valkey_password"]),
            SeaweedFS(
                state.folder / "store",
                state.log("seaweedfs"),
                {name: ports[name] for name in PORT_NAMES},
                access_key=secrets["s3_access_key"],
                secret_key=secrets["s3_secret_key"],
            ),
        )

    def start(self, supervisor: Supervisor) -> None:
        """Start all three; raises `NotReady`."""
        supervisor.start(self.postgres)
        supervisor.start(self.valkey)
        supervisor.start(self.seaweed)

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
