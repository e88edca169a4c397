"""The forms of the timetable: entries, days off, bells, files, and choosing where two people said different things."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from catalog.formats.errors import AppError
from catalog.formats.occurrences import DaysOff, OneLesson, Period, Plan, WeeklyPlan
from catalog.formats.timetable import disputed
from catalog.look.filters import clock_words
from catalog.look.language import Language, translate, translate_error
from edge_cache.timetable.entered import days_from, once_from, read_clock, read_minutes, read_weekday, weekly_from
from edge_cache.timetable.errors import EntryUnknown, FieldRefused, FileNotText, NoPeriods
from edge_cache.timetable.repository import CourseHere
from edge_cache.timetable.service import TimetableService
from edge_cache.timetable.sheet import HEADINGS, MAX_BYTES, Faulty, read_sheet, write_sheet
from edge_cache.web.choices import choices_of, dot_of
from edge_cache.web.forms import Typed, file_in, typed_in

Page = Callable[..., Response]
MOST_BELLS = 14


class TimetableForms:
    """Everything of the timetable that is filled in."""

    def __init__(self, timetable: TimetableService, page: Page, language: Callable[[Request], Language]) -> None:
        self._timetable, self._page, self._language = timetable, page, language

    def routes(self) -> list[Route]:
        """The routes of the forms."""
        return [
            Route("/timetable/new", self.new, methods=["GET", "POST"]),
            Route("/timetable/entries/{entry}", self.entry, methods=["GET", "POST"]),
            Route("/timetable/entries/{entry}/remove", self.remove, methods=["POST"]),
            Route("/timetable/choices", self.choices, methods=["GET"]),
            Route("/timetable/entries/{entry}/choose", self.choose, methods=["POST"]),
            Route("/timetable/days", self.days, methods=["GET", "POST"]),
            Route("/timetable/bells", self.bells, methods=["GET", "POST"]),
            Route("/timetable/file", self.file, methods=["GET", "POST"]),
            Route("/timetable/export.csv", self.export),
        ]

    async def new(self, request: Request) -> Response:
        """A new entry: weekly, or once."""
        if request.method == "GET":
            asked = {name: value[:40] for name, value in request.query_params.items()}
            if "weekday" in asked and "start" in asked:
                asked["at"] = f"{asked['weekday']}.{asked['start']}"
            if asked.get("kind") == "once" and asked.get("start", "").isdecimal():
                asked["start"] = clock_words(int(asked["start"]) % 1440)
            return await run_in_threadpool(self._form, request, asked)
        typed = await typed_in(request)
        return await run_in_threadpool(self._save, request, typed, None)

    async def entry(self, request: Request) -> Response:
        """An entry, to change or to remove."""
        entry = request.path_params["entry"]
        if request.method == "GET":
            plan = await run_in_threadpool(self._timetable.plan, entry)
            return await run_in_threadpool(self._form, request, self._typed_of(plan), plan)
        typed = await typed_in(request)
        return await run_in_threadpool(self._save, request, typed, entry)

    async def remove(self, request: Request) -> Response:
        """Take an entry off the timetable."""
        await typed_in(request)
        await run_in_threadpool(self._timetable.remove, request.path_params["entry"])
        return _seen("removed")

    def _typed_of(self, plan: Plan) -> dict[str, str]:
        """Return an entry as its form shows it."""
        if isinstance(plan, DaysOff):
            raise EntryUnknown
        course = next((c for c in self._timetable.courses() if c.id == plan.course), None)
        number = next((str(one.number) for one in course.lessons if one.id == plan.lesson), "") if course else ""
        shown = {
            "class_name": plan.class_name,
            "course": plan.course,
            "lesson": number,
            "first": plan.first.isoformat(),
        }
        if isinstance(plan, OneLesson):
            return shown | {"kind": "once", "start": clock_words(plan.start), "minutes": str(plan.minutes)}
        at = " ".join(f"{p.weekday}.{p.start}.{p.minutes}" for p in plan.periods)
        return shown | {"kind": "weekly", "last": plan.last.isoformat() if plan.last else "", "at": at}

    def _form(
        self, request: Request, typed: Mapping[str, str], plan: Plan | None = None, error: FieldRefused | None = None
    ) -> Response:
        timetable, language = self._timetable, self._language(request)
        courses = timetable.courses()
        chosen = {".".join(at.split(".")[:2]) for at in typed.get("at", "").split()}
        lengths = dict(timetable.bells())
        lengths.update(_lengths(typed.get("at", "")))
        kind = "once" if typed.get("kind") == "once" else "weekly"
        return self._page(
            request,
            "timetable_entry.html",
            status=200 if error is None else error.status,
            plan=plan,
            kind=kind,
            typed=Typed({"first": timetable.today().isoformat(), **typed}),
            faults=Typed({error.field: translate_error(error, language)} if error else {}),
            courses=[(c.id, _course_words(c)) for c in courses],
            known=plan is None or isinstance(plan, DaysOff) or any(c.id == plan.course for c in courses),
            classes=sorted({p.class_name for p in timetable.plans() if p.class_name}),
            bells=sorted(lengths.items()),
            chosen=chosen,
            swap="/timetable/new?" + urlencode({**_carried(typed), "kind": "weekly" if kind == "once" else "once"}),
        )

    def _save(self, request: Request, typed: Mapping[str, str], entry: str | None) -> Response:
        timetable = self._timetable
        was = timetable.plan(entry) if entry else None
        plan: Plan
        try:
            courses = timetable.courses()
            if isinstance(was, OneLesson) or (was is None and typed.get("kind") == "once"):
                plan = once_from(typed, courses, was if isinstance(was, OneLesson) else None)
            else:
                periods = _periods(typed)
                if not periods:
                    raise NoPeriods
                bare = was if isinstance(was, WeeklyPlan) else None
                plan = weekly_from(typed, periods, courses, timetable.today(), bare)
        except FieldRefused as error:
            return self._form(request, typed, was, error)
        timetable.save({entry: plan} if entry else {}, [] if entry else [plan])
        return _seen("saved" if entry else "added", plan)

    def choices(self, request: Request) -> Response:
        """What two people said differently, to choose from."""
        timetable, language = self._timetable, self._language(request)
        found = [choices_of(entry, timetable.courses(), language) for entry in timetable.disputed()]
        return self._page(request, "timetable_choices.html", found=found)

    async def choose(self, request: Request) -> Response:
        """Take what somebody chose."""
        typed = await typed_in(request)
        await run_in_threadpool(self._choose, request.path_params["entry"], typed)
        return _seen("saved")

    def _choose(self, entry: str, typed: Mapping[str, str]) -> None:
        asked = disputed(self._timetable.entry(entry))
        chosen = {
            name: write.value
            for name, writes in asked.items()
            for write in writes
            if name != "removed" and typed.get(name) == dot_of(write)
        }
        keep = {"keep": True, "remove": False}.get(typed.get("removed", ""))
        self._timetable.settle(entry, chosen, keep)

    async def days(self, request: Request) -> Response:
        """Days without classes, or with another weekday's."""
        if request.method == "GET":
            return await run_in_threadpool(self._days, request, {})
        typed = await typed_in(request)
        return await run_in_threadpool(self._add_days, request, typed)

    def _days(self, request: Request, typed: Mapping[str, str], error: FieldRefused | None = None) -> Response:
        language, since = self._language(request), self._timetable.today() - timedelta(days=30)
        plans = self._timetable.plans()
        there = [plan for plan in plans if isinstance(plan, DaysOff) and plan.last >= since]
        return self._page(
            request,
            "timetable_days.html",
            status=200 if error is None else error.status,
            there=sorted(there, key=lambda plan: (plan.first, plan.id)),
            classes=sorted({p.class_name for p in plans if p.class_name}),
            typed=Typed(typed),
            faults=Typed({error.field: translate_error(error, language)} if error else {}),
        )

    def _add_days(self, request: Request, typed: Mapping[str, str]) -> Response:
        try:
            self._timetable.add([days_from(typed)])
        except FieldRefused as error:
            return self._days(request, typed, error)
        return RedirectResponse("/timetable/days", status_code=303)

    async def bells(self, request: Request) -> Response:
        """When the school's periods begin."""
        if request.method == "GET":
            rows = [(clock_words(start), str(long)) for start, long in await run_in_threadpool(self._timetable.bells)]
            return self._bells(request, rows)
        typed = await typed_in(request)
        return await run_in_threadpool(self._set_bells, request, typed)

    def _bells(self, request: Request, rows: Sequence[tuple[str, str]], faults: Mapping[int, str] = {}) -> Response:
        shown = [*rows, *[("", "")] * (MOST_BELLS - len(rows))]
        return self._page(
            request, "timetable_bells.html", status=422 if faults else 200, rows=shown[:MOST_BELLS], faults=faults
        )

    def _set_bells(self, request: Request, typed: Mapping[str, str]) -> Response:
        rows = [(typed.get(f"start-{n}", ""), typed.get(f"minutes-{n}", "")) for n in range(1, MOST_BELLS + 1)]
        faults, bells = {}, []
        for n, (start, minutes) in enumerate(rows, 1):
            if start.strip():
                try:
                    bells.append((read_clock(start), read_minutes(minutes)))
                except FieldRefused as error:
                    faults[n] = translate_error(error, self._language(request))
        if faults:
            return self._bells(request, rows, faults)
        self._timetable.set_bells(bells)
        return _seen("saved")

    async def file(self, request: Request) -> Response:
        """The timetable as a file: out, and in again."""
        if request.method == "GET":
            return self._file(request)
        data = await file_in(request, "file", MAX_BYTES)
        return await run_in_threadpool(self._import, request, data)

    def _file(self, request: Request, error: AppError | None = None) -> Response:
        language = self._language(request)
        faults = [
            (fault.row, translate(HEADINGS[fault.column], language), translate_error(fault.error, language))
            for fault in (error.faults if isinstance(error, Faulty) else ())
        ]
        return self._page(
            request,
            "timetable_file.html",
            status=200 if error is None else error.status,
            error=translate_error(error, language) if error else None,
            faults=faults,
            headings=[translate(heading, language) for heading in HEADINGS.values()],
        )

    def _import(self, request: Request, data: bytes) -> Response:
        timetable = self._timetable
        try:
            if not data:
                raise FileNotText
            sheet = read_sheet(data, timetable.courses(), timetable.today(), timetable.plans())
            timetable.save(sheet.changed, sheet.added)
        except AppError as error:
            return self._file(request, error)
        return _seen("imported")

    def export(self, request: Request) -> Response:
        """The timetable as a CSV file."""
        data = write_sheet(self._timetable.plans(), self._timetable.courses(), self._language(request))
        name = f"timetable-{self._timetable.today().isoformat()}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(data, media_type="text/csv; charset=utf-8", headers=headers)


def _seen(said: str, plan: Plan | None = None) -> Response:
    """Send the browser to the timetable, to the week in which an entry begins, and say what was done."""
    where = {"week": plan.first.isoformat()} if plan else {}
    return RedirectResponse("/timetable?" + urlencode({**where, "said": said}), status_code=303)


def _periods(typed: Mapping[str, str]) -> list[Period]:
    """Return the weekly periods that were ticked, and one at another time. Raises FieldRefused."""
    found = []
    for at in typed.get("at", "").split():
        weekday, start, minutes = (*at.split("."), "", "")[:3]
        clock = clock_words(int(start)) if start.isdecimal() and len(start) < 5 else start
        found.append(Period(read_weekday(weekday), read_clock(clock), read_minutes(minutes)))
    if typed.get("other_start", "").strip():
        minutes = typed.get("other_minutes", "")
        found.append(
            Period(read_weekday(typed.get("other_day", "")), read_clock(typed["other_start"]), read_minutes(minutes))
        )
    return found


def _lengths(at: str) -> dict[int, int]:
    """Return how long the periods are that an entry has, by their start; what is no number is left out."""
    found = {}
    for one in at.split():
        parts = one.split(".")
        if len(parts) == 3 and parts[1].isdecimal() and parts[2].isdecimal() and len(one) < 12:
            found[int(parts[1])] = int(parts[2])
    return found


def _carried(typed: Mapping[str, str]) -> dict[str, str]:
    names = ("class_name", "course", "lesson", "first", "weekday", "start")
    return {name: typed[name] for name in names if typed.get(name)}


def _course_words(course: CourseHere) -> str:
    place = " ".join(course.place[name] for name in ("grade", "subject", "volume") if course.place.get(name))
    return f"{course.title} · {place}" if place else course.title
