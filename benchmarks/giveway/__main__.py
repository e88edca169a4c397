"""`make bench-giveway`: a call and a page load beside the fill, beside aria2, beside one connection, and alone."""

import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.giveway.scene import LINE, Scene, Times, make_page, play
from benchmarks.link.peers import ARIA2, PEERS, Peer
from benchmarks.programs import Broken
from benchmarks.reporting import Figure, Results, is_quick
from benchmarks.thin_line.cell import need_root
from benchmarks.thin_line.goods import make_goods

RUNS = 2
MEGABYTES = 90


def _fillers() -> dict[str, Peer | str | None]:
    one = next(peer for peer in PEERS if peer.program == "wget")
    known: dict[str, Peer | str | None] = {"alone": None, "songtan": "songtan", "aria2": ARIA2, "one": one}
    return {name: who for name, who in known.items() if not isinstance(who, Peer) or not who.missing}


def measure(results: Results, folder: Path) -> None:
    """Add the figures: cubic at the sender, as most origins have it."""
    times = Times(4, 4, 8, 2, 5) if is_quick() else Times()
    scenes: dict[str, list[Scene]] = {}
    goods = {who: make_goods(folder / who, 30 if is_quick() else MEGABYTES) for who in _fillers()}
    for one in goods.values():
        make_page(one)
    for run in range(1 if is_quick() else RUNS):
        with ThreadPoolExecutor(len(goods)) as pool:
            futures = {
                who: pool.submit(play, f"way{run}{who[:4]}", filler, goods[who], "cubic", times)
                for who, filler in _fillers().items()
            }
            for who, future in futures.items():
                scenes.setdefault(who, []).append(future.result())
    _tell(results, scenes)


def _tell(results: Results, scenes: dict[str, list[Scene]]) -> None:
    alone, ours = scenes["alone"], scenes["songtan"]
    results.figures += [
        Figure(
            "added_delay_p95_ms",
            "the call beside the fill: its p95 gains",
            "ms",
            _added(ours, alone),
            25,
        ),
        Figure("call_loss", "the call's packets lost beside the fill, above the line's own", "", _lost(ours, alone), 0),
        Figure(
            "idle_share",
            "the fill while nobody speaks, of the most",
            "",
            [s.idle_share / LINE.ceiling for s in ours],
            0.95,
            at_least=True,
        ),
        Figure(
            "idle_share_of_rate",
            "… of the rate, headers and all losses counted against it",
            "",
            [s.idle_share for s in ours],
        ),
        Figure("back_s", "the fill is back after the call's end", "s", [s.back_s for s in ours], 10),
    ]
    for who, played in scenes.items():
        results.figures += [
            Figure(
                f"{who}_call_p95_ms",
                f"{who}: the call's delay one way, p95",
                "ms",
                [s.p95 * 1e3 for s in played],
            ),
            Figure(f"{who}_call_loss", f"{who}: the call's loss", "", [s.loss for s in played]),
            Figure(f"{who}_page_s", f"{who}: the page beside the call", "s", [s.page_s for s in played]),
            Figure(
                f"{who}_share_in_call", f"{who}: part of the rate during the call", "", [s.held_share for s in played]
            ),
            Figure(f"{who}_added_p95_ms", f"{who}: added to the call's delay", "ms", _added(played, alone)),
        ]
    results.notes.append(
        f"Give way: {LINE.words}, queue {LINE.queue_bytes // 1000} kB; a call of 300 kbit/s each way, "
        f"{Times().call:g} s with a page of 1.4 MB over 6 connections in it; alone is the same without a filler, at "
        "the same time on a line of its own. Delays of both directions together."
    )


def _added(played: Sequence[Scene], alone: Sequence[Scene]) -> list[float]:
    return [(scene.p95 - own.p95) * 1e3 for scene, own in zip(played, alone, strict=True)]


def _lost(played: Sequence[Scene], alone: Sequence[Scene]) -> list[float]:
    return [max(0.0, scene.loss - own.loss) for scene, own in zip(played, alone, strict=True)]


if __name__ == "__main__":
    found = Results("giveway")
    try:
        need_root()
        with tempfile.TemporaryDirectory(prefix="songtan-way-") as place:
            Path(place).chmod(0o755)
            measure(found, Path(place))
    except Broken as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    sys.exit(0 if found.publish() else 1)
