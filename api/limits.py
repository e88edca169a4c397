"""How long a request's body may be: files go to the object store, so nothing here is large."""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import BodyTooLarge

MIB = 1 << 20
DEFAULT_BYTES = MIB
BY_PATH = (
    (re.compile(r"/api/node/(reports|timetable)"), 8 * MIB),
    (re.compile(r".*/captions(/.*)?"), MIB + MIB // 4),  # a little more, so that the captions' own check can speak
)


def limit_for(path: str) -> int:
    """Return how many bytes a body sent to `path` may have."""
    return next((limit for pattern, limit in BY_PATH if pattern.fullmatch(path)), DEFAULT_BYTES)


class BodyLimit:
    """ASGI middleware: refuses longer bodies, by their announced length or while they come in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on. Raises BodyTooLarge."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = limit_for(scope["path"])
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or len(announced) > 18 or int(announced) > limit:
            raise BodyTooLarge(limit=limit)
        taken = 0

        async def counting() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise BodyTooLarge(limit=limit)
            return message

        await self.app(scope, counting, send)
