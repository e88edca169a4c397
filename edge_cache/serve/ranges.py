"""Conditional and range requests (RFC 9110, sections 13 and 14), as pure functions of the request's headers."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` up to, not including, `end` of something of `size` bytes."""

    start: int
    end: int
    size: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.end - self.start

    @property
    def content_range(self) -> str:
        """The value of Content-Range for this span."""
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


class Unsatisfiable(Exception):
    """A range that lies wholly outside."""


_ONE_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


def read_range(header: str | None, size: int) -> Span | None:
    """Return the one range that `header` asks for of `size` bytes; None to answer with the whole.

    More ranges than one, another unit, or a header that cannot be read are answered with the whole, as the
    standard allows. Raises Unsatisfiable if nothing of the range is there.
    """
    found = _ONE_RANGE.fullmatch(header.strip()) if header else None
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        length = int(found[2])
        if length == 0 or size == 0:
            raise Unsatisfiable
        return Span(max(0, size - length), size, size)
    start, last = int(found[1]), int(found[2]) if found[2] else size - 1
    if found[2] and last < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return Span(start, min(last + 1, size), size)


def matches(header: str | None, etag: str) -> bool:
    """Say whether If-None-Match names `etag` (weak comparison)."""
    if header is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return "*" in tags or etag in tags


def range_still_holds(if_range: str | None, etag: str) -> bool:
    """Say whether a range may be answered: there is no If-Range, or it is exactly `etag` (strong comparison)."""
    return if_range is None or if_range.strip() == etag
