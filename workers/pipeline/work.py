"""What a task is asked to encode: everything that decides about one segment's bytes, and nothing else."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from catalog.formats.hashing import canonical_json, sha256_hex
from workers.pipeline.plan import AAC_FRAME, SAMPLE_RATE, Handling, SoundRecipe, VideoRecipe
from workers.pipeline.probe import Frozen

PREROLL_FRAMES = 4
"""AAC frames in front of a sound segment that the encoder hears and that are thrown away: it finds its balance."""
LOOKAHEAD_FRAMES = 3
"""AAC frames behind it that the encoder's windows and its psychoacoustic model look into."""
PRIMING_FRAMES = 1
"""Packets that the AAC encoder emits before the first sample's own."""


class VideoWork(Frozen):
    """A video segment: `count` pictures from `first`, counted at the recipe's rate from the zero of the source.

    The part `part_key` (sha256 `part_digest`) holds the source's pictures from `part_start` seconds after the zero.
    """

    kind: Literal["video"] = "video"
    number: int
    part_key: str
    part_digest: str
    part_start: float
    first: int
    count: int
    recipe: VideoRecipe
    handling: Handling
    tools: str

    @property
    def track(self) -> str:
        """The name of the track in keys and messages: the rung."""
        return self.recipe.rung.value

    @property
    def start_s(self) -> float:
        """Seconds from the zero to the first picture."""
        return float(self.first / self.recipe.rate)

    @property
    def seconds(self) -> float:
        """How long the segment is."""
        return float(self.count / self.recipe.rate)

    @property
    def cost(self) -> float:
        """About how much work the segment is, in seconds of content × cost of the rung (a second of sound is 0.05)."""
        pixels = self.recipe.width * self.recipe.height * float(self.recipe.rate)
        return self.seconds * (0.2 + pixels / (1280 * 720 * 25))


class SoundWork(Frozen):
    """A sound segment: `count` AAC frames, whose samples and surroundings are the piece `part_key`."""

    kind: Literal["sound"] = "sound"
    number: int
    part_key: str
    part_digest: str
    first: int
    count: int
    recipe: SoundRecipe
    tools: str

    @property
    def track(self) -> str:
        """The name of the track in keys and messages."""
        return "sound"

    @property
    def start_s(self) -> float:
        """Seconds from the zero to the first sample."""
        return self.first * AAC_FRAME / SAMPLE_RATE

    @property
    def seconds(self) -> float:
        """How long the segment is."""
        return self.count * AAC_FRAME / SAMPLE_RATE

    @property
    def cost(self) -> float:
        """As of a video segment."""
        return self.seconds * 0.05


SegmentWork = VideoWork | SoundWork
_ADAPTER: TypeAdapter[SegmentWork] = TypeAdapter(Annotated[SegmentWork, Field(discriminator="kind")])


def parse_work(payload: object) -> SegmentWork:
    """Return the work that a task's payload describes. Raises pydantic's ValidationError."""
    return _ADAPTER.validate_python(payload)


def segment_key(work: SegmentWork) -> str:
    """Return the digest that the encoded segment is kept under: equal work has an equal key, in any job."""
    decisive = work.model_dump(mode="json", exclude={"number", "part_key"})
    if work.kind == "sound":
        decisive.pop("first")  # a piece of sound does not know where it stands
    return sha256_hex(canonical_json(decisive))


class Encoded(Frozen):
    """A task's result: the segment kept under `key`; its length in bytes, duration in timescale units, sha256."""

    key: str
    length: int
    duration: int
    digest: str
