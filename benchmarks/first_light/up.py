"""How soon a centre and a node are ready: on an empty state folder, and on one that has been used."""

import json
import time
from pathlib import Path

from benchmarks.programs import Broken, clean_env, get, running, wait_for, wait_ready
from benchmarks.reporting import Figure, Results, is_quick
from songtan.stack.ports import free_ports
from songtan.stack.postgres import discard

RUNS = 5
START_SECONDS = 120.0


def start_once(folder: Path) -> tuple[float, float]:
    """Start a centre on `folder`, then a node; return seconds until the centre says so, and until both answer."""
    state, log, port = folder / "state", folder / "up.log", free_ports(1)[0]
    addresses = state / "addresses.json"  # written when API, signer and worker have answered
    addresses.unlink(missing_ok=True)
    began = time.monotonic()
    env = clean_env(SONGTAN_STATE=str(state), SONGTAN_API_PORT="0", SONGTAN_SIGNER_PORT="0")
    with running(["up"], env, log) as process:

        def is_up() -> bool:
            if process.poll() is not None:
                raise Broken(f"songtan up ended: {log.read_text('utf-8', 'replace')[-2000:]}")
            return addresses.exists()

        wait_for(is_up, "songtan up", START_SECONDS)
        centre = time.monotonic() - began
        node_env = clean_env(SONGTAN_EDGE_STATE=str(folder / "edge"), SONGTAN_EDGE_LISTEN=f"127.0.0.1:{port}")
        node_log = folder / "edge.log"
        with running(["edge", "serve"], node_env, node_log) as node:
            wait_ready(f"http://127.0.0.1:{port}/readyz", node, node_log)
            both = time.monotonic() - began
        for name, url in json.loads(addresses.read_text()).items():
            if get(f"{url}/readyz")[0] != 200:
                raise Broken(f"{name} is not ready: {get(f'{url}/readyz')}")
    return centre, both


def measure(results: Results, folder: Path) -> None:
    """Add the figures of the start: for each run one start on an empty folder, and one more on the same."""
    first, later, centre_first, centre_later = [], [], [], []
    for run in range(1 if is_quick() else RUNS):
        own = folder / str(run)
        own.mkdir()
        try:
            alone, both = start_once(own)
            centre_first.append(alone)
            first.append(both)
            alone, both = start_once(own)
            centre_later.append(alone)
            later.append(both)
        finally:
            discard(own / "state" / "postgres")
    results.figures += [
        Figure("up_ready_s", "songtan up and a node ready, later starts", "s", later, 15),
        Figure("up_centre_s", "… the centre alone", "s", centre_later),
        Figure("up_first_ready_s", "songtan up and a node ready, first start on an empty folder", "s", first, 15),
        Figure("up_first_centre_s", "… the centre alone", "s", centre_first),
    ]
    results.notes.append(
        "Up: the clock runs until `songtan up` has heard from database, broker, store, signer, worker and API, and a "
        "node that is started only then answers /readyz. Installation is not in it."
    )
