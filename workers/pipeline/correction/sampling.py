"""At which instants, and how finely, two sources are looked at to be compared. Pure.

Frames of the *rate* are the clock of the whole comparison. It is the old source's own rate up to 30: an editor cuts on
frames of the old source, so old content lies in the new file moved by whole frames and is met exactly there. Four times
a second what can be seen is read *fine*, small enough for the disk, large enough for one character.
"""

from fractions import Fraction
from math import ceil

from workers.pipeline.probe import Facts, Frozen
from workers.pipeline.rates import choose_rate

SOUND_RATE = 16_000
"""Samples a second: speech has little above 8 kHz, and what is replaced there is replaced below as well."""

LEVELS_A_SECOND = 100
"""So often the sound's loudness in bands is noted."""

SIDES = (320, 180)
"""Of the fine pictures. A cell is 4×4 pixels of 1280×720: strokes of an 18 pixel character lie in different cells."""

SMALL_SIDES, SMALL = (160, 88), 360
"""Of sources whose short side is under `SMALL` pixels. A cell of one pixel would show each encoder's noise."""

FINE_RATE = Fraction(4)
"""Fine pictures a second. Of whatever stands for a second, three in a row lie between two of the other source."""

SOUND_CLOCK = Fraction(25)
"""Frames a second where there are no pictures."""


class Sampling(Frozen):
    """How one source is sampled. Sizes in pixels; frames of `rate` a second; `samples` of sound."""

    width: int
    height: int
    rate: Fraction
    frames: int
    fine_rate: Fraction
    fine_frames: int
    samples: int

    @property
    def coarse_bytes(self) -> int:
        """Bytes of a coarse picture: brightness only, a sixteenth of the fine picture's."""
        return (self.width // 4) * (self.height // 4)

    @property
    def planes(self) -> tuple[tuple[int, int], ...]:
        """Width and height of a fine picture's planes: brightness, blue, red."""
        colour = (self.width // 4, self.height // 4)
        return ((self.width, self.height), colour, colour)

    @property
    def fine_bytes(self) -> int:
        """Bytes of a fine picture: brightness, then two colour planes of a sixteenth each."""
        return self.width * self.height + 2 * self.coarse_bytes

    @property
    def disk_bytes(self) -> int:
        """What the samples take on disk. About 0.38 MB a second: 0.9 GB for 40 minutes, 8.2 GB for six hours."""
        return self.frames * self.coarse_bytes + self.fine_frames * self.fine_bytes + self.samples * 2


def choose_samplings(old: Facts, new: Facts) -> tuple[Sampling, Sampling]:
    """Return how to sample the old and the new source: alike, by the old one's rate and shape."""
    video = old.video or new.video
    upright = video is not None and video.height > video.width
    sides = SMALL_SIDES if video is not None and min(video.width, video.height) < SMALL else SIDES
    size = (sides[1], sides[0]) if upright else sides
    rate = choose_rate(video.rate) if video is not None else SOUND_CLOCK
    return _sampling(old, size, rate), _sampling(new, size, rate)


def _sampling(facts: Facts, size: tuple[int, int], rate: Fraction) -> Sampling:
    seconds = Fraction(facts.end - facts.start).limit_denominator(90_000)
    frames = max(1, ceil(seconds * rate - Fraction(1, 20)))
    return Sampling(
        width=size[0],
        height=size[1],
        rate=rate,
        frames=frames,
        fine_rate=FINE_RATE,
        fine_frames=max(1, ceil(frames / rate * FINE_RATE)),
        samples=ceil(frames / rate * SOUND_RATE),
    )
