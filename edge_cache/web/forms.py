"""Forms of the node's pages: from its own pages only, and no longer than a person types."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import UploadFile
from starlette.requests import Request

from edge_cache.errors import ForeignForm

LONGEST_TEXT = 500
MOST_FIELDS = 400


class Typed(dict[str, str]):
    """What somebody typed, or sentences, by the field's name; "" where there is nothing."""

    def __init__(self, known: Mapping[str, str]) -> None:
        super().__init__(known)

    def __missing__(self, name: str) -> str:
        return ""


def guard_form(request: Request) -> None:
    """Make sure that a form was sent from a page of this box. Raises ForeignForm."""
    if urlsplit(request.headers.get("origin", "")).netloc not in ("", request.headers.get("host")):
        raise ForeignForm


async def typed_in(request: Request) -> dict[str, str]:
    """Return what was typed into a form of ours; of a name that is there several times, the values are joined by
    blanks. Raises ForeignForm."""
    guard_form(request)
    form = await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=10_000)
    found: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        found.setdefault(name, []).append(str(value)[:LONGEST_TEXT])
    return {name: " ".join(values) for name, values in found.items()}


async def file_in(request: Request, name: str, longest: int) -> bytes:
    """Return the bytes of a file that was sent with a form, up to one more than `longest`. Raises ForeignForm."""
    guard_form(request)
    form = await request.form(max_files=1, max_fields=10, max_part_size=10_000)
    try:
        sent = form.get(name)
        return await sent.read(longest + 1) if isinstance(sent, UploadFile) else b""
    finally:
        await form.close()
