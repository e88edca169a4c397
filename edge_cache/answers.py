"""What an answer of a source has to be, over whatever line it comes: no refusal, the range asked for, and no drips."""

from collections.abc import Mapping

from edge_cache.errors import (
    SourceBrokeOff,
    SourceFailed,
    SourceFailing,
    SourceForbids,
    SourceLacks,
    SourceNotOurs,
    SourceRefusesRange,
    SourceTooLong,
)
from edge_cache.line.errors import ProxyRefuses, SourceDrips, SourceLinkExpired

ENOUGH = 4096
"""Fewer bytes than this in the longest silence that a source may have: it drips."""


def refuse(address: str, status: int, headers: Mapping[str, str], words: bytes = b"") -> SourceFailed | None:
    """Return what an answer that is no object means, None for one that may be; `words` is how its body begins."""
    kinds: dict[int, type[SourceFailed]] = {
        401: SourceForbids,
        403: SourceForbids,
        404: SourceLacks,
        407: ProxyRefuses,
        410: SourceLacks,
        416: SourceRefusesRange,
    }
    if status in (401, 403, 410) and b"expired" in words.lower():
        return SourceLinkExpired(address=address, status=status)
    if status in kinds:
        return kinds[status](address=address, status=status)
    if 300 <= status < 400 or status == 511:
        return SourceNotOurs(address=address, why=f"it sends us elsewhere (answer {status})")
    if status >= 400:
        return SourceFailing(address=address, status=status)
    if "text/html" in headers.get("content-type", ""):
        return SourceNotOurs(address=address, why="a web page came")
    return None


def promised(headers: Mapping[str, str]) -> int | None:
    """Return the Content-Length, if it is one."""
    said = headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 18 else None


def check_whole(address: str, status: int, headers: Mapping[str, str], limit: int) -> None:
    """Raises SourceNotOurs or SourceTooLong unless this is how an object of `limit` bytes at most begins."""
    if status != 200:
        raise SourceNotOurs(address=address, why=f"answer {status}")
    if (promised(headers) or 0) > limit:
        raise SourceTooLong(address=address, wanted=limit)


def check_range(address: str, status: int, headers: Mapping[str, str], start: int, length: int, total: int) -> None:
    """Raises SourceNotOurs or SourceTooLong unless this is how the range asked for, of `total` bytes, begins."""
    wanted, said = f"bytes {start}-{start + length - 1}/", headers.get("content-range", "")
    if status != 206:
        raise SourceNotOurs(address=address, why=f"answer {status} without the range")
    if said not in (f"{wanted}{total}", f"{wanted}*"):
        raise SourceNotOurs(address=address, why=f"it says {said[:80]!r} for {wanted}{total}")
    if (promised(headers) or 0) > length:
        raise SourceTooLong(address=address, wanted=length)


class Arrival:
    """What comes of a body of `most` bytes at most: counted, and watched for a source that drips.

    `patience`: the longest in seconds for ENOUGH bytes.
    """

    def __init__(self, address: str, most: int, patience: float) -> None:
        self.got = 0
        self._address, self._most, self._patience = address, most, patience
        self._waited, self._came = 0.0, 0

    def saw(self, waited: float, length: int) -> None:
        """Note `length` bytes after `waited` seconds. Raises SourceTooLong or SourceDrips."""
        self.got += length
        self._waited += waited
        self._came += length
        if self.got > self._most:
            raise SourceTooLong(address=self._address, wanted=self._most)
        if self._came >= ENOUGH:
            self._waited, self._came = 0.0, 0
        elif self._waited > self._patience:
            raise SourceDrips(address=self._address, got=self._came, seconds=round(self._waited))

    def ended(self, wanted: int | None) -> None:
        """The source says no more. Raises SourceBrokeOff unless `wanted` bytes came, where that is known."""
        if wanted is not None and self.got != wanted:
            raise SourceBrokeOff(address=self._address, got=self.got, wanted=wanted)
