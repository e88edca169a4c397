"""Wishes on the pages: a form at the lesson that works without a script."""

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from catalog.formats.occurrences import Occurrence
from edge_cache.planner.given import Wish
from edge_cache.timetable.planned import DUE_DAYS
from edge_cache.timetable.service import TimetableService
from edge_cache.web.forms import typed_in
from edge_cache.wishes.service import Wishes, read_wish


class WishPages:
    """What the pages show and take of wishes."""

    def __init__(self, wishes: Wishes, timetable: TimetableService) -> None:
        self._wishes, self._timetable = wishes, timetable

    def routes(self) -> list[Route]:
        """The route of the form."""
        return [Route("/lessons/{course}/{lesson}/wish", self.ask, methods=["POST"])]

    async def ask(self, request: Request) -> Response:
        """Take what somebody asks of a lesson (form field `wish`), and go back to its page."""
        typed = await typed_in(request)
        course, lesson = request.path_params["course"], request.path_params["lesson"]
        await run_in_threadpool(self._wishes.ask, course, lesson, read_wish(typed.get("wish", "")))
        return RedirectResponse(f"/lessons/{course}/{lesson}#wish", status_code=303)

    def by_lesson(self) -> Mapping[tuple[str, str], Wish]:
        """What is asked, by (course, lesson): for lists of lessons."""
        return self._wishes.by_lesson()

    def of(self, course: str, lesson: str) -> dict[str, Any]:
        """Return for a lesson's page `wish`, what is asked, and `needed`, who takes one that is not wanted."""
        wish = self._wishes.by_lesson().get((course, lesson))
        return {"wish": wish, "needed": self._taken(course, lesson) if wish is Wish.NOT else None}

    def _taken(self, course: str, lesson: str) -> Occurrence | None:
        due = self._timetable.upcoming(self._timetable.now(), DUE_DAYS)
        return next((one for one in due if (one.course, one.lesson) == (course, lesson)), None)
