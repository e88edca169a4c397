"""Frame rates: which one a source is encoded at, and the times at which frames of several rates fall together."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, gcd, lcm

STANDARD_RATES = tuple(
    Fraction(r)
    for r in (5, 6, "7.5", 8, 10, 12, "12.5", 15, 20, "24000/1001", 24, 25, "30000/1001", 30, 48, 50, "60000/1001", 60)
)
FASTEST = 30
SLOWEST = Fraction(5)


def choose_rate(rate: Fraction | None) -> Fraction:
    """Return the rate to show a source at: its own if it is a standard one, else the next standard one, up to 30."""
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


def common_period(rates: Sequence[Fraction]) -> Fraction:
    """Return the shortest time, in seconds, that is a whole number of frames at every one of the rates."""
    top, bottom = 1, 0
    for rate in rates:
        top, bottom = lcm(top, rate.denominator), gcd(bottom, rate.numerator)
    return Fraction(top, bottom)
