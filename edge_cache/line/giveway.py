"""Giving way: how many bytes may be on their way, judged by the delay that they add. Pure: no socket and no clock.

A scavenger in the spirit of LEDBAT (RFC 6817) that sits at the receiver, as rLEDBAT does (RFC 9840): it cannot slow
the sender but by the window that it offers. While the line's queue is empty the window grows; once packets wait
longer than `target` it shrinks. Alone on a line it keeps a queue just long enough that the line never idles; beside
anyone whose packets make the queue longer, it leaves.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from edge_cache.line.tcp import MSS

TARGET_S = 0.010
"""The least queue that is aimed at. A video call does not feel it; a line of 4 Mbit/s keeps three packets in it."""
SHORT_S = 0.02
TARGET_SHARE = 1 / 4
LONGEST_TARGET_S = 0.15
"""On a long line a little more of its delay is what losses are bridged with: a quarter beyond `SHORT_S`, up to this."""
BASE_MINUTES = 10
GAIN = 0.07
"""By how much of itself the window changes in a round trip when the delay is a whole target off."""
LEAST_FACTOR = 0.7
START_FACTOR = 1.6
LONG_SILENCE_S = 1.0
LONGEST_STEP_S = 0.25
MUCH_TOO_LONG = -2.0
RETREAT = 0.5
"""With a queue of three times the target someone else is in a hurry: half the window in each round trip."""
SURELY_FULL = 1.1
NEARLY_ALL = 0.85
ABOUT = 1.05
PRESSED_TRIPS = 1
"""What is heard is old. With a window that still fills the line it is waited for so many round trips what comes of it:
while nearly all that comes is ours, the queue is ours too (a loss makes it long for a moment), and goes by itself."""
HOLD_S = 4.0
"""With a long queue even then, somebody loads something in bursts: so long the window does not grow again."""
FAR_OFF = 0.75
START_OFF = 0.25
FORGET = 0.99
SLOWLY = 1 / 6
"""Beyond what fits the line and the queue that is aimed at, growth only looks whether there is more by now."""
START_PACKETS = 40
LEAST_PACKETS = 2
MOST_BYTES = 64 << 20


def target_for(base: float) -> float:
    """Return the queue, in seconds, that is aimed at on a line whose empty round trip takes `base` seconds."""
    return min(LONGEST_TARGET_S, max(TARGET_S, (base - SHORT_S) * TARGET_SHARE))


def quantile(round_trips: Sequence[float]) -> float:
    """Return the round trip that a quarter of the connections stay below: what a loss delays is no queue."""
    return sorted(round_trips)[(len(round_trips) - 1) // 4]


@dataclass
class Base:
    """The shortest round trip of the last minutes: what the line takes when nobody's packets wait."""

    _minutes: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=BASE_MINUTES))

    def hear(self, now: float, round_trip: float) -> None:
        """Take a measured round trip, in seconds."""
        minute = int(now // 60)
        if self._minutes and self._minutes[-1][0] == minute:
            self._minutes[-1] = (minute, min(round_trip, self._minutes[-1][1]))
        else:
            self._minutes.append((minute, round_trip))

    @property
    def shortest(self) -> float | None:
        """The shortest that was heard of, in seconds."""
        return min((shortest for _, shortest in self._minutes), default=None)


@dataclass
class Scavenger:
    """The window. Tell it every round trip or more often how the line is; it says how much may be on its way."""

    window: float = START_PACKETS * MSS
    delay: float = 0.0
    """How long packets wait in the queue, in seconds, as it was heard last."""
    starting: bool = True
    full: float = 0.0
    """How many bytes fit the line itself, none of them waiting, when it was last full: up to there growth is fast."""
    pressed: float = 0.0
    """For how many seconds packets have waited though the line is not full of ours."""
    hold_until: float = 0.0
    silence: float = 0.0
    """Seconds without a measurement: of a window that is too small nothing is heard, so it grows then."""
    base: Base = field(default_factory=Base)

    def hear(
        self, now: float, passed: float, round_trips: Sequence[float], in_flight: float, *, sure: bool = True
    ) -> float:
        """Return the window, in bytes, after `passed` seconds in which the kernel measured `round_trips` (seconds).

        `in_flight` is what was on its way, as the rate tells: a window that is not used is no reason for a larger one.
        Not `sure`: few connections brought something, perhaps those that a loss had stopped; the window stays.
        """
        if not round_trips:
            self.silence += passed
            if self.silence > LONG_SILENCE_S:
                self.window = min(MOST_BYTES, self.window * START_FACTOR ** min(passed, LONGEST_STEP_S))
            return self.window
        self.silence = 0.0
        here = quantile(round_trips)
        self.base.hear(now, min(round_trips))
        base = self.base.shortest or here
        off = 1 - (here - base) / target_for(base)
        part = min(1.0, passed / here)
        if sure:
            self.delay = here - base
        if off > 0:
            self.pressed = 0.0
        if off > 0 or self.starting:
            if now >= self.hold_until:
                self._grow(off, part, in_flight, base, sure=sure)
        elif sure:
            self._shrink(now, off, passed, part, base, in_flight * base / here)
        if off < FAR_OFF:
            self.full = max(in_flight * base / here, self.full * FORGET**part)
        self.window = min(MOST_BYTES, max(self.window, LEAST_PACKETS * MSS))
        return self.window

    def _shrink(self, now: float, off: float, passed: float, part: float, base: float, ours: float) -> None:
        """Shrink over `part` of a round trip, `off` targets beyond the target; `ours` is on the line and not queued."""
        long = off < MUCH_TOO_LONG
        bottom = self.full * SURELY_FULL
        if self.window <= bottom * ABOUT:
            self.pressed = self.pressed + passed if ours < self.full * NEARLY_ALL else 0.0
        less = RETREAT if long else max(LEAST_FACTOR, 1 + GAIN * off)
        if self.pressed <= PRESSED_TRIPS * base:
            self.window = max(min(bottom, self.window), self.window * less**part)
            return
        self.window *= less ** (min(1.0, passed / base) if long else part)
        if long:
            self.hold_until = now + HOLD_S

    def _grow(self, off: float, part: float, in_flight: float, base: float, *, sure: bool) -> None:
        """Grow over `part` of a round trip, `off` targets below the target; at the start until a queue appears."""
        if self.starting and off < START_OFF and sure:
            self.starting = False
            self.window = max(in_flight, self.window / START_FACTOR)
        elif self.starting:
            if self.window < 2 * in_flight + START_PACKETS * MSS:
                self.window *= START_FACTOR**part
        elif off > FAR_OFF and self.window < self.full:
            self.window = min(self.full, self.window * START_FACTOR**part)
        elif in_flight > self.window / 2:
            enough = self.full * (1 + target_for(base) / base)
            gain = GAIN if self.window < enough else GAIN * SLOWLY
            self.window *= (1 + gain * off) ** part

    @property
    def line_is_full(self) -> bool:
        """Whether packets wait: more connections would bring no more bytes."""
        base = self.base.shortest
        return base is not None and self.delay > target_for(base) / 2
