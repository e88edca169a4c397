"""Our own pipeline, whole and in this process. This and `versions` know its inside, nobody else.

Everybody else sees a `Ladder`: files, processor seconds by what they were spent on, and the recipe.
"""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from benchmarks.encode.running import cpu_seconds, ffmpeg
from benchmarks.encode.store import FolderStore
from benchmarks.programs import Broken
from catalog.formats.index import Index, parse_index
from catalog.formats.release import Media, SoundTrack, VideoTrack
from catalog.formats.rungs import Rung, Tier
from catalog.jobs.media import Packed, compose
from catalog.jobs.schemas import Corrected
from catalog.storage.base import Bucket
from workers.pipeline.commands import parts, segments
from workers.pipeline.desk import Desk, cut_pictures
from workers.pipeline.encode import Bench, encode_segment
from workers.pipeline.gates.verdict import Measures
from workers.pipeline.ingest import Asked, Ingested, ingest
from workers.pipeline.judging import Attempt, judge_track
from workers.pipeline.pack import Bench as PackBench
from workers.pipeline.pack import pack_track
from workers.pipeline.plan import Stretch
from workers.pipeline.probe import SourceLimits
from workers.pipeline.process import Limits, run
from workers.pipeline.stills.lesson import base_of_lesson
from workers.pipeline.tools import Tools, find_tools
from workers.pipeline.work import Done, Row, SegmentWork, SoundWork, VideoWork
from workers.pipeline.works import sound_works

LIMITS = Limits(seconds=3600, cpu_seconds=7200)
MAKING, MEASURING, STILLS = "making", "measuring", "stills"
"""What processor time goes to: cutting, decoding, encoding and packing what is kept; looking, probe encodes, gates, and
whatever was encoded and not kept; and the stills, which no peer makes."""


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
    """All that came of one source, which lasts `seconds`: `works` are the segments as they were made in the end.

    `cpu` is in processor seconds by purpose; `made` and `gated` are those of making and of measuring each segment, by
    `place`. The rest is ingest and packing. `tries` says for each track how often it was encoded,
    `refused` names those that their gate let not pass however they were.
    """

    seconds: float
    renditions: list[Rendered]
    cpu: dict[str, float]
    wall: float
    media: Media
    recipe: dict[str, Any]
    stream: int
    zero: float
    works: list[SegmentWork]
    made: dict[str, float]
    gated: dict[str, float]
    tries: dict[str, int]
    refused: list[str]

    @property
    def floors(self) -> float:
        """Processor seconds before the floors of both tiers can be published: all but the other rungs' segments."""
        floors = {place(work) for work in self.works if is_floor(work)}
        return sum(self.cpu.values()) - sum(self.made[n] + self.gated[n] for n in self.made if n not in floors)

    def around(self, works: Sequence[SegmentWork]) -> float:
        """Return the processor seconds of cutting and packing that fall to these segments, by their time."""
        seconds = max(work.start_s + work.seconds for work in works)
        return (self.cpu[MAKING] - sum(self.made.values())) * min(1.0, seconds / self.seconds)

    def tier(self, tier: Tier) -> list[Rendered]:
        """Return the renditions of a tier that have pictures, from the lowest rung."""
        return [r for r in self.renditions if r.tier is tier and r.video is not None]


@dataclass
class Ledger:
    """Processor seconds of this process and its children by what they were spent on."""

    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def on(self, purpose: str, each: dict[str, float] | None = None, name: str = "") -> Iterator[None]:
        """Count what is used within this block for `purpose`, and in `each` under `name`."""
        began = cpu_seconds()
        try:
            yield
        finally:
            used = cpu_seconds() - began
            for book, key in ((self.spent, purpose), *(((each, name),) if each is not None else ())):
                book[key] = book.get(key, 0.0) + used


class Workshop:
    """A store and a folder to encode in. What was encoded once is found again, as on a centre."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = FolderStore(folder / "store")
        self.tools = find_tools()

    def encode(self, source: Path, job: str = "j") -> Ladder:
        """Make the whole ladder of `source`, each task after the other. Raises what the pipeline raises."""
        ledger, began = Ledger(), time.monotonic()
        with ledger.on(MEASURING):
            ingested = self.ingest(source, job)
        with ledger.on(MAKING):
            self._cut_again(source, ingested)
        with ledger.on(STILLS):
            self._stills_again(source, ingested)
        ledger.spent[MEASURING] -= ledger.spent[MAKING] + ledger.spent[STILLS]  # ingest has done that, too
        making = Making(self, ledger)
        packed: list[Packed] = []
        for track in dict.fromkeys(work.track for work in ingested.works):
            found = making.track([work for work in ingested.works if work.track == track])
            if found is not None:
                packed.append(found)
        media = compose(ingested.base, packed)
        return Ladder(
            seconds=ingested.plan.duration,
            renditions=[self.rendered(media, r.rung, r.tier) for r in media.renditions],
            cpu=ledger.spent,
            wall=time.monotonic() - began,
            media=media,
            recipe=ingested.recipe.model_dump(mode="json"),
            stream=ingested.facts.video.stream if ingested.facts.video else -1,
            zero=ingested.plan.zero,
            works=making.works,
            made=making.made,
            gated=making.gated,
            tries=making.tries,
            refused=making.refused,
        )

    def ingest(self, source: Path, job: str, corrects: Corrected | None = None) -> Ingested:
        """Look at a source, choose its ladder or inherit it from the job that it corrects, plan, cut."""
        self.store.put(Bucket.SOURCES, f"sources/{job}", source)
        desk = self._desk(f"jobs/{job}")
        ingested = ingest(desk, Asked(f"sources/{job}", SourceLimits(), corrects=corrects))
        shutil.rmtree(desk.folder)
        return ingested

    def _cut_again(self, source: Path, ingested: Ingested) -> None:
        """Do once more what ingest does to cut the source, to see what that costs apart from its looking."""
        desk = self._desk("jobs/again")
        if ingested.facts.video is not None:
            cut_pictures(desk, source, ingested.facts.video, ingested.plan)
        recipe, sound = ingested.recipe, ingested.facts.sound
        if sound is not None and recipe.hearing is not None:
            sound_works(desk, source, sound.stream, recipe, recipe.hearing, ingested.plan)
        shutil.rmtree(desk.folder)

    def _stills_again(self, source: Path, ingested: Ingested) -> None:
        """Make the stills once more, for the same reason."""
        desk = self._desk("jobs/again")
        pictures, handling = ingested.look.pictures, ingested.recipe.handling
        base_of_lesson(desk, source, ingested.facts, (pictures, handling) if pictures and handling else None, None)
        shutil.rmtree(desk.folder)

    def _desk(self, prefix: str) -> Desk:
        return Desk(self.tools, self.store, self.room(), prefix, LIMITS)

    def encode_one(self, work: SegmentWork) -> Done:
        """Encode a segment and measure it where it says, or find it."""
        room = self.room()
        done = encode_segment(Bench(self.tools, self.store, room, LIMITS), work)
        shutil.rmtree(room)
        return done

    def pack(self, rows: Sequence[Row], measures: Measures | None = None) -> Packed:
        """Make the pack of one track's encoded segments."""
        room = self.room()
        packed = pack_track(PackBench(self.store, room), rows, measures or Measures())
        shutil.rmtree(room)
        return packed

    def anew(self, works: Sequence[SegmentWork]) -> float:
        """Encode segments once more that were encoded before, in a workshop of their own; return processor seconds."""
        other = Workshop(self.room())
        for key in {work.part_key for work in works}:
            other.store.put(Bucket.SOURCES, key, self.store.path(Bucket.SOURCES, key))
        began = cpu_seconds()
        for work in works:
            other.encode_one(unlooked(work))
        spent = cpu_seconds() - began
        shutil.rmtree(other.folder)
        return spent

    def naive(self, source: Path, ladder: Ladder, least: float) -> float:
        """Encode each rung by one process, as its first segments are together; return processor seconds.

        It has as many key frames as segments, or nobody could enter it where ours can be entered. The file is cut once
        before, as one part, and that is not counted. The sound is one process for each tier.
        """
        room, tracks = self.room(), [first_part(track, least) for track in pictures(ladder.works)]
        if not tracks:
            raise Broken("a lecture without pictures has no rungs to encode")
        seconds = max(seconds for _, seconds in tracks)
        part, end = room / "part.mkv", ladder.zero + seconds + 1
        run(parts.cut_part(self.tools, source, ladder.stream, ladder.zero, None, end, part), LIMITS)
        began = cpu_seconds()
        for number, (works, _) in enumerate(tracks):
            run(plainly(self.tools, works, part, room / f"{number}.mp4"), LIMITS)
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
        said = f"{video.width}x{video.height} {video.frame_rate:g}/s" if video else "sound"
        return Rendered(tier, rung, self.pack_of(video), self.pack_of(media.sound(tier)), said)

    def pack_of(self, track: VideoTrack | SoundTrack | None) -> Path | None:
        """Return where the pack of a track is."""
        return self.store.path(Bucket.PUBLIC, f"packs/{track.index}") if track else None

    def room(self) -> Path:
        """Return a new empty folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return Path(mkdtemp(dir=self.folder))


@dataclass
class Making:
    """The tracks of a ladder as they become whole: encoded, judged, encoded again where a gate asks for it, packed."""

    workshop: Workshop
    ledger: Ledger
    works: list[SegmentWork] = field(default_factory=list)
    made: dict[str, float] = field(default_factory=dict)
    gated: dict[str, float] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def track(self, works: list[SegmentWork]) -> Packed | None:
        """Make one track, first what of it is looked at; None where it was not good enough however it was encoded."""
        tries: list[Attempt] = []
        spent: dict[str, dict[str, float]] = {}
        while True:
            made = spent.setdefault(works[0].recipe.model_dump_json(), {})
            looked = [work for work in works if work.is_looked_at] or works
            held = [work for work in works if work not in looked]
            rows = [self._segment(work, made) for work in looked]
            self.tries[works[0].track] = len(tries) + 1
            judged = judge_track(rows, tries, held)
            if judged.again is None:
                break
            tries.append(judged.attempt)
            works = [work.model_copy(update={"recipe": judged.again}) for work in works]
        if judged.passed:
            rows = sorted([*rows, *(self._segment(work, made) for work in held)], key=lambda row: row[0].number)
            self.made |= spent.pop(works[0].recipe.model_dump_json())
        self._move(spent)
        if not judged.passed:
            self.refused.append(works[0].track)
            return None
        self.works += works
        with self.ledger.on(MAKING):
            return self.workshop.pack(rows, judged.attempt.measures)

    def _segment(self, work: SegmentWork, made: dict[str, float]) -> Row:
        """Encode first without looking, then look: what is kept is not encoded twice."""
        with self.ledger.on(MAKING, made, place(work)):
            done = self.workshop.encode_one(unlooked(work))
        with self.ledger.on(MEASURING, self.gated, place(work)):
            if unlooked(work) != work:
                done = self.workshop.encode_one(work)
        return work, done

    def _move(self, spent: Mapping[str, Mapping[str, float]]) -> None:
        """Count encodes that were not kept as measuring: that is what they were for."""
        for made in spent.values():
            for name, seconds in made.items():
                self.ledger.spent[MAKING] -= seconds
                self.ledger.spent[MEASURING] += seconds
                self.gated[name] += seconds


def unlooked(work: SegmentWork) -> SegmentWork:
    """Return the same segment, asked for without being measured. Pure."""
    told = {"heard": False} if isinstance(work, SoundWork) else {"spots": (), "weights": (), "text_at": None}
    return work.model_copy(update=told)


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


def plainly(tools: Tools, works: Sequence[VideoWork], part: Path, out: Path) -> list[str]:
    """Return the command that encodes the first segments of a track as one, with a key frame for each. Pure."""
    whole = whole_work(works)
    command = segments.encode_video(tools, whole, part, out)
    command[command.index("-g:v") + 1] = str(ceil(whole.count / len(works)))
    if "-keyint_min:v" in command:
        command[command.index("-keyint_min:v") + 1] = "1"
    return command


def whole_work(works: Sequence[VideoWork]) -> VideoWork:
    """Return one work that is the first segments of a track together. Pure."""
    seconds = sum((work.stretch.seconds for work in works), Fraction(0))
    told = {"stretch": Stretch(start=Fraction(0), seconds=seconds), "part_start": 0.0, "number": 0}
    return works[0].model_copy(update=told)


def new_bytes(before: Sequence[Index], after: Sequence[Index]) -> tuple[int, int]:
    """Return the bytes of `after`'s segments that are in none of `before`, and of all its segments. Pure."""
    had = {row.digest for index in before for row in index.segments}
    rows = [row for index in after for row in index.segments]
    return sum(row.length for row in rows if row.digest not in had), sum(row.length for row in rows)
