"""How long a catalogue page of 50 lessons out of 100,000 takes, with 8 clients asking all the time."""

import json
import random
import subprocess
import sys
from dataclasses import asdict

from benchmarks.first_light.lessons import random_cursors, sign_in, write_lessons
from benchmarks.first_light.reader import FULL, Work
from benchmarks.programs import Broken, clean_env
from benchmarks.reporting import Figure, Results, is_quick
from catalog.db import make_engine
from catalog.settings import DatabaseSettings, load
from songtan.stack.centre import LocalCentre

LESSONS, CLIENTS, SECONDS, RUNS = 100_000, 8, 8.0, 5


def run_clients(works: list[Work]) -> list[dict[str, list[float]]]:
    """Let one process for each work read, all at the same time; return milliseconds by kind of request for each."""
    command = [sys.executable, "-m", "benchmarks.first_light.reader"]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean_env(), text=True)
        for _ in works
    ]
    try:
        for child, work in zip(children, works, strict=True):
            _tell(child, json.dumps(asdict(work)))
            if child.stdout is None or child.stdout.readline() != "ready\n":
                raise Broken("a client did not become ready")
        for child in children:
            _tell(child, "go")
        answers = [child.communicate(timeout=works[0].seconds + 60)[0] for child in children]
        if any(child.returncode for child in children):
            raise Broken("a client got an answer that was no page")
        return [json.loads(answer) for answer in answers]
    finally:
        for child in children:
            child.kill()
            child.wait()


def _tell(child: "subprocess.Popen[str]", line: str) -> None:
    if child.stdin is not None:
        child.stdin.write(f"{line}\n")
        child.stdin.flush()


def percentile(times: list[float], share: float) -> float:
    """Return the time that `share` of `times` do not exceed."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def measure(results: Results, centre: LocalCentre) -> None:
    """Add the catalogue's figures."""
    count, seconds, runs = (20_000, 3.0, 1) if is_quick() else (LESSONS, SECONDS, RUNS)
    chance, by_kind = random.Random(2026), dict[str, list[float]]()
    rates, medians, highest = [], [], []
    engine = make_engine(load(DatabaseSettings, database_url=centre.embedded.postgres.url))
    tokens, partners = sign_in(engine, CLIENTS)
    places = write_lessons(centre, partners, count, chance)
    cursors = random_cursors(engine)
    engine.dispose()
    for run in range(-1, runs):  # the first only warms
        works = [
            Work(centre.url("api"), token, seconds if run >= 0 else 1.0, run * 100 + n, places, partners, cursors)
            for n, token in enumerate(tokens)
        ]
        told = run_clients(works)
        if run < 0:
            continue
        times = [time for each in told for kind, found in each.items() if kind != FULL for time in found]
        rates.append(len(times) / seconds)
        medians.append(percentile(times, 0.5))
        highest.append(percentile(times, 0.99))
        for kind in sorted({kind for each in told for kind in each}):
            by_kind.setdefault(kind, []).extend(time for each in told for time in each.get(kind, []))
    results.figures += [
        Figure("catalogue_p99_ms", f"page of 50 of {count:,} lessons, {CLIENTS} clients: p99", "ms", highest, 50),
        Figure("catalogue_p50_ms", "… half of the pages", "ms", medians),
        Figure("catalogue_pages_per_s", "… pages a second", "/s", rates),
    ]
    kinds = ", ".join(f"{kind} {len(times)} at {percentile(times, 0.99):.0f} ms" for kind, times in by_kind.items())
    results.notes.append(
        f"Catalogue: PostgreSQL and `api serve` as `songtan up` starts them, worker and signer beside them; {CLIENTS} "
        f"processes without a pause for {seconds:g} s a run, on the same cores; pages and p99 by kind: {kinds}."
    )
