"""Our own pipeline, whole and in this process: ingest, every segment, packs. The only module that knows its inside.

Everybody else sees a `Ladder`: files, processor seconds by what they were spent on, and the recipe.
"""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from benchmarks.encode.running import Broken, cpu_seconds, ffmpeg
from benchmarks.encode.store import FolderStore
from catalog.formats.index import Index, parse_index
from catalog.formats.release import Media, SoundTrack, VideoTrack
from catalog.formats.rungs import Rung, Tier
from catalog.storage.base import Bucket
from workers.pipeline.commands import parts, segments
from workers.pipeline.encode import encode_segment
from workers.pipeline.ingest import Desk, Ingested, ingest
from workers.pipeline.pack import Bench, make_media
from workers.pipeline.probe import SourceLimits
from workers.pipeline.process import Limits, run
from workers.pipeline.tools import find_tools
from workers.pipeline.work import Encoded, SegmentWork, VideoWork

Row = tuple[SegmentWork, Encoded]

LIMITS = Limits(seconds=3600, cpu_seconds=7200)
MAKING, MEASURING = "making", "measuring"
"""What processor time goes to: decoding, encoding and packing; and probe encodes with the gates."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One rendition as a player gets it: the packs of its pictures and its sound, and what they are."""

    tier: Tier
    rung: Rung
    video: Path | None
    sound: Path | None
    said: str

    @property
    def name(self) -> str:
        """As the tables call it."""
        return f"{self.tier} {self.rung}"


@dataclass
class Ladder:
    """All that came of one source, which lasts `seconds`.

    `cpu` is in processor seconds by purpose, `costs` those of making each segment, by `place`; the rest of the making
    is ingest and packing.
    """

    seconds: float
    renditions: list[Rendered]
    cpu: dict[str, float]
    wall: float
    media: Media
    ingested: Ingested
    costs: dict[str, float]

    @property
    def recipe(self) -> dict[str, Any]:
        """All that decided about the encoded bytes beside the source."""
        return self.ingested.recipe.model_dump(mode="json")

    @property
    def floors(self) -> float:
        """Processor seconds before the floors of both tiers can be published: all but the other rungs' segments.

        What was measured on the other rungs is counted too, so this is rather too much than too little.
        """
        return sum(self.cpu.values()) - sum(self.costs[place(w)] for w in self.ingested.works if not is_floor(w))

    def making_of(self, works: Sequence[SegmentWork]) -> float:
        """Return the processor seconds of making these segments, with their part, by time, of ingest and packing."""
        fixed = self.cpu[MAKING] - sum(self.costs.values())
        seconds = max(work.start_s + work.seconds for work in works)
        return sum(self.costs[place(work)] for work in works) + fixed * min(1.0, seconds / self.seconds)

    def tier(self, tier: Tier) -> list[Rendered]:
        """Return the renditions of a tier that have pictures, from the lowest rung."""
        return [r for r in self.renditions if r.tier is tier and r.video is not None]


@dataclass
class Ledger:
    """Processor seconds of this process and its children by what they were spent on."""

    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def on(self, purpose: str) -> Iterator[None]:
        """Count what is used within this block for `purpose`."""
        began = cpu_seconds()
        try:
            yield
        finally:
            self.spent[purpose] = self.spent.get(purpose, 0.0) + cpu_seconds() - began


class Workshop:
    """A store and a folder to encode in. What was encoded once is found again, as on a centre."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = FolderStore(folder / "store")
        self.tools = find_tools()

    def encode(self, source: Path, *, job: str = "j") -> Ladder:
        """Make the whole ladder of `source`. Raises what the pipeline raises."""
        ledger, began = Ledger(), time.monotonic()
        with ledger.on(MAKING):
            ingested = self.ingest(source, job)
        rows, costs = [], dict[str, float]()
        for work in ingested.works:
            before = ledger.spent[MAKING]
            rows.append(self.encode_one(work, ledger))
            costs[place(work)] = ledger.spent[MAKING] - before
        with ledger.on(MAKING):
            media = self.pack(rows, ingested.poster)
        wall = time.monotonic() - began
        renditions = [self.rendered(media, r.rung, r.tier) for r in media.renditions]
        return Ladder(ingested.plan.duration, renditions, ledger.spent, wall, media, ingested, costs)

    def pack(self, rows: list[Row], poster: str | None = None) -> Media:
        """Make packs of encoded segments."""
        return make_media(Bench(self.store, self._room()), rows, poster)

    def ingest(self, source: Path, job: str) -> Ingested:
        """Look at a source, plan, cut."""
        self.store.put(Bucket.SOURCES, f"sources/{job}", source)
        desk = Desk(self.tools, self.store, self._room(), f"jobs/{job}", LIMITS)
        ingested = ingest(desk, f"sources/{job}", SourceLimits())
        shutil.rmtree(desk.folder)
        return ingested

    def encode_one(self, work: SegmentWork, ledger: Ledger) -> Row:
        """Encode a segment, or find it."""
        room = self._room()
        with ledger.on(MAKING):
            encoded, _ = encode_segment(self.tools, self.store, work, room, LIMITS)
        shutil.rmtree(room)
        return work, encoded

    def naive(self, source: Path, ladder: Ladder, least: float) -> float:
        """Encode each rung by one process, as its first segments are together; return processor seconds.

        The file is cut once before, as one part, and that is not counted. The sound is one process for each tier.
        """
        room, ingested = self._room(), ladder.ingested
        video = ingested.facts.video
        if video is None:
            raise Broken("a lecture without pictures has no rungs to encode")
        tracks = [first_part(track, least) for track in pictures(ingested.works)]
        seconds = max(seconds for _, seconds in tracks)
        part, end = room / "part.mkv", ingested.plan.zero + seconds + 1
        run(parts.cut_part(self.tools, source, video.stream, ingested.plan.zero, None, end, part), LIMITS)
        began = cpu_seconds()
        for number, (works, _) in enumerate(tracks):
            run(segments.encode_video(self.tools, whole_work(works), part, room / f"{number}.mp4"), LIMITS)
        for sound in ladder.media.sounds:
            coder = "libopus" if sound.codec == "opus" else "aac"
            rate = round(sound.length * 8 / ladder.seconds)
            words = ("-vn", "-c:a", coder, "-b:a", str(rate), "-ac", str(sound.channels), room / f"{sound.tier}.mp4")
            ffmpeg("-t", f"{seconds:.3f}", "-i", source, *words)
        spent = cpu_seconds() - began
        shutil.rmtree(room)
        return spent

    def index(self, digest: str) -> Index:
        """Return a stored index."""
        return parse_index(self.store.get(Bucket.PUBLIC, f"indexes/{digest}", 4 << 20))

    def rendered(self, media: Media, rung: Rung, tier: Tier) -> Rendered:
        """Return a rendition of `media` with its packs."""
        found = media.rendition(rung, tier)
        video = found.video if found else None
        said = f"{video.width}x{video.height} {video.frame_rate:g}/s {video.codec}" if video else "sound"
        return Rendered(tier, rung, self._pack(video), self._pack(media.sound(tier)), said)

    def _pack(self, track: VideoTrack | SoundTrack | None) -> Path | None:
        return self.store.path(Bucket.PUBLIC, f"packs/{track.index}") if track else None

    def _room(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return Path(mkdtemp(dir=self.folder))


def place(work: SegmentWork) -> str:
    """Return the name of a segment within its lesson: track and number."""
    return f"{work.track} {work.number}"


def is_floor(work: SegmentWork) -> bool:
    """Return whether a segment is needed before a lesson's floors can be published: its floor, or sound. Pure."""
    return not isinstance(work, VideoWork) or work.recipe.rung in (Rung.LISTEN, Rung.FLOOR)


def pictures(works: Sequence[SegmentWork]) -> list[list[VideoWork]]:
    """Return the segments of each track of pictures, in their order. Pure."""
    tracks: dict[str, list[VideoWork]] = {}
    for work in works:
        if isinstance(work, VideoWork):
            tracks.setdefault(work.track, []).append(work)
    return [sorted(row, key=lambda work: work.number) for row in tracks.values()]


def first_part(works: Sequence[VideoWork], least: float) -> tuple[list[VideoWork], float]:
    """Return the segments of a track until there are `least` seconds, and how long these are. Pure."""
    taken: list[VideoWork] = []
    for work in works:
        if sum(w.seconds for w in taken) >= least:
            break
        taken.append(work)
    return taken, sum(w.seconds for w in taken)


def at_crf(works: Sequence[VideoWork], crf: int) -> list[VideoWork]:
    """Return the same segments asked for at another CRF. Pure."""
    return [work.model_copy(update={"recipe": work.recipe.model_copy(update={"crf": crf})}) for work in works]


def whole_work(works: Sequence[VideoWork]) -> VideoWork:
    """Return one work that is the first segments of a track together. Pure."""
    told = {"first": 0, "count": sum(work.count for work in works), "part_start": 0.0, "number": 0}
    return works[0].model_copy(update=told)


def new_bytes(before: Sequence[Index], after: Sequence[Index]) -> tuple[int, int]:
    """Return the bytes of `after`'s segments that are in none of `before`, and of all its segments. Pure."""
    had = {row.digest for index in before for row in index.segments}
    rows = [row for index in after for row in index.segments]
    return sum(row.length for row in rows if row.digest not in had), sum(row.length for row in rows)
