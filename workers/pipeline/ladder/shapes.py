"""Shapes: the sizes, rates and amounts of grain that are worth trying on a lesson. Pure.

Which are tried follows what the pictures show (docs/encoding.md has the measurements): drawn pictures keep their
resolution, because letters go with it, and may give up frames; a hand that writes or a face needs its frames, and may
give up resolution.
"""

from fractions import Fraction

from workers.pipeline.look.model import Kind, PictureLook
from workers.pipeline.probe import Frozen, VideoFacts
from workers.pipeline.rates import choose_rate
from workers.pipeline.recipe import Denoise, fit

DISPLAY_SIDE = 720
"""The short side of the screen that quality is measured on: more pixels than that show nothing."""
SLOWEST_DRAWN = Fraction(2)
"""Drawn pictures stand for half a second at the most."""
GRAIN_LIGHT, GRAIN_STRONG = 1.0, 2.0
"""From so many levels of grain on, a little or most of it is taken away before encoding."""


class Shape(Frozen):
    """One way to show the pictures. `screen` says that they are drawn, by a computer."""

    width: int
    height: int
    rate: Fraction
    denoise: Denoise
    screen: bool

    @property
    def pixels_per_s(self) -> float:
        """Pixels that an encoder sees in a second."""
        return self.width * self.height * float(self.rate)


def slower_rates(rate: Fraction, slowest: Fraction = SLOWEST_DRAWN) -> tuple[Fraction, ...]:
    """Return the rate and those that show every second, fifth and tenth of its pictures, down to the slowest."""
    return tuple(rate / part for part in (1, 2, 5, 10) if part == 1 or rate / part >= slowest)


def denoise_for(grain: float, kind: Kind) -> Denoise:
    """Return how much grain to take away: none where a computer has drawn, more where there is more."""
    if kind in (Kind.SLIDES, Kind.SCREEN, Kind.MIXED) or grain < GRAIN_LIGHT:
        return Denoise.NONE
    return Denoise.STRONG if grain >= GRAIN_STRONG else Denoise.LIGHT


def shapes_to_try(facts: VideoFacts, look: PictureLook) -> tuple[Shape, ...]:
    """Return the shapes to try on these pictures, the largest first; at least one."""
    kind = look.dominant_kind
    rate = choose_rate(facts.rate)
    screen = kind in (Kind.SLIDES, Kind.SCREEN, Kind.MIXED)
    sides: tuple[int, ...]
    if kind in (Kind.SLIDES, Kind.SCREEN):
        sides, rates = (DISPLAY_SIDE,), slower_rates(rate)[1:] or (rate,)
    elif kind is Kind.MIXED:
        sides, rates = (DISPLAY_SIDE,), slower_rates(rate)[:2]
    elif kind is Kind.BOARD:
        sides, rates = (DISPLAY_SIDE, 540), (rate,)
    else:
        sides, rates = (DISPLAY_SIDE, 540, 360), (rate,)
    ways = tuple(dict.fromkeys((Denoise.NONE, denoise_for(look.grain, kind))))
    found: dict[tuple[int, int, Fraction, Denoise], Shape] = {}
    for side in sides:
        width, height = fit(*kept_size(facts, look), side)
        # whether taking grain away pays is a matter of the encoder: both are tried, once
        for each, denoise in [
            (each, denoise) for each in rates for denoise in (ways if side == sides[0] else ways[-1:])
        ]:
            shape = Shape(width=width, height=height, rate=each, denoise=denoise, screen=screen)
            found.setdefault((width, height, each, denoise), shape)
    return tuple(found.values())


def kept_size(facts: VideoFacts, look: PictureLook) -> tuple[int, int]:
    """Return the size of the pictures as shown, without black bars."""
    if look.letterbox is None:
        return facts.width, facts.height
    return look.letterbox.width, look.letterbox.height
