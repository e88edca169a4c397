"""The pages of the timetable: the week, what is due, and one time of an entry. They work without a script."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from catalog.formats.errors import N_, AppError
from catalog.formats.occurrences import DaysOff, Occurrence, WeeklyPlan
from catalog.look.language import Language, translate, translate_error
from edge_cache.timetable.entered import find_lesson, read_clock, read_day
from edge_cache.timetable.errors import CourseNotHere, FieldRefused, OccurrenceUnknown
from edge_cache.timetable.service import TimetableService
from edge_cache.web.forms import Typed, typed_in
from edge_cache.web.timetable_forms import TimetableForms
from edge_cache.web.week import Line, by_day, lines_of, week_of

Page = Callable[..., Response]
"""Renders a template: (request, template, status=200, **context)."""

DUE_DAYS = 7
SAID = {
    "added": N_("It is on the timetable."),
    "saved": N_("The change is kept."),
    "removed": N_("It is off the timetable."),
    "imported": N_("The file was imported."),
}


class TimetablePages:
    """Shows and changes the timetable. `page` renders a page of the node."""

    def __init__(
        self,
        timetable: TimetableService,
        page: Page,
        language: Callable[[Request], Language],
        clock_sure: Callable[[], bool],
    ) -> None:
        self._timetable, self._page, self._language, self._clock_sure = timetable, page, language, clock_sure
        self._forms = TimetableForms(timetable, page, language)

    def routes(self) -> list[Route]:
        """The routes of the timetable."""
        return [
            Route("/timetable", self.week),
            Route("/timetable/entries/{entry}/{day}/{start:int}", self.occurrence, methods=["GET", "POST"]),
            *self._forms.routes(),
        ]

    def due(self) -> list[tuple[date, list[Line]]]:
        """What classes take today, and on the next day that has classes, with how it stands."""
        timetable = self._timetable
        standing = timetable.standing(timetable.upcoming(timetable.now(), DUE_DAYS))
        lines = lines_of(standing, timetable.courses(), timetable.now()) if standing else []
        return by_day(lines, timetable.today(), 2)

    def week(self, request: Request) -> Response:
        """The week's grid, and above it the lessons of today and of the next day."""
        timetable, language = self._timetable, self._language(request)
        today = timetable.today()
        monday = _week_asked(request.query_params.get("week", ""), today)
        chosen = request.query_params.get("class", "")
        plans = timetable.plans()
        classes = sorted({plan.class_name for plan in plans if plan.class_name})
        taken = timetable.between(monday, monday + timedelta(days=6))
        shown = [one for one in taken if chosen in ("", one.class_name)] if chosen in classes else taken
        lines = lines_of(timetable.standing(shown), timetable.courses(), timetable.now())
        said = request.query_params.get("said", "")
        return self._page(
            request,
            "timetable.html",
            due=self.due(),
            week=week_of(monday, lines, timetable.bells(), plans),
            today=today,
            now=timetable.now(),
            clock_sure=self._clock_sure(),
            classes=classes,
            chosen=chosen if chosen in classes else "",
            bare=not any(not isinstance(plan, DaysOff) for plan in plans),
            disputed=len(timetable.disputed()),
            earlier=_href(monday - timedelta(days=7), chosen),
            later=_href(monday + timedelta(days=7), chosen),
            this_week=_href(today, chosen),
            page_notice=("good", translate(SAID[said], language)) if said in SAID else None,
        )

    async def occurrence(self, request: Request) -> Response:
        """One time of an entry: what is taken, how it stands, and what can be different at this time only."""
        if request.method == "POST":
            typed = await typed_in(request)
            return await run_in_threadpool(self._change_once, request, typed)
        return await run_in_threadpool(self._show_once, request, {})

    def _show_once(self, request: Request, typed: Mapping[str, str], error: AppError | None = None) -> Response:
        due = self._occurrence(request)
        (line,) = lines_of(self._timetable.standing([due]), self._timetable.courses(), self._timetable.now())
        language = self._language(request)
        return self._page(
            request,
            "timetable_once.html",
            status=200 if error is None else error.status,
            line=line,
            weekly=isinstance(self._timetable.plan(due.entry), WeeklyPlan),
            now=self._timetable.now(),
            typed=Typed(typed),
            faults=Typed({error.field: translate_error(error, language)} if isinstance(error, FieldRefused) else {}),
        )

    def _change_once(self, request: Request, typed: Mapping[str, str]) -> Response:
        due = self._occurrence(request)
        if not isinstance(self._timetable.plan(due.entry), WeeklyPlan):
            raise OccurrenceUnknown
        try:
            change = self._change_of(due, typed)
        except FieldRefused as error:
            return self._show_once(request, typed, error)
        self._timetable.change_once(due.entry, due.day, due.start, change)
        return RedirectResponse(f"{_href(due.starts.date(), '')}&said=saved", status_code=303)

    def _change_of(self, due: Occurrence, typed: Mapping[str, str]) -> dict[str, Any] | None:
        """Return what somebody wants to be different. Raises FieldRefused."""
        what = typed.get("what", "")
        if what == "skip":
            return {"skip": True}
        if what == "lesson":
            course = next((c for c in self._timetable.courses() if c.id == due.course), None)
            if course is None:
                raise CourseNotHere(course=due.course)
            lesson = find_lesson(typed.get("lesson", "").strip() or "-", course)
            return {"lesson": lesson.id, "onward": typed.get("onward") == "1"}
        if what == "move":
            day, start = read_day(typed.get("first", "")), read_clock(typed.get("start", ""))
            return {"day": day.isoformat(), "start": start}
        return None

    def _occurrence(self, request: Request) -> Occurrence:
        """Return the occurrence that an address names. Raises EntryUnknown, OccurrenceUnknown."""
        entry, start = request.path_params["entry"], request.path_params["start"]
        plan = self._timetable.plan(entry)
        try:
            day = date.fromisoformat(request.path_params["day"])
            first, last = day - timedelta(days=1), day + timedelta(days=1)
        except (ValueError, OverflowError) as error:
            raise OccurrenceUnknown from error
        change = plan.changes.get((day, start)) if isinstance(plan, WeeklyPlan) else None
        if change is not None and change.day is not None:
            moved = date.fromisoformat(change.day)
            first, last = min(first, moved), max(last, moved)
        taken = self._timetable.between(first, last)
        found = [one for one in taken if (one.entry, one.day, one.start) == (entry, day, start)]
        if not found:
            raise OccurrenceUnknown
        return found[0]


def _week_asked(text: str, today: date) -> date:
    """Return the Monday of the week of the day that was asked for; this week's if that is none."""
    try:
        day = read_day(text)
    except FieldRefused:
        day = today
    return day - timedelta(days=day.isoweekday() - 1)


def _href(day: date, chosen: str) -> str:
    return "/timetable?" + urlencode({"week": day.isoformat(), **({"class": chosen} if chosen else {})})
