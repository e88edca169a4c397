"""Ports on the loopback: free ones, and the same ones again after a restart where they are still free."""

import json
import secrets
import socket
from pathlib import Path

from songtan.stack.errors import NoFreePort, PortTaken
from songtan.stack.state import write_private

LOOPBACK = "127.0.0.1"
TRIES = 1000
_FROM, _TO = 20_000, 32_000
_given: set[int] = set()
"""Ports given out in this process: their servers may not listen yet."""


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on `host`:`port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_ports(count: int) -> list[int]:
    """`count` different ports that are free now.

    They lie below the range from which the system takes the near ends of outgoing connections, so that none of
    those can take one away before its server starts.
    """
    found: list[int] = []
    for _ in range(TRIES):
        port = _FROM + secrets.randbelow(_TO - _FROM)
        if port not in _given and is_free(port):
            _given.add(port)
            found.append(port)
        if len(found) == count:
            return found
    raise NoFreePort(first=_FROM, last=_TO - 1)


def chosen_port(wish: int | None, usual: int, host: str, setting: str) -> int:
    """The port a person chose by `setting` (0: any free one); without a choice `usual`, or a free one if it is taken.

    Raises `PortTaken` if the chosen one is taken.
    """
    if wish == 0 or (wish is None and not is_free(usual, host)):
        return free_ports(1)[0]
    port = usual if wish is None else wish
    if not is_free(port, host):
        raise PortTaken(port=port, host=host, setting=setting)
    return port


def remembered_ports(note: Path, names: list[str]) -> dict[str, int]:
    """A free port for each name: those noted in `note` at the last start where all are free, else new ones."""
    ports: dict[str, int] = {}
    if note.is_file():
        try:
            noted = json.loads(note.read_text("utf-8"))
            ports = {name: int(noted[name]) for name in names}
        except (ValueError, KeyError, TypeError):
            ports = {}  # a damaged note costs nothing but other ports
    if not ports or not all(is_free(port) for port in ports.values()):
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        write_private(note, json.dumps(ports, indent=1))
    return ports
