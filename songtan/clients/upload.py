"""Uploads a file of any size to addresses that the centre signs: parts side by side, resumable, never whole in memory.

What is there already is the store's word, asked from the centre; so an upload goes on after a cut line, Ctrl-C or a
restart by running the same command again.
"""

import os
import queue
import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx2

from songtan.clients.errors import CentreAway, FileUnusable

AT_ONCE = 3
ATTEMPTS = 8
LONGEST_WAIT_S = 30.0
PIECE = 256 * 1024
_CHANCE = random.SystemRandom()


@dataclass(frozen=True)
class Parts:
    """How a file is cut: `size` and `part_size` in bytes; parts are numbered from 1."""

    size: int
    part_size: int

    @property
    def count(self) -> int:
        """How many parts there are."""
        return max(1, -(-self.size // self.part_size))

    def extent(self, number: int) -> tuple[int, int]:
        """Return offset and length of a part."""
        begin = (number - 1) * self.part_size
        return begin, min(self.part_size, self.size - begin)


def check_file(path: Path) -> int:
    """Return the file's size in bytes. Raises FileUnusable if it cannot be read or is empty."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.read(1)
    except OSError as error:
        raise FileUnusable(path=str(path), why=error.strerror or str(error)) from error
    if size == 0:
        raise FileUnusable(path=str(path), why="it is empty")
    return size


def one_line_name(path: Path) -> str:
    """Return the file's name as the centre takes it: one line of text, whatever a file system allows."""
    shown = "".join(c if c.isprintable() else " " for c in path.name)
    return " ".join(shown.split())[-200:].strip() or "video"


class _Piece:
    """The bytes of one part as a request's body: read as they are sent, and counted."""

    def __init__(self, file: BinaryIO, length: int, sent: Callable[[int], None]) -> None:
        self._file, self._left, self._sent = file, length, sent
        self.counted = 0

    def __iter__(self) -> "_Piece":
        return self

    def __next__(self) -> bytes:
        if self._left <= 0:
            raise StopIteration
        data = self._file.read(min(PIECE, self._left))
        if not data:
            raise EOFError
        self._left -= len(data)
        self.counted += len(data)
        self._sent(len(data))
        return data


class Uploader:
    """Sends the missing parts of a file. `address_of` signs a part's address; `sent` hears of bytes, also negative."""

    def __init__(self, path: Path, parts: Parts, address_of: Callable[[int], str], sent: Callable[[int], None]) -> None:
        self._path, self._parts = path, parts
        self._address_of, self._sent = address_of, sent
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def send(self, missing: Iterable[int]) -> None:
        """Send the parts `missing`. Raises FileUnusable if the file changed, CentreAway if the store stays away."""
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in missing:
            waiting.put(number)
        faults: list[Exception] = []
        threads = [threading.Thread(target=self._work, args=(waiting, faults), daemon=True) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                for thread in threads:
                    thread.join(0.1)
        finally:
            self._stop.set()
        if faults:
            raise faults[0]

    def _work(self, waiting: "queue.SimpleQueue[int]", faults: list[Exception]) -> None:
        try:
            with httpx2.Client(timeout=httpx2.Timeout(60.0, connect=10.0)) as client:
                while not self._stop.is_set():
                    try:
                        number = waiting.get_nowait()
                    except queue.Empty:
                        return
                    self._send_part(client, number)
        except Exception as error:  # noqa: BLE001 - `send` raises it; a pool, which would too, holds up Ctrl-C
            faults.append(error)
            self._stop.set()

    def _send_part(self, client: httpx2.Client, number: int) -> None:
        why = ""
        for attempt in range(ATTEMPTS):
            if self._stop.is_set():
                return
            if attempt:
                self._stop.wait(min(LONGEST_WAIT_S, 2.0 ** (attempt - 1)) * _CHANCE.uniform(0.75, 1.25))
            with self._lock:
                address = self._address_of(number)
            why = self._put(client, number, address)
            if not why:
                return
        raise CentreAway(url=httpx2.URL(address).host, why=why)

    def _put(self, client: httpx2.Client, number: int, address: str) -> str:
        """Send a part once. Return why it failed, or nothing."""
        begin, length = self._parts.extent(number)
        try:
            with self._path.open("rb") as file:
                file.seek(begin)
                piece = _Piece(file, length, self._sent)
                try:
                    answer = client.put(address, content=piece, headers={"Content-Length": str(length)})
                except (httpx2.HTTPError, EOFError) as error:
                    self._sent(-piece.counted)
                    if isinstance(error, EOFError):
                        raise FileUnusable(path=str(self._path), why="it became shorter while it was sent") from error
                    return str(error) or type(error).__name__
        except OSError as error:
            raise FileUnusable(path=str(self._path), why=error.strerror or str(error)) from error
        if answer.is_success:
            return ""
        self._sent(-piece.counted)
        return f"HTTP {answer.status_code}"


class Addresses:
    """Signed addresses of parts, asked for in batches; one that is asked for again is signed anew."""

    def __init__(self, sign: Callable[[list[int]], dict[int, str]], wanted: Iterable[int], batch: int = 16) -> None:
        self._sign, self._batch = sign, batch
        self._ahead = list(wanted)
        self._fresh: dict[int, str] = {}

    def __call__(self, number: int) -> str:
        """Return an address for the part that nobody has used."""
        if number not in self._fresh:
            others = [n for n in self._ahead if n != number and n not in self._fresh]
            batch = [number, *others[: self._batch - 1]]
            self._fresh.update(self._sign(batch))
        if number in self._ahead:
            self._ahead.remove(number)
        return self._fresh.pop(number)
