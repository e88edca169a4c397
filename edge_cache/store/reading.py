"""Reading segments to send them: verified whole before the first byte goes out, and block by block as they go.

A whole segment in memory for each screen would be too much for a small box, and hashing it anew for each range too
slow for a small processor. So a segment is read through once, and the state of its sha256 is kept at the end of each
block: any block that is read later is hashed from the state before it and must lead to the state after it. What is
sent is what was signed, to the block, with one sha256 for each time that a byte is read.
"""

import contextlib
import hashlib
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from catalog.formats.boxes import PlaceFields, find_place, moof_length
from catalog.formats.errors import BadFormat

BLOCK = 128 << 10
KNOWN = 1024
"""Of so many segments the states are kept: some 2 MB, an hour of pictures and sound on every screen of a class."""


class Rotten(Exception):
    """Bytes on the disk that are not what was signed, or cannot be read."""


class State(Protocol):
    """As much of a hash of `hashlib` as is used here."""

    def copy(self) -> Self:
        """Return another one in the same state."""
        ...

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        """Take more bytes."""
        ...

    def digest(self) -> bytes:
        """Return what all bytes so far come to."""
        ...


@dataclass(frozen=True, slots=True)
class Verified:
    """A segment that was what its digest says: its length, where its place stands, its sha256 after each block."""

    length: int
    fields: PlaceFields
    states: tuple[State, ...]


class Opened:
    """A verified segment, open for reading. Close it."""

    def __init__(self, handle: int, verified: Verified) -> None:
        self._handle, self._verified = handle, verified
        self.length, self.fields = verified.length, verified.fields

    def block(self, number: int) -> bytearray:
        """Return block `number`, however long the disk takes. Raises Rotten."""
        data = self._room(number)
        try:
            got = os.preadv(self._handle, [data], number * BLOCK)
        except OSError as error:
            raise Rotten(str(error)) from error
        return self._verified_block(number, data, got)

    def block_at_once(self, number: int) -> bytearray | None:
        """Return block `number`, or None if that would have to wait for the disk. Raises Rotten."""
        data = self._room(number)
        try:
            got = os.preadv(self._handle, [data], number * BLOCK, os.RWF_NOWAIT)
        except OSError:  # not in memory, or a disk that knows no such reads: `block` reads it, or says what is wrong
            return None
        return None if got < len(data) else self._verified_block(number, data, got)

    def _room(self, number: int) -> bytearray:
        return bytearray(min(BLOCK, self.length - number * BLOCK))

    def _verified_block(self, number: int, data: bytearray, got: int) -> bytearray:
        states = self._verified.states
        state = states[number - 1].copy() if number else hashlib.sha256()
        state.update(data)
        if got < len(data) or state.digest() != states[number].digest():
            raise Rotten(f"block {number} is another one than before")
        return data

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class Reader:
    """Opens segments, and remembers which of them it has verified. For several threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Verified] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, path: Path, digest: str) -> Opened:
        """Open the segment in `path`; reads it through if that is not known to be right. Raises Rotten."""
        try:
            handle = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise Rotten(str(error)) from error
        try:
            with self._lock:
                verified = self._known.get(digest)
                if verified is not None:
                    self._known.move_to_end(digest)
            if verified is None:
                verified = _verify(handle, digest)
                with self._lock:
                    self._known[digest] = verified
                    while len(self._known) > KNOWN:
                        self._known.popitem(last=False)
            return Opened(handle, verified)
        except BaseException:
            os.close(handle)
            raise

    def knows(self, digest: str) -> bool:
        """Say whether this segment was verified not long ago."""
        return digest in self._known

    def forget(self, digest: str) -> None:
        """Verify a segment anew at its next opening."""
        with self._lock:
            self._known.pop(digest, None)


def read_ahead(path: Path) -> None:
    """Ask the disk for all of a file, without waiting for it: one long read instead of many short ones."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_WILLNEED)
        finally:
            os.close(handle)


def read_past_memory(path: Path) -> bytes:
    """Return a file's bytes as the disk has them now, and leave none of them in memory. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        with open(handle, "rb", closefd=False) as file:
            data = file.read()
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)
    return data


def _verify(handle: int, digest: str) -> Verified:
    """Read a segment through. Raises Rotten if it is not what `digest` says."""
    whole, states = hashlib.sha256(), []
    try:
        length = os.fstat(handle).st_size
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_WILLNEED)
        buffer = memoryview(bytearray(min(BLOCK, length)))
        for start in range(0, length, BLOCK):
            part = buffer[: min(BLOCK, length - start)]
            if os.preadv(handle, [part], start) < len(part):
                raise Rotten("it ends early")
            whole.update(part)
            states.append(whole.copy())
        if whole.hexdigest() != digest:
            raise Rotten("its bytes are not what its name says")
        moof = os.pread(handle, moof_length(os.pread(handle, 16, 0).ljust(16, b"\0")), 0)
        return Verified(length, find_place(moof), tuple(states))
    except (OSError, BadFormat) as error:
        raise Rotten(str(error)) from error
