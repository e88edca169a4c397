"""What the programs need of an object store. `tests/contract/test_object_store.py` says what each method must do."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from catalog.formats.errors import N_, AppError

BINARY = "application/octet-stream"
UPLOAD_EXPIRES = timedelta(hours=1)


class Bucket(StrEnum):
    """The two buckets: sources and the workers' parts are private; names in `PUBLIC` are readable by anyone."""

    SOURCES = "sources"
    PUBLIC = "public"


class StoreAway(AppError):
    """The object store cannot be reached, does not answer in time, or says that it cannot work now."""

    code = "store.away"
    status = 503
    message = N_("The object store does not answer: %(why)s. Try again in a minute; tell ops if it stays.")


class StoreRefused(AppError):
    """The object store answers and refuses this program: wrong keys or rights. Only ops can put it right."""

    code = "store.refused"
    status = 503
    message = N_("The object store refused the request: %(why)s. Ops: check the store's keys and rights.")


class NoSuchObject(AppError):
    """An object that should be in the store is not."""

    code = "store.no-such-object"
    status = 404
    message = N_("The object %(key)s is not in the store. Upload or make it again.")


class TooLong(AppError):
    """An object is longer than whoever reads it whole expects."""

    code = "store.too-long"
    status = 422
    message = N_("The object %(key)s has %(length)s bytes, more than the %(limit)s that it may have.")


class NoSuchUpload(AppError):
    """The multipart upload is over: completed, abandoned, or tidied away by the store."""

    code = "store.no-such-upload"
    status = 410
    message = N_("This upload is over or was tidied away. Start the upload again.")


class BadParts(AppError):
    """The parts of an upload do not fit together."""

    code = "store.bad-parts"
    status = 409
    message = N_("The parts of this upload do not fit together: %(why)s. Send the missing parts and complete it again.")


@dataclass(frozen=True)
class Stat:
    """An object's length in bytes, its etag, and its content type."""

    length: int
    etag: str
    content_type: str


@dataclass(frozen=True)
class Listed:
    """A name in a bucket and its object's length in bytes."""

    key: str
    length: int


@dataclass(frozen=True)
class UploadPart:
    """A part of a multipart upload that the store has: number from 1, etag, length in bytes."""

    number: int
    etag: str
    length: int


class ObjectStore(Protocol):
    """An object store. Every method may raise StoreAway or StoreRefused; keys have no slash in front."""

    def ensure_buckets(self) -> None:
        """Make both buckets where they are missing, with their CORS rule and, on `PUBLIC`, anonymous reading."""

    def ping(self) -> None:
        """Make sure that the store answers and takes our keys."""

    def put(self, bucket: Bucket, key: str, data: bytes | Path, content_type: str = BINARY) -> None:
        """Store `data`, or the file at `data`, whole or not at all; an object of that name is replaced."""

    def get(self, bucket: Bucket, key: str, limit: int) -> bytes:
        """Return an object. Raises NoSuchObject, and TooLong where it has more than `limit` bytes."""

    def get_range(self, bucket: Bucket, key: str, start: int, length: int) -> bytes:
        """Return `length` bytes from `start`, fewer where the object ends. Raises NoSuchObject."""

    def open_stream(self, bucket: Bucket, key: str, start: int = 0) -> AbstractContextManager[Iterator[bytes]]:
        """Give the object's bytes from `start` in chunks, to read within a `with`. Raises NoSuchObject."""

    def download_to(self, bucket: Bucket, key: str, path: Path) -> int:
        """Write the object to `path`, which appears only when it is whole; return its length. Raises NoSuchObject."""

    def stat(self, bucket: Bucket, key: str) -> Stat | None:
        """Return what the store knows of an object, or None where there is none."""

    def exists(self, bucket: Bucket, key: str) -> bool:
        """Say whether there is such an object."""

    def delete(self, bucket: Bucket, key: str) -> None:
        """Remove an object; none of that name is no error."""

    def copy(self, bucket: Bucket, key: str, target: Bucket, target_key: str) -> None:
        """Copy an object inside the store. Raises NoSuchObject."""

    def list_objects(self, bucket: Bucket, prefix: str) -> Iterator[Listed]:
        """Give every object whose key begins with `prefix`, in the order of their keys."""

    def presign_get(self, bucket: Bucket, key: str, expires: timedelta, inside: bool = False) -> str:
        """Return an address that reads the object without credentials until it expires.

        It is made for the host that browsers see, or with `inside` for the one that this program sees.
        """

    def start_upload(self, bucket: Bucket, key: str, content_type: str = BINARY) -> str:
        """Begin a multipart upload and return its id; nothing is visible until it is completed."""

    def presign_part(
        self, bucket: Bucket, key: str, upload_id: str, number: int, expires: timedelta = UPLOAD_EXPIRES
    ) -> str:
        """Return the address to PUT part `number` (from 1) to, made for the host that browsers see."""

    def list_parts(self, bucket: Bucket, key: str, upload_id: str) -> list[UploadPart]:
        """Return the parts that the store has, by number. Raises NoSuchUpload."""

    def complete_upload(self, bucket: Bucket, key: str, upload_id: str, parts: Iterable[UploadPart]) -> None:
        """Make the object of `parts`. Raises NoSuchUpload, or BadParts where a part is not what the store has."""

    def abort_upload(self, bucket: Bucket, key: str, upload_id: str) -> None:
        """Forget an upload and its parts; one that is over already is no error."""
