"""nginx: the store that the node fills from, and the peer that sends the same bytes as plain files."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.programs import Broken, get, wait_for
from songtan.stack.ports import free_ports

CONFIGURATION = """
daemon off; master_process off; error_log stderr crit; pid {folder}/pid;
{user}
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 100000; default_type application/octet-stream;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {root}; limit_rate {limit}; location = /healthz {{ return 200; }} }}
}}
"""
"""One process and no master, so that its processor time is in one place. `tcp_nopush` stays off: on a loopback it
makes mid-sized answers wait 40 ms."""


@contextmanager
def serving(folder: Path, root: Path, bytes_s: int = 0) -> Iterator[tuple[str, int]]:
    """Serve the files below `root`, each connection at most so fast (0: no limit); give the address and the pid.

    Raises Broken if there is no nginx, or it does not start.
    """
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise Broken("This benchmark needs nginx: apt-get install nginx-light")
    folder.mkdir(parents=True)
    port = free_ports(1)[0]
    user = "user root;" if os.geteuid() == 0 else ""
    written = CONFIGURATION.format(folder=folder, port=port, root=root, limit=bytes_s, user=user)
    (folder / "nginx.conf").write_text(written)
    process = subprocess.Popen([program, "-p", folder, "-e", "stderr", "-c", folder / "nginx.conf"])
    try:
        wait_for(lambda: get(f"http://127.0.0.1:{port}/healthz")[0] == 200, "nginx", 10)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(10)
