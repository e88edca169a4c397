"""Puts the partner and ops pages into the app."""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api.web import entrance
from api.web.desk import GoTo, see_other
from api.web.ops import assignments, jobs, nodes, places
from api.web.partner import attachments, captions, courses, lessons, releases, uploads


def install(app: FastAPI) -> None:
    """Add the pages to an app whose `state.centre` and `state.pages` are set."""
    app.add_exception_handler(GoTo, _go_to)
    for part in (
        entrance,
        courses,
        lessons,
        captions,
        attachments,
        uploads,
        releases,
        places,
        nodes,
        assignments,
        jobs,
    ):
        app.include_router(part.router)


def _go_to(_request: Request, found: Exception) -> Response:
    if not isinstance(found, GoTo):
        raise found
    return see_other(found.url)
