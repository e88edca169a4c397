"""What a task is asked to encode: everything that decides about one segment's bytes, and what is measured on it."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from catalog.formats.hashing import canonical_json, sha256_hex
from workers.pipeline.gates.legibility import Legibility
from workers.pipeline.gates.spots import Spot, View
from workers.pipeline.plan import Stretch, sound_frames, video_frames
from workers.pipeline.probe import Frozen
from workers.pipeline.recipe import RECIPE_VERSION, SAMPLE_RATE, Handling, SoundRecipe, VideoRecipe

BEFORE_SAMPLES = 46_080
"""Samples in front of a sound segment that its encoder hears and that are thrown away, so that it finds its balance:
whole packets in both tiers (45 of AAC, 16 of Opus)."""
AFTER_SAMPLES = 11_520
"""Samples behind it that an encoder looks ahead into: at least 11 frames of AAC and 4 of Opus."""


class VideoWork(Frozen):
    """A video segment. The part `part_key` (sha256 `part_digest`) holds the source's pictures from `part_start` on.

    `view` is how the source is shown; `spots` is where VMAF is measured, each for `weights` seconds of the lesson, and
    `text_at` where letters are read, in seconds from the segment's start. `held_at` is set where the source's pictures
    end before the segment begins: the time at which the picture is taken that stands all through it. `cost` is about
    how many seconds of a processor the encoding takes.
    """

    kind: Literal["video"] = "video"
    number: int
    part_key: str
    part_digest: str
    part_start: float
    stretch: Stretch
    recipe: VideoRecipe
    handling: Handling
    tools: str
    view: View
    largest: tuple[int, int] = Field(default=(0, 0), description="how large the source's pictures are, on the display")
    spots: tuple[Spot, ...] = ()
    weights: tuple[float, ...] = ()
    text_at: float | None = None
    held_at: Fraction | None = None
    cost: float = 1.0

    @property
    def track(self) -> str:
        """The name of the track in rows, keys and messages."""
        return self.recipe.track

    @property
    def start_s(self) -> float:
        """Seconds from the zero to the first picture."""
        return float(self.stretch.start)

    @property
    def taken_at(self) -> Fraction:
        """Seconds from the zero to the picture of the source that the first slot shows."""
        return self.stretch.start if self.held_at is None else self.held_at

    @property
    def seconds(self) -> float:
        """How long the segment is."""
        return float(self.stretch.seconds)

    @property
    def count(self) -> int:
        """How many pictures it has."""
        return video_frames(self.stretch, self.recipe)

    @property
    def units(self) -> int:
        """How long it is in units of its track's timescale."""
        return round(self.stretch.seconds * self.recipe.timescale)

    @property
    def is_looked_at(self) -> bool:
        """Whether anything of it is measured once it is encoded."""
        return bool(self.spots) or self.text_at is not None


class SoundWork(Frozen):
    """A sound segment, whose samples and surroundings are the piece `part_key`. `heard` asks to measure its voice."""

    kind: Literal["sound"] = "sound"
    number: int
    part_key: str
    part_digest: str
    stretch: Stretch
    recipe: SoundRecipe
    tools: str
    heard: bool = False
    cost: float = 1.0

    @property
    def track(self) -> str:
        """The name of the track in rows, keys and messages."""
        return self.recipe.track

    @property
    def start_s(self) -> float:
        """Seconds from the zero to the first sample."""
        return float(self.stretch.start)

    @property
    def seconds(self) -> float:
        """How long the segment is."""
        return self.units / SAMPLE_RATE

    @property
    def count(self) -> int:
        """How many packets it has."""
        return sound_frames(self.stretch, self.recipe)

    @property
    def units(self) -> int:
        """How long it is in samples: its packets are whole, so the last segment may be a little longer than planned."""
        return self.count * self.recipe.frame

    @property
    def is_looked_at(self) -> bool:
        """Whether its voice is measured once it is encoded."""
        return self.heard


SegmentWork = VideoWork | SoundWork
_ADAPTER: TypeAdapter[SegmentWork] = TypeAdapter(Annotated[SegmentWork, Field(discriminator="kind")])

_TOLD = {"number", "part_key", "cost", "spots", "weights", "text_at", "view", "largest", "heard"}
"""What a work is told beside what decides about its bytes."""


def parse_work(payload: object) -> SegmentWork:
    """Return the work that a task's payload describes. Raises pydantic's ValidationError."""
    return _ADAPTER.validate_python(payload)


def segment_key(work: SegmentWork) -> str:
    """Return the digest that the encoded segment is kept under: equal work has an equal key, in any job.

    A program that would encode it otherwise has another `RECIPE_VERSION`, and finds nothing.
    """
    decisive = work.model_dump(mode="json", exclude=_TOLD) | {"version": RECIPE_VERSION}
    decisive["recipe"].pop("rung", None)  # the name of a step changes no byte
    if decisive.get("held_at") is None:
        decisive.pop("held_at", None)
    if work.kind == "sound":
        decisive["stretch"].pop("start")  # a piece of sound does not know where it stands
    return sha256_hex(canonical_json(decisive))


def measure_key(work: SegmentWork) -> str:
    """Return the digest that measures of the segment are kept under: they depend on where they were taken, too."""
    told = {"segment": segment_key(work)}
    if isinstance(work, VideoWork):
        told |= work.model_dump(mode="json", include={"spots", "weights", "text_at", "view"})
    else:
        told |= work.model_dump(mode="json", include={"heard"})
    return sha256_hex(canonical_json(told))


class Measured(Frozen):
    """What was measured on a segment: VMAF of each picture of each spot, the seconds that each spot stands for, and how
    much of the source's text is still read; of sound ESTOI of its voice, and that of the same with bits to spare (its
    anchor). Empty where nobody looked.
    """

    vmaf: tuple[tuple[float, ...], ...] = ()
    weights: tuple[float, ...] = ()
    legibility: Legibility | None = None
    speech: tuple[float, float] | None = None


class Encoded(Frozen):
    """A segment kept under `key`; its length in bytes, duration in timescale units, sha256."""

    key: str
    length: int
    duration: int
    digest: str


class Done(Frozen):
    """A segment that is kept, what was measured on it, and whether it was `reused`, for it was encoded before.

    `inherited` is one of an older source, whose part may be gone: it is not encoded again.
    """

    encoded: Encoded
    measured: Measured
    reused: bool = False
    inherited: bool = False


Row = tuple[SegmentWork, Done]
"""A work and what came of it."""
