"""The pipeline run to its end in one process, without servers: what a test of its results stands on."""

import subprocess
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from tempfile import mkdtemp

import pytest

from catalog.formats.release import Media, SoundTrack, VideoTrack
from catalog.formats.rungs import Rung, Tier
from catalog.jobs.media import Packed, compose
from catalog.jobs.schemas import Corrected, EncodeRow
from catalog.storage.base import Bucket
from tests.fakes.object_store import FakeObjectStore
from tests.media import ffmpeg_exe
from workers.pipeline import judging
from workers.pipeline.desk import Desk
from workers.pipeline.encode import Bench as EncodeBench
from workers.pipeline.encode import encode_segment
from workers.pipeline.gates import verdict
from workers.pipeline.gates.verdict import Gate
from workers.pipeline.ingest import Asked, Ingested, ingest
from workers.pipeline.judging import Attempt, Judged, judge_track
from workers.pipeline.ladder import probing
from workers.pipeline.pack import Bench, pack_track
from workers.pipeline.probe import SourceLimits
from workers.pipeline.process import Limits
from workers.pipeline.tools import find_tools
from workers.pipeline.work import Done, Row, SegmentWork

LIMITS = Limits(seconds=120, cpu_seconds=240)


@dataclass(frozen=True)
class Made:
    """What came out, and where it is. `rows` are those of the last try of each track."""

    store: FakeObjectStore
    ingested: Ingested
    rows: list[Row]
    media: Media
    given_up: list[Judged]
    folder: Path

    def pack(self, track: VideoTrack | SoundTrack | None) -> Path:
        """The track's pack as a file."""
        assert track is not None
        path = self.folder / f"{track.index}.mp4"
        path.write_bytes(self.store.get(Bucket.PUBLIC, f"packs/{track.index}", 1 << 30))
        return path

    def video(self, rung: Rung, tier: Tier = Tier.COMPATIBLE) -> VideoTrack:
        """The pictures of a rung."""
        rendition = self.media.rendition(rung, tier)
        assert rendition is not None
        assert rendition.video is not None
        return rendition.video

    def of_track(self, track: str) -> list[Row]:
        """The segments of a track, in order."""
        return [row for row in self.rows if row[0].track == track]


def run_pipeline(
    source: Path,
    folder: Path,
    *,
    store: FakeObjectStore | None = None,
    order: Callable[[list[SegmentWork]], list[SegmentWork]] = list,
    corrects: Made | None = None,
    quick: bool = False,
) -> Made:
    """Ingest, encode in `order`, judge and pack, as workers do; each task in an empty folder.

    With `corrects`, what came out of an older source in the same store: its segments are inherited where they can be.
    With `quick`, for what is not about quality, each shape is tried once and every gate passes.
    """
    with pytest.MonkeyPatch.context() as patch:
        if quick:
            patch.setattr(probing, "CRFS", {Tier.COMPATIBLE: (28,), Tier.MODERN: (46,)})
            patch.setattr(verdict, "SPARE", inf)  # nor is a floor made smaller
            patch.setattr(judging, "GATES", dict.fromkeys(Rung, Gate(vmaf_mean=0, vmaf_p5=0, legibility=0)))
        return _run(source, folder, store, order, corrects)


def _run(
    source: Path, folder: Path, store: FakeObjectStore | None, order: Callable[[list[SegmentWork]], list[SegmentWork]],
    corrects: Made | None,
) -> Made:  # fmt: skip
    tools, store = find_tools(), store or (corrects.store if corrects else FakeObjectStore())
    key = f"sources/{source.name}" if corrects else "sources/s"
    store.put(Bucket.SOURCES, key, source)
    desk = Desk(tools, store, Path(mkdtemp(dir=folder)), "jobs/k" if corrects else "jobs/j", LIMITS)
    ingested = ingest(desk, Asked(key, SourceLimits(), corrects=corrected(corrects) if corrects else None))
    assert list(desk.folder.iterdir()) == [desk.folder / "source"]
    done = {id(work): _encoded(store, work, folder) for work in order(ingested.works)}
    found = [(work, done[id(work)]) for work in ingested.works]
    found += ingested.inherited
    found.sort(key=lambda row: row[0].number)
    rows: list[Row] = []
    given_up: list[Judged] = []
    packed: list[Packed] = []
    tracks = [one.track for one in ingested.recipe.video] + [one.track for one in ingested.recipe.sounds]
    for track in tracks:
        ours, judged = _judged([row for row in found if row[0].track == track], store, folder)
        if not judged.passed:
            given_up.append(judged)
            continue
        rows += ours
        packed.append(pack_track(Bench(store, Path(mkdtemp(dir=folder))), ours, judged.attempt.measures))
    return Made(store, ingested, rows, compose(ingested.base, packed), given_up, folder)


def _judged(rows: list[Row], store: FakeObjectStore, folder: Path) -> tuple[list[Row], Judged]:
    """Judge a track, and encode it again until it is good enough or nothing helps."""
    tries: list[Attempt] = []
    while True:
        judged = judge_track(rows, tries)
        if judged.again is None:
            return rows, judged
        tries.append(judged.attempt)
        anew = [w if done.inherited else w.model_copy(update={"recipe": judged.again}) for w, done in rows]
        rows = [
            (work, done if done.inherited else _encoded(store, work, folder))
            for work, (_, done) in zip(anew, rows, strict=True)
        ]


def corrected(made: Made) -> Corrected:
    """What a correction is told of the finished job that it corrects."""
    rows: dict[str, list[EncodeRow]] = {}
    for work, done in made.rows:
        payload, result = work.model_dump(mode="json"), done.model_dump(mode="json")
        rows.setdefault(work.track, []).append(EncodeRow(number=work.number, payload=payload, result=result))
    return Corrected(
        source_key="sources/s",
        recipe=made.ingested.recipe.model_dump(mode="json"),
        plan=made.ingested.plan.model_dump(mode="json") | {"facts": made.ingested.facts.model_dump(mode="json")},
        base=made.ingested.base,
        rows={track: tuple(found) for track, found in rows.items()},
    )


def _encoded(store: FakeObjectStore, work: SegmentWork, folder: Path) -> Done:
    return encode_segment(EncodeBench(find_tools(), store, Path(mkdtemp(dir=folder)), LIMITS), work)


def decode(*words: str | Path) -> bytes:
    """What ffmpeg writes to its stdout, without a complaint."""
    command = [ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", *map(str, words), "-"]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b"", done.stderr.decode()
    return done.stdout


def brightness(pack: Path) -> list[int]:
    """The mean brightness of each picture, 0 to 255."""
    return list(
        decode("-i", pack, "-vf", "scale=1:1:flags=area,format=gray", "-fps_mode", "passthrough", "-f", "rawvideo")
    )


def samples(pack: Path) -> "array[int]":
    """The sound in one channel of 48 kHz."""
    heard = array("h")
    heard.frombytes(decode("-i", pack, "-ac", "1", "-ar", "48000", "-f", "s16le"))
    return heard


def psnr(pack: Path, source: Path, every: int = 1) -> list[float]:
    """How like each picture of `pack` is to each `every`th one of `source`, a small one, in dB of brightness."""
    small_to_ours = "scale=in_color_matrix=bt601:out_color_matrix=bt709,format=yuv420p"
    pictures = f"[0:v]setpts=N/TB[a];[1:v]select=not(mod(n\\,{every})),setpts=N/TB,{small_to_ours}[b]"
    stats = decode(
        "-i", pack, "-i", source, "-lavfi", f"{pictures};[a][b]psnr=stats_file=-:eof_action=endall", "-f", "null"
    ).decode()
    rows = [dict(field.split(":") for field in line.split() if ":" in field) for line in stats.splitlines()]
    return [min(99.0, float(row["psnr_y"])) for row in rows if "psnr_y" in row]
