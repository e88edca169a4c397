"""How a source is sampled: the rate and size of the small frames, and the pairs of whole ones. Pure."""

from fractions import Fraction
from math import ceil, floor

from workers.pipeline.look import thresholds as t
from workers.pipeline.probe import Frozen, VideoFacts
from workers.pipeline.rates import choose_rate


class Sampling(Frozen):
    """Small frames: `rate` a second, `width`×`height` pixels, upright; frame n shows what stands at n / rate.

    Whole pairs: frames n and n + `pair_gap` for every multiple n of `pair_period`, as the source has them.
    """

    rate: Fraction
    width: int
    height: int
    pair_period: int
    pair_gap: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of a frame: luma, and both chroma planes at a quarter of its sides (yuv410p)."""
        return self.width * self.height + 2 * self.chroma[0] * self.chroma[1]

    @property
    def chroma(self) -> tuple[int, int]:
        """Height and width of a chroma plane."""
        return -(-self.height // 4), -(-self.width // 4)


def make_sampling(video: VideoFacts, duration: float) -> Sampling:
    """Return how to sample pictures that last `duration` seconds."""
    rate = choose_rate(video.rate)
    rate /= max(1, ceil(rate / t.FASTEST_SAMPLING))
    scale = t.LONG_SIDE / max(video.width, video.height)
    width, height = (max(8, round(side * scale / 4) * 4) for side in (video.width, video.height))
    shown_for = 1 if not video.rate else max(1, ceil(rate / video.rate))
    pairs = max(t.FEWEST_PAIRS, min(t.MOST_PAIRS, floor(t.PAIR_BYTES / (2 * video.width * video.height))))
    period = max(ceil(t.PAIR_EVERY_S * rate), ceil(duration * rate / pairs), shown_for + 1)
    return Sampling(rate=rate, width=width, height=height, pair_period=period, pair_gap=shown_for)
