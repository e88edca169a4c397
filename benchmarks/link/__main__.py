"""`make bench-link`: every figure, or those of the parts that are named: `flip`, `kill`, `obeys`, `race`.

`moments=N` takes the fill's ends at so many random moments of each kind.
"""

import statistics
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.link.ends import ENDINGS, flipped_bit, refetched
from benchmarks.link.obeys import obeys
from benchmarks.link.peers import ARIA2, PEERS, Peer
from benchmarks.link.race import OURS, Run, fetch
from benchmarks.programs import Broken
from benchmarks.reporting import Figure, Results, is_quick
from benchmarks.thin_line.cell import need_root
from benchmarks.thin_line.goods import Goods, make_goods
from benchmarks.thin_line.shaping import LineSpec

LINES = (
    (LineSpec(4e6, 100, 0.02, seed=21), 60.0),
    (LineSpec(1e6, 300, 0.01, seed=22), 15.0),
    (LineSpec(20e6, 20, 0.0, seed=23), 150.0),
)
CONGESTIONS = ("cubic", "bbr")
AT_ONCE = 4
LIMIT_S = 1100.0
MOMENTS = 100
PARTS = ("flip", "kill", "obeys", "race")
CAPPED_S = 60.0


def race(results: Results, folder: Path) -> None:
    """Add how much of each line everyone gets."""
    lines = [(LINES[2][0], 9.0)] if is_quick() else LINES
    tasks: list[tuple[Peer | None, Goods, LineSpec, str]] = []
    slow: list[tuple[Peer | None, Goods, LineSpec, str]] = []
    for n, (spec, megabytes) in enumerate(lines):
        goods = make_goods(folder / f"goods{n}", megabytes)
        for congestion in CONGESTIONS:
            tasks += [(None, goods, spec, congestion), (ARIA2, goods, spec, congestion)]
            if n == 0 and not is_quick():
                slow += [(peer, goods, spec, congestion) for peer in PEERS if peer is not ARIA2]
    missing = {peer.name for peer in PEERS if peer.missing}
    runs = _all([t for t in tasks if t[0] is None or not t[0].missing], [t for t in slow if t[0] and not t[0].missing])
    _tell(results, runs, missing)


def _all(
    tasks: Sequence[tuple[Peer | None, Goods, LineSpec, str]], slow: Sequence[tuple[Peer | None, Goods, LineSpec, str]]
) -> list[Run]:
    """Run all, each over a line of its own: us and aria2 side by side, those that take long beside everything."""
    count = iter(range(1000))
    lock = threading.Lock()

    def one(task: tuple[Peer | None, Goods, LineSpec, str]) -> Run | None:
        who, goods, spec, congestion = task
        with lock:
            name = f"race{next(count)}"
        try:
            run = fetch(who, goods, spec, congestion, name, LIMIT_S)
        except Broken as error:
            if who is None:
                raise
            print(f"{who.name}, {congestion}, {spec.words}: {error}", file=sys.stderr, flush=True)
            return None
        print(
            f"{run.who}, {congestion}, {spec.words}: {run.share:.3f} of the rate, {run.of_ceiling:.3f} of the most",
            file=sys.stderr,
            flush=True,
        )
        return run

    with ThreadPoolExecutor(AT_ONCE) as quick, ThreadPoolExecutor(max(1, len(slow))) as long:
        futures: list[Future[Run | None]] = [long.submit(one, task) for task in slow]
        futures += [quick.submit(one, task) for task in tasks]
        return [run for future in futures if (run := future.result()) is not None]


def _tell(results: Results, runs: Sequence[Run], missing: set[str]) -> None:
    ours = [run for run in runs if run.who == OURS]
    aria2 = {(run.spec, run.congestion): run for run in runs if run.who == ARIA2.name}
    beside = [(run, aria2[run.spec, run.congestion]) for run in ours if (run.spec, run.congestion) in aria2]
    figures = [
        Figure(
            "share_of_ceiling",
            "our least part of what payload can get",
            "",
            [min(r.of_ceiling for r in ours)],
            0.97,
            at_least=True,
        )
    ]
    if beside:
        least = min(us.share / it.share for us, it in beside)
        figures.append(Figure("vs_aria2", "ours by aria2's, the least", "", [least], 1.0, at_least=True))
        cubic = [
            us.share / it.share for us, it in beside if us.congestion == "cubic" and us.spec.rate_bits_per_s == 4e6
        ]
        if cubic:
            figures.append(Figure("vs_aria2_cubic", "… at 4 Mbit/s, cubic", "", cubic, 1.12, at_least=True))
    figures += [
        Figure(
            "cpu_s_per_GB",
            "our processor seconds for 10^9 bytes",
            "s",
            [r.cpu_s_per_gb for r in ours],
        ),
        Figure("rss_mb", "our most memory while filling", "MB", [max(r.rss_mb for r in ours)], 100),
        Figure("peak_disk", "our most room on the disk, by what was fetched", "", [max(r.disk for r in ours)], 1.02),
    ]
    for run in runs:
        key = f"share_{run.who.split(',')[0].replace(' ', '_')}_{run.spec.rate_bits_per_s / 1e6:g}_{run.congestion}"
        most = f"{run.of_ceiling:.3f} of the {run.spec.ceiling:.3f} that payload can get"
        what = f"{run.who}, {run.congestion}, {run.spec.words}: part of the rate ({most})"
        figures.append(Figure(key, what, "", [run.share]))
    results.figures += figures
    results.notes.append(
        "Race: seconds from the first packet to the last full one on the line. The ceiling is the rate less 52 bytes "
        "of headers in 1,500 and less what is lost. Each run has a line and an origin (nginx) of its own, us and aria2 "
        "side by side. The node runs as at a school, with its defaults; its processor time is the whole program's."
    )
    if missing:
        results.notes.append(f"Not installed here, so not run: {', '.join(sorted(missing))}.")


def kill(results: Results, folder: Path, moments: int = MOMENTS) -> None:
    """Add what is fetched again after each way to end."""
    moments = 2 if is_quick() else moments
    found: list[float] = []
    goods = [make_goods(folder / f"kill{n}", 60) for n in range(len(ENDINGS))]
    with ThreadPoolExecutor(len(ENDINGS)) as pool:
        futures = [pool.submit(refetched, f"kill{n}", kind, goods[n], moments, n) for n, kind in enumerate(ENDINGS)]
        for kind, future in zip(ENDINGS, futures, strict=True):
            lost = future.result()
            found.append(max(lost))
            results.figures.append(
                Figure(
                    f"refetched_{kind.replace(' ', '_').lower()}",
                    f"… {kind}, {moments} moments: the mean",
                    "segments",
                    [statistics.mean(lost)],
                )
            )
    results.figures.append(
        Figure("refetched_after_kill", "came and was lost: segments a connection, most", "segments", [max(found)], 1)
    )


def flip(results: Results, folder: Path) -> None:
    """Add what a flipped bit costs."""
    cost = flipped_bit("flip", make_goods(folder / "flip", 12))
    results.figures.append(Figure("flipped_bit_cost", "a flipped bit costs", "segments", [cost], 1))


def keep_to(results: Results, folder: Path) -> None:
    """Add how exactly a cap holds, and how soon a pause and the end of a window do."""
    kept = obeys(folder / "obeys", 15.0 if is_quick() else CAPPED_S)
    results.figures += [
        Figure("cap_most", "a cap of 1 Mbit/s, over any ten seconds: the most that came of it", "", [kept.most], 1.02),
        Figure("cap_least", "… the least", "", [kept.least], 0.95, at_least=True),
        Figure("pause_s", "a pause: until the last packet", "s", [kept.pause_s], 1),
        Figure("window_s", "a window's end: until the last packet", "s", [kept.window_s], 1),
    ]


def main(names: Sequence[str], moments: int) -> int:
    """Take the figures; return 0 if every bound was reached, 1 if not, 2 if they could not be taken."""
    results = Results("link")
    measures: dict[str, Callable[[Results, Path], None]] = {
        "flip": flip,
        "kill": partial(kill, moments=moments),
        "obeys": keep_to,
        "race": race,
    }
    try:
        need_root()
        with tempfile.TemporaryDirectory(prefix="songtan-link-") as folder:
            Path(folder).chmod(0o755)
            for name in names:
                measures[name](results, Path(folder))
    except Broken as error:
        print(error, file=sys.stderr)
        return 2
    results.keep_older()
    return 0 if results.publish() else 1


if __name__ == "__main__":
    counts = [word.partition("=")[2] for word in sys.argv[1:] if word.startswith("moments=")]
    chosen = [word for word in sys.argv[1:] if not word.startswith("moments=")] or list(PARTS)
    if not set(chosen) <= set(PARTS) or not all(count.isdecimal() for count in counts):
        sys.exit(f"parts are: {' '.join(PARTS)}; and moments=N")
    sys.exit(main(chosen, int(counts[-1]) if counts else MOMENTS))
