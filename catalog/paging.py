"""Pages of long lists: by keyset, never by counting, so that the thousandth costs what the first does."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from catalog.formats.errors import N_, AppError
from catalog.formats.ids import is_id

PAGE_SIZE = 50
T = TypeVar("T")


class CursorUnreadable(AppError):
    """A page was asked for by a cursor that no answer of ours gave."""

    code = "page.bad-cursor"
    status = 422
    message = N_("This cursor is not from one of our answers. Start again at the first page, without a cursor.")


@dataclass(frozen=True)
class Cursor:
    """The last row of a page: the next one begins after it. Lists are newest first."""

    created_at: datetime
    id: str

    def encoded(self) -> str:
        """Return it as text for an address; opaque to clients."""
        raw = json.dumps([self.created_at.isoformat(), self.id]).encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def parse_cursor(text: str | None) -> Cursor | None:
    """Return what `encoded` gave, None for none. Raises CursorUnreadable."""
    if not text:
        return None
    try:
        moment, row = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
        cursor = Cursor(datetime.fromisoformat(moment), row)
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise CursorUnreadable from error
    if cursor.created_at.tzinfo is None or not isinstance(row, str) or not is_id(row):
        raise CursorUnreadable
    return cursor


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, and where the next page begins; None after the last."""

    rows: list[T]
    next: str | None
