"""The rules of schools' timetables at the centre: copies are joined, and nothing that a node says is lost."""

from collections.abc import Iterable
from datetime import datetime

import structlog
from sqlmodel import Session

from catalog.formats.forecast import TimetableForecast
from catalog.formats.hashing import canonical_json
from catalog.formats.occurrences import OneLesson, WeeklyPlan, read_plan
from catalog.formats.protocol import Report
from catalog.formats.timetable import (
    BYTES_IN_ONE,
    ENTRIES_IN_ONE,
    MAX_ENTRIES,
    Entry,
    TimetableAnswer,
    TimetableSent,
    disputed,
    merge,
    timetable_digest,
)
from catalog.timetable import repository
from catalog.timetable.errors import TimetableFull
from catalog.timetable.models import SiteTimetable, TimetableEntry
from catalog.timetable.schemas import StandingOut, TimetableOut

log = structlog.get_logger(__name__)


def digest(session: Session, site_id: str) -> str:
    """Return the digest of a school's timetable, by which its nodes know whether they have the same."""
    return repository.digest(session, site_id)


def exchange(session: Session, site_id: str, sent: TimetableSent) -> TimetableAnswer:
    """Join what a node of the school says with what is here; return what is new to it. Raises TimetableFull."""
    timetable = repository.locked(session, site_id)
    changed = _join(session, timetable, sent.entries)
    if changed:
        log.info("timetable.joined", site=site_id, entries=changed)
    rows = repository.changed_since(session, site_id, sent.since, ENTRIES_IN_ONE + 1)
    answered: list[TimetableEntry] = []
    room = BYTES_IN_ONE
    for row in rows[:ENTRIES_IN_ONE]:
        room -= len(canonical_json(row.body))
        if answered and room < 0:
            break
        answered.append(row)
    more = len(answered) < len(rows)
    told = {entry.id: entry.digest for entry in sent.entries}
    return TimetableAnswer(
        revision=answered[-1].revision if more else timetable.revision,
        more=more,
        digest=timetable.digest,
        entries=tuple(Entry.model_validate(row.body) for row in answered if told.get(row.id) != row.digest),
    )


def _join(session: Session, timetable: SiteTimetable, entries: Iterable[Entry]) -> int:
    """Join entries with those of the school; return how many changed by it."""
    sent = {entry.id: entry for entry in entries}
    here = {row.id: row for row in repository.entries(session, timetable.site_id, sent)}
    changed = 0
    for entry in sent.values():
        row = here.get(entry.id)
        merged = merge(Entry.model_validate(row.body), entry) if row else entry
        if row is not None and merged.digest == row.digest:
            continue
        changed += 1
        timetable.revision += 1
        row = row or TimetableEntry(site_id=timetable.site_id, id=entry.id, revision=0, digest="", body={})
        row.revision, row.digest, row.body = timetable.revision, merged.digest, merged.model_dump(mode="json")
        session.add(row)
    if changed:
        session.flush()
        digests = repository.digests(session, timetable.site_id)
        if len(digests) > MAX_ENTRIES:
            raise TimetableFull(most=MAX_ENTRIES)
        timetable.digest = timetable_digest(digests)
        session.add(timetable)
    return changed


def take_forecast(session: Session, node_id: str, report: Report) -> None:
    """Keep what a report says of timetabled lessons; one that is older than the last turns nothing back."""
    if report.timetable is not None:
        repository.keep_forecast(session, node_id, report.made, report.timetable.model_dump(mode="json"))


def of_node(session: Session, node_id: str, site_id: str, now: datetime) -> TimetableOut:
    """Return what a node last said of lessons that have not ended yet, and how its school's timetable stands."""
    row = repository.forecast(session, node_id)
    said = TimetableForecast.model_validate(row.body).lessons if row else ()
    due = [one for one in said if one.ends > now]
    titles = repository.titles(session, {one.course for one in due}, {one.lesson for one in due if one.lesson})
    lessons = []
    for one in due:
        number, title = titles.get(one.lesson or "", (None, ""))
        course = titles.get(one.course, (None, ""))[1]
        lessons.append(StandingOut(**one.model_dump(), course_title=course, lesson_title=title, lesson_number=number))
    entries = [Entry.model_validate(entry.body) for entry in repository.entries(session, site_id)]
    return TimetableOut(
        made=row.made if row else None,
        lessons=lessons,
        entries=sum(isinstance(read_plan(entry), WeeklyPlan | OneLesson) for entry in entries),
        disputed=sum(bool(disputed(entry)) for entry in entries),
    )
