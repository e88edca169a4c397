"""A centre that keeps one timetable in memory, by the same rules, and counts what it is asked."""

from collections.abc import Callable

from catalog.formats.timetable import Entry, TimetableAnswer, TimetableSent, merge, timetable_digest
from edge_cache.errors import SourceUnreachable


class FakeTimetableCentre:
    """Implements `Other`. `meanwhile` runs after a request came and before its answer goes."""

    def __init__(self, page: int = 200) -> None:
        self.entries: dict[str, Entry] = {}
        self.revisions: dict[str, int] = {}
        self.asked: list[TimetableSent] = []
        self.away = False
        self.meanwhile: Callable[[], None] = lambda: None
        self._page = page

    @property
    def digest(self) -> str:
        return timetable_digest({id_: entry.digest for id_, entry in self.entries.items()})

    def join(self, entry: Entry) -> None:
        """Take an entry, as if another node had said it."""
        known = self.entries.get(entry.id)
        merged = entry if known is None else merge(known, entry)
        if merged != known:
            self.entries[entry.id] = merged
            self.revisions[entry.id] = max(self.revisions.values(), default=0) + 1

    async def timetable(self, sent: TimetableSent) -> TimetableAnswer:
        if self.away:
            raise SourceUnreachable(address="http://centre.test", why="away")
        sent = TimetableSent.model_validate_json(sent.model_dump_json())
        self.asked.append(sent)
        for entry in sent.entries:
            self.join(entry)
        self.meanwhile()
        newer = sorted((n, id_) for id_, n in self.revisions.items() if n > sent.since)
        page = newer[: self._page]
        told = {entry.id: entry for entry in sent.entries}
        revision = page[-1][0] if len(page) < len(newer) else max(self.revisions.values(), default=0)
        return TimetableAnswer(
            revision=revision,
            more=len(page) < len(newer),
            digest=self.digest,
            entries=tuple(self.entries[id_] for _, id_ in page if told.get(id_) != self.entries[id_]),
        )
