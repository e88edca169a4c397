"""The plan: from what is in a source to a recipe, a grid of segments, and the parts that it is cut into. Pure.

Times are in seconds from the *zero*, the first picture or sound of the source. Both tracks cover the whole duration:
pictures stand still and sound is silent where the source has none, so that no player meets a hole.
"""

from bisect import bisect_right
from fractions import Fraction
from math import ceil

from pydantic import Field

from catalog.formats.rungs import Rung
from workers.pipeline.probe import Facts, Frozen, SoundFacts, VideoFacts

RECIPE_VERSION = 1

SAMPLE_RATE = 48_000
AAC_FRAME = 1024
"""Samples in a frame of AAC-LC."""

TARGET_S, LEAST_S, MOST_S = 8, 4, 10
"""How long a segment is: as a rule, at least (if the source is that long), and at most."""

RUN_S = 60.0
"""A part holds at least so many seconds of segments, so that a source is cut into few of them."""
PART_MARGIN_S = 2.0

STANDARD_RATES = tuple(
    Fraction(r)
    for r in (5, 6, "7.5", 8, 10, 12, "12.5", 15, 20, "24000/1001", 24, 25, "30000/1001", 30, 48, 50, "60000/1001", 60)
)
FASTEST = 30
SLOW_ENOUGH = Fraction(31, 2)
"""The floor shows every second picture of a source that has more than so many a second."""
SLOWEST = Fraction(5)


class VideoRecipe(Frozen):
    """How the pictures of a rung are encoded. Sizes in pixels, rates in frames per second, bits per second."""

    rung: Rung
    width: int
    height: int
    rate: Fraction
    timescale: int
    crf: int
    preset: str
    max_bits_per_s: int
    level: str

    @property
    def frame_units(self) -> int:
        """Units of the timescale that a frame lasts."""
        return int(self.timescale / self.rate)


class Handling(Frozen):
    """What is done to the decoded pictures before any rung: turning (degrees clockwise), weaving, and their colours."""

    rotation: int
    deinterlace: bool
    matrix: str
    lead_s: float = Field(description="how much earlier than its time a picture may stand: rounding of timestamps")


class SoundRecipe(Frozen):
    """How the sound is encoded, for all rungs."""

    channels: int
    bits_per_s: int


class Recipe(Frozen):
    """All that decides about the encoded bytes beside the source itself. Part of every segment's key."""

    version: int = RECIPE_VERSION
    tools: str
    handling: Handling | None
    video: tuple[VideoRecipe, ...]
    sound: SoundRecipe | None


class Stretch(Frozen):
    """A segment's place in its track: first frame and number of frames (pictures, or AAC frames)."""

    first: int
    count: int


class Part(Frozen):
    """What one object under `jobs/` holds of the source's pictures: from the key frame at `start` to `end`."""

    start: float
    end: float


class Plan(Frozen):
    """Where every segment stands. `grid` counts frames of the slowest rung; `part_of` names each one's part."""

    zero: float
    duration: float
    grid_rate: Fraction | None
    grid: tuple[Stretch, ...]
    part_of: tuple[int, ...]
    parts: tuple[Part, ...]
    sound: tuple[Stretch, ...]

    def stretches(self, recipe: VideoRecipe) -> tuple[Stretch, ...]:
        """Return the segments of a rung, in its own frames."""
        times = int(recipe.rate / self.grid_rate) if self.grid_rate else 1
        return tuple(Stretch(first=s.first * times, count=s.count * times) for s in self.grid)


def make_recipe(facts: Facts, tools: str) -> Recipe:
    """Return the recipe for a source with these facts, encoded by this version of the tools."""
    video, sound = facts.video, facts.sound
    return Recipe(
        tools=tools,
        handling=handling_of(video) if video else None,
        video=choose_ladder(video) if video else (),
        sound=choose_sound(sound) if sound else None,
    )


def choose_ladder(video: VideoFacts) -> tuple[VideoRecipe, ...]:
    """Return the rungs for these pictures: two fixed steps, never larger than the source.

    The seam for a ladder that is measured: whatever chooses, the rates of all rungs are whole multiples of the first's.
    """
    rate = choose_rate(video.rate)
    floor_rate = rate / 2 if rate > SLOW_ENOUGH else rate
    return (
        _rung(video, Rung.FLOOR, 360, floor_rate, crf=30, preset="veryfast", most=320_000, level="3.0"),
        _rung(video, Rung.CLEAR, 720, rate, crf=26, preset="veryfast", most=1_800_000, level="3.1"),
    )


def _rung(
    video: VideoFacts, rung: Rung, short_side: int, rate: Fraction, *, crf: int, preset: str, most: int, level: str
) -> VideoRecipe:
    width, height = fit(video.width, video.height, short_side)
    return VideoRecipe(
        rung=rung, width=width, height=height, rate=rate, timescale=timescale_of(rate), crf=crf, preset=preset,
        max_bits_per_s=most, level=level,
    )  # fmt: skip


def choose_rate(rate: Fraction | None) -> Fraction:
    """Return the rate to encode at: the source's own if it is a standard one, else the next standard one, up to 30."""
    if rate is None:
        return SLOWEST
    near = min(STANDARD_RATES, key=lambda standard: abs(standard - rate))
    if abs(near / rate - 1) < Fraction(1, 200):
        chosen = near
    else:
        chosen = next((standard for standard in STANDARD_RATES if standard >= rate), Fraction(FASTEST))
    while chosen > FASTEST:
        chosen /= 2
    return max(chosen, SLOWEST)


def timescale_of(rate: Fraction) -> int:
    """Return units per second in which a frame lasts a whole number of units, and a millisecond at least ten."""
    return rate.numerator * ceil(Fraction(10_000, rate.numerator))


def fit(width: int, height: int, short_side: int) -> tuple[int, int]:
    """Return the size, even and never larger, that fits a box of 16:9 with this short side, lying or upright."""
    long_side = short_side * 16 // 9
    box = (long_side, short_side) if width >= height else (short_side, long_side)
    scale = min(Fraction(box[0], width), Fraction(box[1], height), Fraction(1))
    even_width, even_height = (max(16, int(side * scale / 2 + Fraction(1, 4)) * 2) for side in (width, height))
    return even_width, even_height


def choose_sound(sound: SoundFacts) -> SoundRecipe:
    """Return how to encode the sound: speech as a rule, so mono stays mono and everything else becomes stereo."""
    return (
        SoundRecipe(channels=1, bits_per_s=40_000)
        if sound.channels == 1
        else SoundRecipe(channels=2, bits_per_s=64_000)
    )


def handling_of(video: VideoFacts) -> Handling:
    """Return what is to be done to the decoded pictures before any rung."""
    known = {"bt709": "bt709", "bt470bg": "bt601", "smpte170m": "bt601", "smpte240m": "smpte240m", "fcc": "fcc"}
    known |= {"bt2020nc": "bt2020", "bt2020c": "bt2020"}
    guess = "bt709" if min(video.width, video.height) >= 720 else "bt601"
    return Handling(
        rotation=video.rotation,
        deinterlace=video.interlaced,
        matrix=known.get(video.matrix, guess),
        lead_s=float(1 / choose_rate(video.rate) / 8),
    )


def make_plan(facts: Facts, recipe: Recipe) -> Plan:
    """Return where every segment of the recipe's tracks stands, and the parts that hold what each one needs."""
    zero, duration = facts.start, facts.end - facts.start
    sound: tuple[Stretch, ...] = ()
    if recipe.sound is not None:
        frames = max(1, ceil(round(duration * SAMPLE_RATE) / AAC_FRAME))
        sound = cut(frames, Fraction(SAMPLE_RATE, AAC_FRAME))
    if facts.video is None:
        return Plan(zero=zero, duration=duration, grid_rate=None, grid=(), part_of=(), parts=(), sound=sound)
    rate = min(rung.rate for rung in recipe.video)
    grid = cut(max(1, ceil(Fraction(duration).limit_denominator(90_000) * rate - Fraction(1, 20))), rate)
    part_of, parts = make_parts(grid, rate, [key - zero for key in facts.video.keys])
    return Plan(zero=zero, duration=duration, grid_rate=rate, grid=grid, part_of=part_of, parts=parts, sound=sound)


def cut(frames: int, rate: Fraction) -> tuple[Stretch, ...]:
    """Cut `frames` at `rate` into segments of the usual length, the end so that no segment is too short or too long."""
    target, least, most = (max(1, round(seconds * rate)) for seconds in (TARGET_S, LEAST_S, MOST_S))
    counts = [target] * (frames // target)
    rest = frames - sum(counts)
    if rest and counts and target + rest <= most:
        counts[-1] += rest
    elif rest and counts and rest < least:
        both = counts.pop() + rest
        counts += [both - both // 2, both // 2]
    elif rest:
        counts.append(rest)
    first, stretches = 0, []
    for count in counts:
        stretches.append(Stretch(first=first, count=count))
        first += count
    return tuple(stretches)


def make_parts(
    grid: tuple[Stretch, ...], rate: Fraction, keys: list[float]
) -> tuple[tuple[int, ...], tuple[Part, ...]]:
    """Return for each segment the number of its part, and the parts.

    A part begins with the last key frame at or before its first segment, and a new one begins where the key frames
    allow it and the last has `RUN_S` seconds: parts overlap by less than a group of pictures.
    """
    starts: list[float] = []
    first_times: list[float] = []
    part_of: list[int] = []
    ends: list[float] = []
    for stretch in grid:
        start, end = float(stretch.first / rate), float((stretch.first + stretch.count) / rate)
        key = keys[max(0, bisect_right(keys, start + 1e-6) - 1)]
        if not starts or (start - first_times[-1] >= RUN_S and key > starts[-1]):
            starts.append(key)
            first_times.append(start)
            ends.append(end)
        ends[-1] = end
        part_of.append(len(starts) - 1)
    parts = tuple(Part(start=s, end=e + PART_MARGIN_S) for s, e in zip(starts, ends, strict=True))
    return tuple(part_of), parts
