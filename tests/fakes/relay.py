"""Stands between a node and whoever it asks, passes everything on as it is, and counts the bytes of each question."""

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

CHUNK = 256 << 10
END_OF_HEAD = b"\r\n\r\n"


@dataclass
class Exchange:
    """A question and its answer: what was asked for, bytes of HTTP up and down, and how many of those are heads."""

    path: str
    up: int = 0
    down: int = 0
    heads: int = 0


class Relay:
    """Listens at `address` for what is meant for `target`, which says its http address when somebody comes.

    `exchanges` is in the order of asking.
    """

    def __init__(self, target: Callable[[], str]) -> None:
        self._target = target
        self.exchanges: list[Exchange] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        """Carry one connection: a question begins where bytes go up after an answer, or at the beginning."""
        at = urlsplit(self._target())
        far = socket.create_connection((at.hostname, at.port))
        self._open |= {near, far}
        current: list[Exchange] = []
        down = threading.Thread(target=self._down, args=(far, near, current), daemon=True)
        down.start()
        with contextlib.suppress(OSError):
            while data := near.recv(CHUNK):
                if not current or current[-1].down:
                    current.append(Exchange(data.split(b" ", 2)[1].decode("latin-1")))
                    self.exchanges.append(current[-1])
                    current[-1].heads = data.find(END_OF_HEAD) + len(END_OF_HEAD)  # it comes in one piece
                current[-1].up += len(data)
                far.sendall(data)
        with contextlib.suppress(OSError):
            far.shutdown(socket.SHUT_WR)
        down.join()
        for one in (near, far):
            self._open.discard(one)
            one.close()

    @staticmethod
    def _down(far: socket.socket, near: socket.socket, current: list[Exchange]) -> None:
        with contextlib.suppress(OSError):
            while data := far.recv(CHUNK):
                if not current[-1].down:
                    current[-1].heads += data.find(END_OF_HEAD) + len(END_OF_HEAD)
                current[-1].down += len(data)
                near.sendall(data)
            near.shutdown(socket.SHUT_WR)
