"""What a line does to packets: a rule of rate, queue, delay, loss and outages, without sockets and without a clock."""

import random
from dataclasses import asdict, dataclass, field
from typing import Self

MTU = 1500
HEADERS = 52
"""Bytes of IPv4 and TCP headers in each full packet, with the timestamps option that every Linux sends."""


@dataclass(frozen=True)
class LineSpec:
    """A line. `rate_bits_per_s` down; `up_bits_per_s` up (0: the same); `delay_ms` one way; `loss` each way, 0–1.

    `queue_bytes`: what waits before the bottleneck, in either direction; more is dropped.
    """

    rate_bits_per_s: float
    delay_ms: float
    loss: float = 0.0
    queue_bytes: int = 100_000
    seed: int = 1
    up_bits_per_s: float = 0

    @property
    def ceiling(self) -> float:
        """The share of the rate that payload can be at most: what headers and lost packets leave."""
        return (1 - HEADERS / MTU) * (1 - self.loss)

    @property
    def words(self) -> str:
        """For a table."""
        return f"{self.rate_bits_per_s / 1e6:g} Mbit/s, {2 * self.delay_ms:g} ms, {self.loss:.2g} lost"


@dataclass
class Counts:
    """What went through one direction. `busy_s` is the time that the bottleneck was at work."""

    packets: int = 0
    bytes: int = 0
    lost: int = 0
    dropped: int = 0
    cut: int = 0
    busy_s: float = 0.0
    first: float | None = None
    last_full: float | None = None
    """When the first packet came, and when the newest one of more than half an MTU left the line."""

    def told(self) -> dict[str, float | int | None]:
        """As JSON."""
        return asdict(self)


@dataclass
class Direction:
    """One direction of a line; times are seconds of any steady clock."""

    rate: float
    delay_s: float
    loss: float
    queue_bytes: int
    chance: random.Random
    counts: Counts = field(default_factory=Counts)
    is_cut: bool = False
    _free: float = 0.0

    @classmethod
    def of(cls, spec: LineSpec, *, down: bool) -> Self:
        """Return the direction down to the school, or up from it."""
        rate = spec.rate_bits_per_s if down or not spec.up_bits_per_s else spec.up_bits_per_s
        return cls(rate, spec.delay_ms / 1e3, spec.loss, spec.queue_bytes, random.Random(spec.seed * 2 + down))

    def take(self, now: float, length: int) -> float | None:
        """Return when a packet of `length` bytes that comes now arrives at the other end; None if it never does.

        A lost packet is lost after the bottleneck: it has used the line.
        """
        counts = self.counts
        if counts.first is None:
            counts.first = now
        if self.is_cut:
            counts.cut += 1
            return None
        begin = max(now, self._free)
        if (begin - now) * self.rate / 8 + length > self.queue_bytes:
            counts.dropped += 1
            return None
        took = length * 8 / self.rate
        self._free = begin + took
        counts.busy_s += took
        counts.packets += 1
        counts.bytes += length
        if self.chance.random() < self.loss:
            counts.lost += 1
            return None
        if length > MTU // 2:
            counts.last_full = self._free + self.delay_s
        return self._free + self.delay_s
