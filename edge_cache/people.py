"""What people at the box want of the fill: a page or another process writes it down, the node that runs heeds it."""

import asyncio
from collections.abc import Callable

from edge_cache.line.line import Line
from edge_cache.notes import Notes, is_paused, set_paused
from edge_cache.wishes.service import Wishes

LOOK_SECONDS = 0.5
"""How often it is looked whether a pause has begun or ended, and for other wishes."""


class People:
    """`on_change` is called where the fill has to do something else than before."""

    def __init__(self, notes: Notes, line: Line, wishes: Wishes, on_change: Callable[[], None]) -> None:
        self._notes, self._line, self._wishes, self._on_change = notes, line, wishes, on_change
        self._heard = wishes.all()

    def pause(self, paused: bool) -> None:
        """Stop the fill until someone lets it go on, also over a restart; or let it go on."""
        set_paused(self._notes, paused)
        self.heed()

    def heed(self) -> None:
        """Do what is written down."""
        paused, wished = is_paused(self._notes), self._wishes.all()
        if (paused, wished) != (self._line.paused, self._heard):
            self._heard = wished
            self._line.pause(paused)
            self._on_change()

    async def watch(self) -> None:
        """Heed what is written down, again and again, until cancelled."""
        while True:
            self.heed()
            await asyncio.sleep(LOOK_SECONDS)
