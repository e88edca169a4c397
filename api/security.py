"""Who sent a request, and whether a browser sent it from one of our own pages."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from api.centre import Centre
from catalog.accounts.errors import ForeignOrigin, NotSignedIn
from catalog.accounts.models import Role, SessionKind
from catalog.accounts.passwords import is_form_token
from catalog.accounts.schemas import Person
from catalog.accounts.service import require, who_is
from catalog.nodes.models import Node
from catalog.nodes.service import node_of_token

SESSION_COOKIE = "songtan_session"
CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))


async def centre_of(request: Request) -> Centre:
    """Return the parts behind the app (`async`, so that it costs no thread)."""
    centre: Centre = request.app.state.centre
    return centre


CentreDep = Annotated[Centre, Depends(centre_of)]


def token_of(request: Request) -> tuple[str, SessionKind] | None:
    """Return the session's token and how it came, or None. A bearer token wins over a cookie."""
    bearer = bearer_of(request)
    if bearer is not None:
        return bearer, SessionKind.BEARER
    cookie = request.cookies.get(SESSION_COOKIE)
    return (cookie, SessionKind.COOKIE) if cookie else None


def bearer_of(request: Request) -> str | None:
    """Return the bearer token of the Authorization header, if there is one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def find_person(request: Request, centre: Centre) -> Person | None:
    """Return who is signed in, or None. A cookie's token is worth nothing as a bearer token, and the other way."""
    found = token_of(request)
    if found is None:
        return None
    with centre.session() as session:
        person = who_is(session, found[0])
    return person if person is not None and person.kind is found[1] else None


def is_from_here(request: Request) -> bool | None:
    """Say whether a page of this very host sent the request; None where the browser does not tell."""
    origin = request.headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == request.headers.get("host", "")
    site = request.headers.get("sec-fetch-site")
    return None if site is None else site == "same-origin"


def guard_cookie(request: Request, form_token: str | None) -> None:
    """Make sure that a request that changes something, with our cookie, is from our own page. Raises ForeignOrigin.

    The origin decides where the browser tells it; else the token that our forms and scripts carry.
    """
    found = token_of(request)
    if request.method in SAFE_METHODS or found is None or found[1] is SessionKind.BEARER:
        return
    here = is_from_here(request)
    if here is None:
        here = form_token is not None and is_form_token(found[0], form_token)
    if not here:
        raise ForeignOrigin


def signed_in(request: Request, centre: CentreDep) -> Person:
    """Return who sent an API request. Raises NotSignedIn, ForeignOrigin."""
    person = find_person(request, centre)
    if person is None:
        raise NotSignedIn
    guard_cookie(request, request.headers.get(CSRF_HEADER))
    return person


PersonDep = Annotated[Person, Depends(signed_in)]


def signed_in_ops(person: PersonDep) -> Person:
    """Return who sent an API request that only ops may send. Raises NotSignedIn, NotAllowed."""
    require(person, Role.OPS)
    return person


OpsDep = Annotated[Person, Depends(signed_in_ops)]


def known_node(request: Request, centre: CentreDep) -> Node:
    """Return the node that sent the request. Raises NodeNotKnown."""
    with centre.session() as session:
        return node_of_token(session, bearer_of(request))


NodeDep = Annotated[Node, Depends(known_node)]


def set_session_cookie(request: Request, response: Response, token: str, expires: datetime) -> None:
    """Give the browser its session; only our own pages send it, and no script reads it."""
    response.set_cookie(
        SESSION_COOKIE, token, expires=expires, path="/", secure=request.url.scheme == "https", httponly=True,
        samesite="lax",
    )  # fmt: skip


def clear_session_cookie(response: Response) -> None:
    """Take the session from the browser."""
    response.delete_cookie(SESSION_COOKIE, path="/")
