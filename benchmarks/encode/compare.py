"""Whole streams with sound: ours in both tiers against each peer's, on every lecture and real clip."""

import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.encode import peers
from benchmarks.encode.display import OURS
from benchmarks.encode.lectures import Lecture
from benchmarks.encode.matched import match
from benchmarks.encode.measure import Reference, Stream, in_order, measure, pool, refer, submit
from benchmarks.encode.ours import Ladder, Rendered, Workshop, pictures
from benchmarks.encode.report import Report
from benchmarks.encode.rule import Row, Verdict, geometric_mean, judge, shortfalls, worst
from benchmarks.encode.scope import Scope
from catalog.formats.rungs import Rung, Tier

LEADER = "ricecooker"
"""The peer to beat, and the only one that the real clips are given to."""
SPARSELY = 5
"""Of a rung that decides nothing, VMAF looks at each fifth picture."""


@dataclass(frozen=True)
class Side:
    """All that was made of one source: by us in `folder`, by the peers, and what it is measured against."""

    reference: Reference
    folder: Path
    ladder: Ladder
    theirs: list[Stream]
    arguments: dict[str, list[str]]


def make_ours(lecture: Lecture, folder: Path) -> Ladder:
    """Encode a lecture by our pipeline; a task of the pool."""
    return Workshop(folder).encode(lecture.file)


def make_theirs(lecture: Lecture, name: str, folder: Path) -> tuple[Path, list[str]]:
    """Encode a lecture as a peer does; a task of the pool."""
    peer = next(peer for peer in peers.PEERS if peer.name == name)
    out = folder / f"{lecture.name}-{name}.mp4"
    return out, peers.encode(peer, lecture.file, out)


def stream_of(rendered: Rendered) -> Stream:
    """Return one of our renditions as a stream to be measured."""
    if rendered.video is None:
        raise ValueError(f"{rendered.name} has no pictures to measure")
    return Stream(rendered.name, rendered.video, rendered.sound, OURS)


@dataclass
class Run:
    """One run of the benchmark: what is looked at, what was found, and what is encoded already: the lectures, and one
    of many minutes.
    """

    scope: Scope
    report: Report
    sides: list[Side] = field(default_factory=list)
    long: Ladder | None = None

    def lectures(self) -> list[Side]:
        """Return the lectures as they were encoded, which is done now if nobody did."""
        if not self.sides:
            folder = self.scope.work / "lectures"
            folder.mkdir(parents=True, exist_ok=True)
            self.report.say("encoding the lectures by our pipeline …")
            with pool() as executor:
                self.sides = _make(executor, self.scope.lectures(), set(), folder, self.scope.stills)
        return self.sides


def run(run: Run) -> None:
    """Encode, measure, judge; add rows, verdicts and figures to the report."""
    scope, report = run.scope, run.report
    lectures, clips = scope.lectures(), scope.real_clips()
    folder = scope.work / "compare"
    folder.mkdir(parents=True, exist_ok=True)
    with pool() as executor:
        report.say(f"encoding {len(lectures)} lectures and {len(clips)} clips, ours and the peers' …")
        sides = _make(executor, [*lectures, *clips], {lecture.name for lecture in lectures}, folder, scope.stills)
        report.say("measuring VMAF of every picture, legibility, PESQ …")
        rows = _measure(executor, sides, report)
        report.say("looking for our recipes' CRFs at the peers' quality …")
        matched = _match(executor, sides, len(lectures), rows, report)
    named, real = sides[: len(lectures)], sides[len(lectures) :]
    for tier, prefix in ((Tier.MODERN, ""), (Tier.COMPATIBLE, "compatible_")):
        verdicts, shipped = _judge(named, matched, tier, report), _judge(named, rows, tier)
        for peer in peers.PEERS:
            key, what = f"{prefix}bits_vs_{peer.name}", f"{tier} tier, geometric mean of lectures"
            _add_shares(report, key, [v for v in verdicts if v.peer == peer.name], what)
            shares = [verdict.bits for verdict in shipped if verdict.peer == peer.name]
            report.add(f"{key}_shipped", "… our smallest shipped rung that is no worse", "x", geometric_mean(shares))
    if real:
        _add_real(report, real, matched, rows)
    _add_floors(report, rows)
    report.note(
        "Bits are of packets (figures) and of whole files (`…_files`). PeerTube's sound is what it makes of a source "
        "with AAC, 128 kbit/s; of the lectures' FLAC it would make 384 kbit/s. All peers make 480 lines of 720."
    )
    for side in sides[len(lectures) :]:
        shutil.rmtree(folder / f"ours-{side.reference.lecture.name}", ignore_errors=True)
    run.sides = named


def _make(
    executor: ProcessPoolExecutor, lectures: list[Lecture], named: set[str], folder: Path, stills: int
) -> list[Side]:
    jobs = {}
    for lecture in sorted(lectures, key=lambda one: one.file.stat().st_size, reverse=True):  # the longest work first
        asked = [peer.name for peer in peers.PEERS if lecture.name in named or (named and peer.name == LEADER)]
        ladder = submit(executor, make_ours, lecture, folder / f"ours-{lecture.name}")
        theirs = {name: submit(executor, make_theirs, lecture, name, folder) for name in asked}
        jobs[lecture.name] = (submit(executor, refer, lecture, stills), ladder, theirs)
    sides = []
    for reference, ladder, theirs in (jobs[lecture.name] for lecture in lectures):
        known, made = reference.result(), {name: future.result() for name, future in theirs.items()}
        streams = [
            Stream(name, out, out if known.lecture.has_sound else None, known.screen.matrix)
            for name, (out, _) in made.items()
        ]
        made_in = folder / f"ours-{known.lecture.name}"
        sides.append(Side(known, made_in, ladder.result(), streams, {name: words for name, (_, words) in made.items()}))
    return sides


def _measure(executor: ProcessPoolExecutor, sides: list[Side], report: Report) -> dict[str, list[Row]]:
    """Measure every picture of the peers' streams, and of ours from the smallest until one is no worse than any peer.

    Larger rungs decide nothing any more: of those, each fifth picture is looked at.
    """

    def say(row: Row) -> None:
        report.say(f"  {row.lecture}: {row.who} {row.kbps:.1f} kbit/s")

    jobs = [submit(executor, measure, side.reference, stream) for side in sides for stream in side.theirs]
    theirs: dict[str, list[Row]] = {}
    for row in in_order(jobs, say):
        theirs.setdefault(row.lecture, []).append(row)
    ours: dict[tuple[str, Tier], list[Row]] = {}
    waiting = {
        (side.reference.lecture.name, tier): (side.reference, _by_size(side.ladder, tier))
        for side in sides
        for tier in Tier
    }
    while any(streams for _, streams in waiting.values()):
        jobs = []
        for (name, tier), (reference, streams) in waiting.items():
            if streams:
                settled = any(_settles(row, theirs[name]) for row in ours.get((name, tier), ()))
                jobs.append(submit(executor, measure, reference, streams.pop(0), SPARSELY if settled else 1))
        for row in in_order(jobs, say):
            ours.setdefault((row.lecture, Tier(row.who.split()[0])), []).append(row)
    rows = {
        name: [*found, *(row for tier in Tier for row in ours.get((name, tier), ()))] for name, found in theirs.items()
    }
    for side in sides:
        report.add_rows(rows[side.reference.lecture.name], side.ladder, side.arguments)
    return rows


def _by_size(ladder: Ladder, tier: Tier) -> list[Stream]:
    return sorted((stream_of(r) for r in ladder.tier(tier)), key=lambda stream: stream.weight.whole)


def _settles(row: Row, theirs: Sequence[Row]) -> bool:
    return all(not shortfalls(row.quality, peer.quality, named_voice=True) for peer in theirs)


def _match(
    executor: ProcessPoolExecutor, sides: list[Side], named: int, rows: dict[str, list[Row]], report: Report
) -> dict[str, list[Row]]:
    """Return the rows with those of our recipes at the peers' quality: real clips, the modern tier alone."""
    jobs = []
    for number, side in enumerate(sides):
        all_of_it = rows[side.reference.lecture.name]
        theirs = [row for row in all_of_it if row.who in side.arguments]
        mine = [row for row in all_of_it if row.who not in side.arguments]
        for tier in Tier if number < named else (Tier.MODERN,):
            works = [track for track in pictures(side.ladder.works) if track[0].recipe.tier is tier]
            sound = next((r.sound for r in side.ladder.renditions if r.tier is tier), None)
            words = (side.folder, side.reference, sound, works, mine, theirs, number < named)
            jobs.append((side.reference.lecture.name, submit(executor, match, *words)))
    found = dict(rows)
    for name, job in jobs:
        for row in job.result():
            report.say(f"  {name}: {row.who} {row.kbps:.1f} kbit/s")
            found[name] = [*found[name], row]
            report.add_row(row)
    return found


def _judge(
    sides: Sequence[Side],
    rows: dict[str, list[Row]],
    tier: Tier,
    report: Report | None = None,
    *,
    named_voice: bool = True,
) -> list[Verdict]:
    verdicts = []
    for side in sides:
        mine = [r for r in rows[side.reference.lecture.name] if r.who.startswith(f"{tier} ")]
        for peer in side.theirs:
            theirs = next(r for r in rows[side.reference.lecture.name] if r.who == peer.who)
            verdicts.append(judge(mine, theirs, named_voice=named_voice))
    if report is not None:
        report.add_verdicts(tier, verdicts)
    return verdicts


def _add_shares(report: Report, key: str, verdicts: list[Verdict], what: str) -> None:
    report.add(key, f"bits against {verdicts[0].peer}: {what}", "x", geometric_mean([v.bits for v in verdicts]))
    report.add(f"{key}_video", "… pictures alone", "x", geometric_mean([v.video_bits for v in verdicts]))
    report.add(f"{key}_files", "… whole files, containers too", "x", geometric_mean([v.file_bits for v in verdicts]))


def _add_real(report: Report, sides: list[Side], matched: dict[str, list[Row]], rows: dict[str, list[Row]]) -> None:
    verdicts = _judge(sides, matched, Tier.MODERN, report, named_voice=False)
    shipped = _judge(sides, rows, Tier.MODERN, named_voice=False)
    key, what = "worst_real_clip_vs_ricecooker", "bits against ricecooker: worst real clip that counts, modern tier"
    report.add(key, what, "x", worst([v.bits for v in verdicts]))
    report.add(f"{key}_shipped", "… our smallest shipped rung that is no worse", "x", worst([v.bits for v in shipped]))
    uncounted = [f"{v.lecture} ({', '.join(list(v.short.values())[-1])})" for v in verdicts if v.bits is None]
    report.note(
        "Real clips are short and already lossy, and there is no Chinese lecture or real blackboard among them. Their "
        "sound is not the named voice: it counts at PESQ-WB 4.1, or where it is no worse than the peer's. "
        f"Of {len(verdicts)}, {len(uncounted)} do not count: {'; '.join(uncounted) or 'none'}."
    )


def _add_floors(report: Report, rows: dict[str, list[Row]]) -> None:
    for key, tier in (("floor_kbps_slides", Tier.MODERN), ("floor_kbps_compatible_slides", Tier.COMPATIBLE)):
        floor = next((r for r in rows.get("slides", []) if r.who == f"{tier} {Rung.FLOOR}"), None)
        report.add(key, f"floor of the slides with sound, {tier} tier", "kbit/s", floor.kbps if floor else None)
        report.add(f"{key}_files", "… with containers", "kbit/s", floor.file_kbps if floor else None)
