"""The pages of a node. They work with the centre away and with no line; handlers run in threads."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from catalog.formats.clock import is_sure
from catalog.formats.errors import N_, AppError
from catalog.formats.protocol import Direction
from catalog.formats.release import Lesson
from catalog.look.language import Language, known_language, translate, translate_error
from catalog.look.pages import Pages
from edge_cache import SOFTWARE
from edge_cache.database import Database
from edge_cache.errors import LINE_CODES, LessonUnknown, NoLine, StatementExpired
from edge_cache.identity import Identity
from edge_cache.line.line import Line
from edge_cache.nearby import Nearby
from edge_cache.notes import Notes, Problem
from edge_cache.planning.line import usual_rate
from edge_cache.planning.service import Planning
from edge_cache.releases.repository import LessonLine, ReleaseRepository, RungState
from edge_cache.releases.updates import UpdateRepository, expected_hours
from edge_cache.report import CLOCK_WRONG_BY_S, ReportQueue
from edge_cache.serve.attachments import list_attachments
from edge_cache.serve.media import furthest
from edge_cache.store.keeper import Keeper
from edge_cache.timetable.service import TimetableService
from edge_cache.web.forms import guard_form
from edge_cache.web.room import room_needed
from edge_cache.web.showing import PART, Showing, beginning, showing
from edge_cache.web.timetable import TimetablePages
from edge_cache.web.wishes import WishPages
from edge_cache.wishes.service import Wishes

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
NO_PAGE = N_("This page does not exist. Go back to the lessons.")
LESSONS_ON_A_PAGE = 60
LESSONS_AT_HOME = 6
PLACE_ORDER = ("stage", "grade", "subject", "edition", "volume", "unit", "trade")


class Host(Protocol):
    """As much of a node as its pages know."""

    identity: Identity | None
    notes: Notes
    releases: ReleaseRepository
    keeper: Keeper
    neighbourhood: Nearby
    database: Database
    timetable: TimetableService
    updates: UpdateRepository
    bytes_fetched: int
    line: Line
    wishes: Wishes
    planning: Planning

    def pause(self, paused: bool) -> None:
        """Pause the fill, or let it go on."""
        ...

    async def enrol(self, address: str, code: str) -> Identity:
        """Enrol the node."""
        ...

    def now(self) -> datetime:
        """The best guess of the time."""
        ...


class Classroom:
    """Renders the pages."""

    def __init__(self, node: Host) -> None:
        self._node = node
        self.pages = Pages([TEMPLATES], static_dirs=[STATIC], zone=node.timetable.zone)
        self.timetable = TimetablePages(node.timetable, self._page, self.pages.language, self._clock_sure)
        self.wishes = WishPages(node.wishes, node.timetable)

    def routes(self) -> list[Route]:
        """The routes of the pages and of their static files."""
        return [
            Route("/", self.home),
            Route("/courses/{course}", self.course),
            Route("/lessons/{course}/{lesson}", self.lesson),
            Route("/status", self.status),
            Route("/status/pause", self.pause, methods=["POST"]),
            Route("/setup", self.setup, methods=["GET", "POST"]),
            *self.wishes.routes(),
            *self.timetable.routes(),
            *self.pages.assets.routes(),
        ]

    def home(self, request: Request) -> Response:
        """All courses, each with its first lessons."""
        if self._node.identity is None:
            return RedirectResponse("/setup", status_code=303)
        courses = self._node.releases.courses()
        few = LESSONS_ON_A_PAGE if len(courses) == 1 else LESSONS_AT_HOME
        shelves = [(course, self._node.releases.lessons(course.course, count=few)) for course in courses]
        return self._page(
            request,
            "home.html",
            due=self.timetable.due(),
            now=self._node.now(),
            shelves=shelves,
            wishes=self.wishes.by_lesson(),
            shown=few,
            ready=sum(course.ready for course in courses),
            known=sum(course.lessons for course in courses),
        )

    def course(self, request: Request) -> Response:
        """One course with its lessons, a page at a time."""
        wanted = request.path_params["course"]
        course = next((c for c in self._node.releases.courses() if c.course == wanted), None)
        if course is None:
            raise LessonUnknown
        count = max(1, -(-course.lessons // LESSONS_ON_A_PAGE))
        asked = request.query_params.get("page", "1")
        here = min(count, max(1, int(asked))) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else 1
        lessons = self._node.releases.lessons(course.course, (here - 1) * LESSONS_ON_A_PAGE, LESSONS_ON_A_PAGE)
        wishes = self.wishes.by_lesson()
        return self._page(request, "course.html", course=course, lines=lessons, wishes=wishes, here=here, count=count)

    def lesson(self, request: Request) -> Response:
        """The player, or how far the fetching is; a lesson that cannot be watched yet may be listened to."""
        course, wanted = request.path_params["course"], request.path_params["lesson"]
        line = self._node.releases.line(course, wanted)
        if line is None:
            raise LessonUnknown
        own = next((c for c in self._node.releases.courses() if c.course == course), None)
        title = own.title if own else ""
        serving = self._node.releases.serving(course, wanted)
        release = serving or (own.release if own else 0)
        lesson = self._node.releases.lesson(course, release, wanted)
        shown = part = None
        base = f"/media/{course}/{release}/{wanted}"
        if lesson is not None:
            rungs = self._node.releases.rungs(course, release, wanted)
            here = rungs if serving else [rung for rung in rungs if rung.complete]
            asked = request.query_params.get("show", "")
            shown = showing(lesson, here, base, asked, self._held)
            part = None if serving else self._beginning(lesson, rungs, base)
            shown = part if shown is None or (asked == PART and part) else shown
        about: dict[str, Any] = {
            "line": line,
            "course_title": title,
            "over": place_of(line),
            "attachments": list_attachments(lesson, base, self._held) if lesson is not None else [],
            **self.wishes.of(course, wanted),
        }
        if lesson is None or shown is None:
            return self._page(request, "waiting.html", **about)
        before, after = self._neighbours(line)
        readers = self.pages.language(request)
        captions = sorted(lesson.captions, key=lambda c: known_language(c.language) != readers)
        return self._page(
            request,
            "lesson.html",
            **about,
            shown=shown,
            part_s=part.part_s if part else None,
            whole_by_ear=any(rung.complete for rung in here),
            poster=f"/media/blob/{line.poster}.jpg" if line.poster else None,
            captions=[(f"/media/blob/{c.sha256}.vtt", c.language, c.name) for c in captions if self._held(c.sha256)],
            before=before,
            after=after,
        )

    def _clock_sure(self) -> bool:
        """Say whether the box knows what time it is, as far as anybody has told it."""
        offset = self._node.notes.fact("clock_offset_s")
        right = offset is None or abs(float(offset)) < CLOCK_WRONG_BY_S
        return right and is_sure(datetime.now(UTC), self._node.notes.witness())

    def _beginning(self, lesson: Lesson, rungs: Sequence[RungState], base: str) -> Showing | None:
        """How the page shows a lesson that is on its way, as far as it can be watched."""
        found = furthest([rung for rung in rungs if rung.watchable], self._node.keeper.rows)
        if found is None:
            return None
        state, count = found
        index = self._node.keeper.index(state.video or state.sound or "")
        seconds = index.first(count).duration_ms / 1000 if index else 0.0
        return beginning(lesson, state, base, count, seconds, self._held)

    def _held(self, digest: str) -> bool:
        """Say whether a small file is here."""
        return self._node.keeper.rows.holds_blob(digest)

    def status(self, request: Request) -> Response:
        """How the box is, for who looks after it."""
        node, language = self._node, self.pages.language(request)
        nearby = node.neighbourhood
        segments, held_bytes = node.keeper.rows.totals()
        text, offset = node.notes.fact("direction"), node.notes.fact("clock_offset_s")
        held = {course.course: course for course in node.releases.held()}
        return self._page(
            request,
            "status.html",
            identity=node.identity,
            direction=None if text is None else Direction.model_validate_json(text),
            problems=tell_problems(node.notes.problems(), language),
            courses=[(course, held[course.course]) for course in node.releases.courses()],
            lessons_ready=sum(course.lessons_ready for course in held.values()),
            lessons_known=sum(course.lessons for course in held.values()),
            disk=node.keeper.files.disk(),
            segments=segments,
            held_bytes=held_bytes,
            fetched=node.bytes_fetched,
            line=node.line,
            room=room_needed(*node.planning.now(), node.timetable.courses()),
            now=node.now(),
            clock_sure=is_sure(datetime.now(UTC), node.notes.witness()),
            clock_offset=None if offset is None else float(offset),
            last_contact=node.notes.moment("contact"),
            updates=[(u, expected_hours(u.cost, usual_rate(node.notes))) for u in node.updates.under_way()],
            scrubbed=node.notes.moment("scrub_finished"),
            scrub_found=int(node.notes.fact("scrub_found") or 0),
            reports_waiting=len(ReportQueue(node.database).waiting()),
            software=SOFTWARE,
            drives=[
                (drive, drive.state, translate_error(drive.problem, language) if drive.problem else None)
                for drive in nearby.drives.drives
            ],
            peers=nearby.peers,
        )

    async def pause(self, request: Request) -> Response:
        """Pause the fill, or let it go on (form field `paused`: yes or no)."""
        guard_form(request)
        form = await request.form(max_files=0, max_fields=2, max_part_size=100)
        self._node.pause(form.get("paused") == "yes")
        return RedirectResponse("/status", status_code=303)

    async def setup(self, request: Request) -> Response:
        """The first set-up: the centre's address and a one-time code."""
        if self._node.identity is not None:
            return RedirectResponse("/status", status_code=303)
        address = code = ""
        error: str | None = None
        if request.method == "POST":
            guard_form(request)
            form = await request.form(max_files=0, max_fields=10, max_part_size=10_000)
            address, code = str(form.get("address", ""))[:300], str(form.get("code", ""))[:60]
            try:
                await self._node.enrol(address, code)
                return RedirectResponse("/", status_code=303)
            except AppError as refused:
                error = translate_error(refused, self.pages.language(request))
        status = 200 if error is None else 422
        return self._page(request, "setup.html", status=status, address=address, code=code, error=error)

    def error_page(self, request: Request, error: AppError) -> Response:
        """A page for an error, in the reader's language."""
        message = translate_error(error, self.pages.language(request))
        return self._page(request, "error.html", status=error.status, message=message, code=error.code)

    def not_found(self, request: Request) -> Response:
        """A page for an address that is none."""
        message = translate(NO_PAGE, self.pages.language(request))
        return self._page(request, "error.html", status=404, message=message)

    def _neighbours(self, line: LessonLine) -> tuple[LessonLine | None, LessonLine | None]:
        """The lessons before and after one in its course."""
        lessons = self._node.releases.lessons(line.course)
        at = next(n for n, other in enumerate(lessons) if other.lesson == line.lesson)
        return (lessons[at - 1] if at else None), (lessons[at + 1] if at + 1 < len(lessons) else None)

    def _page(self, request: Request, template: str, *, status: int = 200, **context: object) -> Response:
        identity = self._node.identity
        return self.pages.response(
            request,
            template,
            status=status,
            node_name=identity.name if identity else None,
            site_name=identity.site_name if identity else None,
            **context,
        )


def tell_problems(problems: Sequence[Problem], language: Language) -> list[tuple[str, Problem, str]]:
    """Return (kind of notice, problem, words) for people; what says the same, and "no line", becomes one."""
    told, no_line, said = [], None, set[str]()
    for problem in problems:
        if problem.text in said:
            continue
        said.add(problem.text)
        if problem.code not in LINE_CODES:
            kind = "warn" if problem.code == StatementExpired.code else "bad"
            told.append((kind, problem, translate(problem.message, language) % problem.data))
        elif no_line is None:
            no_line = ("warn", replace(problem, code=NoLine.code), translate(NoLine.message, language))
    return told + ([no_line] if no_line else [])


def place_of(line: LessonLine) -> str:
    """Where a lesson stands in the curriculum, in a few words."""
    return " · ".join(line.place[name] for name in PLACE_ORDER if line.place.get(name))
