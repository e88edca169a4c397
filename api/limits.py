"""How long a request's body may be: files go to the object store, so nothing here is large."""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import BodyTooLarge, FileTooLarge

MIB = 1 << 20
DEFAULT_BYTES = MIB
A_LITTLE_MORE = MIB // 4
"""So that the file's own check can speak, and for what a form has beside its file."""
ATTACHMENTS_TIMES = 2
"""A body may have so many times what an attachment may: a browser that is cut short shows no words at all."""
BY_PATH = (
    (re.compile(r"/api/node/(reports|timetable)"), 8 * MIB),
    (re.compile(r".*/captions(/.*)?"), MIB + A_LITTLE_MORE),
)
ATTACHMENTS = re.compile(r"/(api|partner)/lessons/[^/]+/attachments(/[^/]+)?")


def limit_for(path: str, attachment_bytes: int) -> int:
    """Return how many bytes a body sent to `path` may have; `attachment_bytes` is what a lesson's file may have."""
    if ATTACHMENTS.fullmatch(path):
        return max(DEFAULT_BYTES, ATTACHMENTS_TIMES * attachment_bytes) + A_LITTLE_MORE
    return next((limit for pattern, limit in BY_PATH if pattern.fullmatch(path)), DEFAULT_BYTES)


class BodyLimit:
    """ASGI middleware: refuses longer bodies, by their announced length or while they come in."""

    def __init__(self, app: ASGIApp, attachment_bytes: int) -> None:
        """`attachment_bytes` is what an attachment of a lesson may have."""
        self.app, self._attachment_bytes = app, attachment_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on. Raises BodyTooLarge, or FileTooLarge where it is sent to a lesson's attachments."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = limit_for(scope["path"], self._attachment_bytes)
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or len(announced) > 18 or int(announced) > limit:
            raise self._refusal(scope["path"], limit)
        taken = 0

        async def counting() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise self._refusal(scope["path"], limit)
            return message

        await self.app(scope, counting, send)

    def _refusal(self, path: str, limit: int) -> BodyTooLarge:
        if ATTACHMENTS.fullmatch(path):
            return FileTooLarge(limit=self._attachment_bytes)
        return BodyTooLarge(limit=limit)
