"""Rate and quality over a range of CRF, ours and the peers', on the first part of each lecture; and the pictures."""

from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.encode import peers, plots
from benchmarks.encode.compare import Run, Side
from benchmarks.encode.display import OURS
from benchmarks.encode.lectures import excerpt
from benchmarks.encode.matched import CRFS
from benchmarks.encode.measure import Reference, Stream, measure, pool, refer, submit
from benchmarks.encode.ours import Workshop, at_crf, first_part, pictures, unlooked
from benchmarks.encode.rule import Row
from catalog.formats.rungs import Rung
from workers.pipeline.work import VideoWork

LEAST_S = 40.0
"""Whole segments from the start are taken until there are so many seconds."""
EVERY = 5
"""VMAF looks at each fifth picture here; the figures of the comparison are of every picture."""
PEER_STEPS = (-6, 0, 6)
OUR_STEPS = (-8, 8)
"""Steps of CRF around a peer's own, and around our `clear` rung's; the other rungs are points as they are."""


@dataclass(frozen=True, slots=True)
class Point:
    """A stream that is waited for: its curve and CRF, and whether it is what is really shipped."""

    curve: str
    crf: int
    is_chosen: bool
    row: Future[Row]


def our_point(folder: Path, works: list[VideoWork], reference: Reference) -> Row:
    """Encode the segments of one track, or find them, and measure them together; a task of the pool."""
    workshop = Workshop(folder)
    packed = workshop.pack([(work, workshop.encode_one(unlooked(work))) for work in works])
    pack = workshop.pack_of(packed.rendition.video) if packed.rendition else None
    if pack is None:
        raise ValueError("a track of pictures came out without pictures")
    return measure(reference, Stream(works[0].track, pack, None, OURS), EVERY)


def peer_point(name: str, crf: int, reference: Reference, folder: Path) -> Row:
    """Encode as a peer does at another CRF, and measure; a task of the pool."""
    peer = next(peer for peer in peers.PEERS if peer.name == name)
    out = folder / f"{reference.lecture.name}-{name}-{crf}.mp4"
    peers.encode(peer, reference.lecture.file, out, crf)
    row = measure(reference, Stream(name, out, None, reference.screen.matrix), EVERY)
    out.unlink()
    return row


def run(run: Run) -> None:
    """Measure all points, add them to the report and draw them."""
    folder = run.scope.work / "curves"
    folder.mkdir(exist_ok=True)
    with pool() as executor:
        points = [point for side in run.lectures() for point in _submit(executor, side, run, folder)]
        for point in points:
            row = point.row.result()
            run.report.say(f"  {row.lecture}: {point.curve} at CRF {point.crf}, {row.video_kbps:.1f} kbit/s")
            told = {"curve": point.curve, "crf": point.crf, "chosen": point.is_chosen} | asdict(row)
            run.report.curves.append(told)
    if not run.scope.is_quick:
        plots.draw(run.report.curves, plots.FOLDER)


def _submit(executor: ProcessPoolExecutor, side: Side, run: Run, folder: Path) -> list[Point]:
    tracks = pictures(side.ladder.works)
    _, seconds = first_part(tracks[0], LEAST_S)
    lecture = side.reference.lecture
    if seconds < lecture.seconds:
        lecture = excerpt(lecture, 0, seconds, run.scope.cache)
    reference = submit(executor, refer, lecture, run.scope.stills).result()
    points = []
    for peer in peers.PEERS:
        for step in (0,) if run.scope.is_quick else PEER_STEPS:
            task = submit(executor, peer_point, peer.name, peer.crf + step, reference, folder)
            points.append(Point(peer.name, peer.crf + step, step == 0, task))
    for track in tracks:
        works, _ = first_part(track, LEAST_S)
        for crf, is_chosen in _crfs(works, is_quick=run.scope.is_quick):
            task = submit(executor, our_point, side.folder, at_crf(works, crf), reference)
            points.append(Point(str(works[0].recipe.tier), crf, is_chosen, task))
    return points


def _crfs(works: Sequence[VideoWork], *, is_quick: bool) -> list[tuple[int, bool]]:
    chosen, (lowest, highest) = works[0].recipe.crf, CRFS[works[0].recipe.tier]
    steps = OUR_STEPS if works[0].recipe.rung is Rung.CLEAR and not is_quick else ()
    return [(chosen, True), *((min(highest, max(lowest, chosen + step)), False) for step in steps)]
