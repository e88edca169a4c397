"""One client of the catalogue, as a process of its own: reads its work from standard input, asks, tells its times."""

import json
import random
import socket
import sys
import time
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

PATH = "/api/lessons"
PAGE = 50
FULL = "full pages"
"""Those of all kinds that had 50 lessons."""


@dataclass(frozen=True)
class Work:
    """What a client is told: where, as whom, for how long, and which filters and cursors there are."""

    url: str
    token: str
    seconds: float
    seed: int
    places: list[dict[str, str]]
    partners: list[str]
    cursors: list[str]


def choose(work: Work, chance: random.Random) -> tuple[str, dict[str, str]]:
    """Return a kind of request and its query, as people ask: a look, one filter, a school's, a textbook; any page."""
    kind = chance.choices(["all", "one filter", "partner", "textbook"], [25, 40, 10, 25])[0]
    query: dict[str, str] = {}
    place = chance.choice(work.places)
    if kind == "one filter":
        name = chance.choice([n for n in ("stage", "grade", "subject", "trade") if n in place])
        query[name] = place[name]
    elif kind == "partner":
        query["partner_id"] = chance.choice(work.partners)
    elif kind == "textbook":
        query |= place
    if chance.random() < 0.7:
        query["cursor"] = chance.choice(work.cursors)
    return kind, query


class Line:
    """One connection that stays, read with as little work as can be: the clients share the server's cores."""

    def __init__(self, url: str, token: str) -> None:
        at = urlsplit(url)
        self._head = f"Host: {at.netloc}\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\n\r\n"
        self._socket = socket.create_connection((at.hostname or "", at.port or 80), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, path: str) -> tuple[bytes, bytes]:
        """Return head and body of an answer that says its length."""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\n{self._head}".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += self._more()
        return head, body

    def _more(self) -> bytes:
        data = self._socket.recv(1 << 17)
        if not data:
            raise SystemExit("the API hung up")
        return data


def read(work: Work) -> dict[str, list[float]]:
    """Ask for pages on one connection until the time is over; return milliseconds by kind."""
    chance, times = random.Random(work.seed), dict[str, list[float]]()
    line = Line(work.url, work.token)
    until = time.monotonic() + work.seconds
    while time.monotonic() < until:
        kind, query = choose(work, chance)
        path = f"{PATH}?{urlencode(query)}"
        began = time.monotonic()
        head, body = line.get(path)
        took = (time.monotonic() - began) * 1000
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"{query}: {head!r} {body[:300]!r}")
        times.setdefault(kind, []).append(took)
        if body.count(b'"course_title"') == PAGE:
            times.setdefault(FULL, []).append(took)
    return times


def main() -> None:
    """Read the work, say `ready`, wait for `go`, and print the times as JSON."""
    work = Work(**json.loads(sys.stdin.readline()))
    print("ready", flush=True)
    if sys.stdin.readline() == "go\n":
        print(json.dumps(read(work)), flush=True)


if __name__ == "__main__":
    main()
