"""Attachments of lessons, as files to keep.

/media/<course>/<release>/<lesson>/attachments/<name>      whole or by range, once every part is here
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from catalog.formats.attachments import KINDS, PART_BYTES
from catalog.formats.release import Attachment, Lesson
from edge_cache.errors import MediaDamaged, MediaUnknown
from edge_cache.releases.repository import ReleaseRepository
from edge_cache.serve.media import answer_range
from edge_cache.serve.ranges import Span
from edge_cache.serve.sending import Missing, Parts, Sender, Streamed
from edge_cache.store.keeper import Keeper

log = structlog.get_logger(__name__)

OTHER_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Listed:
    """An attachment as a page lists it: its length in bytes, and its address, None while it is on its way."""

    name: str
    length: int
    address: str | None


class Attachments:
    """Serves the attachments that are whole here. They are sent to be saved, and never run on this origin."""

    def __init__(self, releases: ReleaseRepository, keeper: Keeper, sender: Sender) -> None:
        self._releases, self._keeper, self._sender = releases, keeper, sender
        self.on_bytes: Callable[[int], None] = lambda count: None

    def routes(self) -> list[Route]:
        """The routes of this module."""
        return [Route("/media/{course}/{release:int}/{lesson}/attachments/{name}", self.attachment)]

    async def attachment(self, request: Request) -> Response:
        """One attachment; its parts are read and verified as they are sent."""
        found = await self._sender.run(self._find, request)
        status, span, headers = answer_range(request, f'"{found.sha256[:32]}"', found.length)
        headers |= {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        kind = found.type if found.type in KINDS else OTHER_TYPE
        if span is None or request.method == "HEAD":
            return Response(status_code=status, headers=headers, media_type=kind)
        first = await self._sender.run(self._keeper.blob, found.parts[span.start // PART_BYTES])
        if first is None:
            raise MediaDamaged
        return Streamed(self._send(found, span, first), lambda: None, status, headers, kind, self.on_bytes)

    def _find(self, request: Request) -> Attachment:
        """Return what is asked for. Raises MediaUnknown where there is no such file, or not all of it is here."""
        params = request.path_params
        lesson = self._releases.lesson(params["course"], min(params["release"], 1 << 62), params["lesson"])
        found = next((one for one in lesson.attachments if one.name == params["name"]), None) if lesson else None
        if found is None or not _is_here(found, self._keeper.rows.holds_blob):
            raise MediaUnknown
        return found

    async def _send(self, attachment: Attachment, span: Span, first: bytes) -> Parts:
        """Send a span; where a part has rotten, stop short, so that the browser knows that it is not whole."""
        begin = span.start // PART_BYTES
        for number in range(begin, -(-span.end // PART_BYTES)):
            digest = attachment.parts[number]
            data = first if number == begin else await self._sender.run(self._keeper.blob, digest)
            if data is None:
                log.warning("view.broke-off", segment=digest)
                raise Missing(digest)
            at = number * PART_BYTES
            yield memoryview(data)[max(0, span.start - at) : span.end - at]


def list_attachments(lesson: Lesson, base: str, holds: Callable[[str], bool]) -> Sequence[Listed]:
    """Return a lesson's attachments in the order of its release; `base` is the address of its media.

    `holds` says whether a small file, by its digest, is here.
    """
    return [
        Listed(
            one.name,
            one.length,
            f"{base}/attachments/{quote(one.name, safe='')}" if _is_here(one, holds) else None,
        )
        for one in lesson.attachments
    ]


def _is_here(attachment: Attachment, holds: Callable[[str], bool]) -> bool:
    return all(holds(digest) for digest in attachment.parts)
