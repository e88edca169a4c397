"""The line itself: who reads from it, how much, and when. Everything that comes over it goes through one of these."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime

from catalog.formats.protocol import Policy
from edge_cache.line.crew import Crew
from edge_cache.line.errors import LineClosed
from edge_cache.line.giveway import Scavenger, quantile
from edge_cache.line.http import Connection
from edge_cache.line.pace import Pace
from edge_cache.line.tcp import MSS, is_within_machine, keep_window, limit_buffer, limit_window, round_trip
from edge_cache.line.windows import is_open, until_change

PACKETS_EACH = 5
"""With fewer packets on their way on a connection than this, one loss stops it: then there are fewer connections."""
PACKETS_LEAST = 2
"""With fewer than this, for the moment, some connections wait."""
STEADY = 0.75
"""As many connections as the window had room for last, until it is smaller than this part: each new one is a burst."""
FIRST_PACKETS = 8
WIDE = 1 << 20
STEER_S = 0.05
LOOK_S = 0.25
"""How often it is looked whether the line is open: a pause is obeyed within a second."""
RATE_S = 0.25
CAP_SLACK_S = 0.25
SURE = 4
"""One of so many connections at least must have brought something before the window is made smaller."""
FULL_S = 2.0
FULL_SHARE = 0.3
"""With packets waiting for this part of the last seconds, the line is full."""
OTHERS_SHARE = 0.85
QUIET_S = 10.0
"""So long after someone else was last heard the line counts as idle again."""


class Line:
    """The school's line. Readers ask `turn` before they read and tell `took` after it; the policy is obeyed there."""

    def __init__(
        self, most: int, local_time: Callable[[], datetime], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """At most `most` connections; `local_time` is the school's, by which windows open."""
        self.scavenger, self.crew, self.pace = Scavenger(), Crew(most), Pace()
        self.policy = Policy()
        self.rate = 0.0
        """Bytes of payload a second, over about the last two round trips."""
        self.came = 0
        """Bytes of payload since the start."""
        self._paused = False
        self._local, self._clock = local_time, clock
        self._readers: dict[Connection, int] = {}
        self._heard: dict[Connection, tuple[float, float]] = {}
        self._came = 0
        self._fullness = 0.0
        self.trip = STEER_S
        """Seconds of a round trip, as heard last."""
        self._steered = self._crewed = self._looked = clock()
        self._open = True
        self._most_rate = 0.0
        self._room = self.scavenger.window
        self._others_until = 0.0

    def obey(self, policy: Policy) -> None:
        """Take a policy: its cap, its windows, whether to give way."""
        self.policy = policy
        self._limit()
        self._look()

    @property
    def paused(self) -> bool:
        """Whether a person has stopped the fill."""
        return self._paused

    def pause(self, paused: bool) -> None:
        """Stop the fill, or let it go on."""
        self._paused = paused
        self._look()

    @property
    def is_open(self) -> bool:
        """Whether the fill may use the line now."""
        return self._look()

    def opens_in(self) -> float | None:
        """Return seconds until a window opens; None while only a person can end the pause, or if it is open."""
        return None if self.paused or self.is_open else until_change(self.policy.windows, self._local())

    @property
    def connections(self) -> int:
        """How many connections the line rewards now."""
        window = float(WIDE * self.crew.most)
        if self.policy.gives_way:
            window = self._room
        if self.pace.bits_per_s is not None:
            window = min(window, self._cap_window(self.pace.bits_per_s))
        return max(1, min(self.crew.count, int(window // (PACKETS_EACH * MSS))))

    @property
    def first_window(self) -> int:
        """How much a new connection may be sent at once, in bytes."""
        return int(
            max(2 * MSS, min(FIRST_PACKETS * MSS, self._window() / max(self.connections, len(self._readers) + 1)))
        )

    def join(self, reader: Connection) -> None:
        """A connection begins to read."""
        if is_within_machine(reader.sock):
            limit_window(reader.sock, WIDE)
            return
        self._readers[reader] = 0
        self._share()

    def leave(self, reader: Connection) -> None:
        """It has ended."""
        self._readers.pop(reader, None)
        self._heard.pop(reader, None)
        self._share()

    async def turn(self, reader: Connection) -> None:
        """Return when `reader` may read. Raises LineClosed once a window has ended, or someone has paused."""
        while True:
            now = self._clock()
            if now - self._looked > LOOK_S:
                self._look()
            if not self._open:
                raise LineClosed
            wait = self.pace.wait(now)
            if wait:
                await asyncio.sleep(min(wait, LOOK_S))
            elif self._readers.get(reader, 1):
                return
            else:
                await asyncio.sleep(STEER_S)
                self._steer()

    def took(self, reader: Connection, length: int) -> None:
        """Note that `reader` has read `length` bytes."""
        self.pace.took(self._clock(), length)
        self._came += length
        self.came += length
        if part := self._readers.get(reader):
            keep_window(reader.sock, part)
        self._steer()

    def _look(self) -> bool:
        self._looked = self._clock()
        self._open = not self._paused and is_open(self.policy.windows, self._local())
        return self._open

    def _limit(self) -> None:
        """Set the cap that holds now: where the policy says so, none while nobody else uses the line."""
        free = self.policy.idle_line_whole and self.policy.gives_way and self._clock() >= self._others_until
        self.pace.limit(None if free else self.policy.rate_limit_bits_per_s)

    def _steer(self) -> None:
        now = self._clock()
        passed = now - self._steered
        if passed < STEER_S:
            return
        self._steered = now
        share = min(1.0, passed / max(RATE_S, 2 * self.trip))
        self.rate += (self._came / passed - self.rate) * share
        self._came = 0
        trips = self._hear(now)
        self.trip = trip = quantile(trips) if trips else self.trip
        before = self.scavenger.window
        active = sum(part > 0 for part in self._readers.values())
        sure = len(trips) * SURE >= active
        window = self.scavenger.hear(now, passed, trips, self.rate * trip, sure=sure)
        full = self.scavenger.line_is_full
        room = max(window, self.scavenger.full)
        if not self._room * STEADY <= room <= self._room:
            self._room = room
        self._fullness += (full - self._fullness) * min(1.0, passed / FULL_S)
        if now - self._crewed >= max(LOOK_S, trip):
            self._crewed = now
            self._hear_others(now)
            self.crew.hear(now, self.rate, full=self._fullness > FULL_SHARE)
        if abs(window - before) > before / 50:
            self._share()

    def _hear(self, now: float) -> list[float]:
        """Return the round trips, in seconds, that the kernel has measured during the last two of them."""
        for reader, part in self._readers.items():
            trip = round_trip(reader.sock).received if part else None
            if trip is not None and self._heard.get(reader, (0.0, 0.0))[0] != trip:
                self._heard[reader] = trip, now
        lately = now - 2 * max(STEER_S, self.trip)
        return [trip for trip, at in self._heard.values() if at >= lately]

    def _hear_others(self, now: float) -> None:
        """Notice whether the line is full with less of ours than it can bring: someone else speaks."""
        if self.scavenger.line_is_full:
            self._most_rate = max(self.rate, self._most_rate * 0.9999)
            if self.rate < self._most_rate * OTHERS_SHARE:
                self._others_until = now + QUIET_S
        self._limit()

    def _cap_window(self, cap: float) -> float:
        trip = self.scavenger.base.shortest or CAP_SLACK_S
        return max(2 * MSS, cap / 8 * (trip + CAP_SLACK_S))

    def _window(self) -> float:
        """How much may be on its way now, in bytes."""
        window: float = self.scavenger.window if self.policy.gives_way else WIDE
        cap = self.pace.bits_per_s
        return window if cap is None else min(window, self._cap_window(cap))

    def _share(self) -> None:
        """Give each reader its part of the window; where that would be too little, the last ones wait."""
        if not self._readers:
            return
        cap, window = self.pace.bits_per_s, self._window()
        active = max(1, min(len(self._readers), int(window // (PACKETS_LEAST * MSS))))
        # Whole packets: of smaller ones the kernel measures nothing. The first ones get one more where it does not
        # come out even: a packet more for each would be a queue of its own on a thin line.
        each, more = divmod(max(active, round(window / MSS)), active)
        for place, (reader, had) in enumerate(list(self._readers.items())):
            part = MSS * (each + (place < more)) if place < active else 0
            if part != had:
                self._readers[reader] = part
                limit_window(reader.sock, part)
                if not part:
                    limit_buffer(reader.sock, had + PACKETS_LEAST * MSS)  # what is on its way still finds room
                elif cap is not None or not had:
                    limit_buffer(reader.sock, part if cap is not None else WIDE)
