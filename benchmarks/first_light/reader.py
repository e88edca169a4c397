"""One client of the catalogue, as a process of its own: reads its work from standard input, asks, tells its times."""

import http.client
import json
import random
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


def read(work: Work) -> dict[str, list[float]]:
    """Ask for pages on one connection until the time is over; return milliseconds by kind."""
    chance, times = random.Random(work.seed), dict[str, list[float]]()
    at = urlsplit(work.url)
    connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=30)
    headers = {"Authorization": f"Bearer {work.token}", "Accept": "application/json"}
    until = time.monotonic() + work.seconds
    while (began := time.monotonic()) < until:
        kind, query = choose(work, chance)
        connection.request("GET", f"{PATH}?{urlencode(query)}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        took = (time.monotonic() - began) * 1000
        if answer.status != http.client.OK:
            raise SystemExit(f"{query}: {answer.status} {body[:300]!r}")
        rows = len(json.loads(body)["lessons"])
        times.setdefault(kind, []).append(took)
        times.setdefault(FULL, []).extend([took] if rows == PAGE else [])
    connection.close()
    return times


def main() -> None:
    """Read the work, say `ready`, wait for `go`, and print the times as JSON."""
    work = Work(**json.loads(sys.stdin.readline()))
    print("ready", flush=True)
    if sys.stdin.readline() == "go\n":
        print(json.dumps(read(work)), flush=True)


if __name__ == "__main__":
    main()
