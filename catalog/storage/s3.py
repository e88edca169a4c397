"""The object store over S3: the only module that imports the `minio` client.

Multipart uploads and CORS are not public in that client (7.2), so its private methods are called here and nowhere else.
"""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.datatypes import Part
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError

from catalog.settings import StorageSettings
from catalog.storage import policies
from catalog.storage.base import (
    BINARY,
    UPLOAD_EXPIRES,
    BadParts,
    Bucket,
    Listed,
    NoSuchObject,
    NoSuchUpload,
    Stat,
    StoreAway,
    StoreRefused,
    TooLong,
    UploadPart,
)

CONNECT_SECONDS = 3.0
READ_SECONDS = 60.0
CHUNK = 1 << 20

_MISSING = {"NoSuchKey", "NoSuchBucket", "ResourceNotFound"}
_BAD_PARTS = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML", "InvalidRequest"}
_REFUSED = {
    "AccessDenied",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "RequestTimeTooSkewed",
    "AuthorizationHeaderMalformed",
}


class S3ObjectStore:
    """An `ObjectStore` over S3. One for each process; threads may share it."""

    def __init__(self, settings: StorageSettings, parts_a_page: int = 1000) -> None:
        """Connects to nothing yet: a store that starts later is no error here."""
        self._parts_a_page = parts_a_page
        self._names = {Bucket.SOURCES: settings.bucket_sources, Bucket.PUBLIC: settings.bucket_public}
        self._inside = _client(settings, settings.s3_endpoint)
        self._outside = _client(settings, settings.s3_public_endpoint)

    def ensure_buckets(self) -> None:
        """See the port."""
        with _errors(""):
            for bucket, name in self._names.items():
                if not self._inside.bucket_exists(name):
                    self._make_bucket(name)
                rule = policies.cors_rule(writable=bucket is Bucket.SOURCES)
                self._inside._execute("PUT", name, body=rule, query_params={"cors": ""})
            public = self._names[Bucket.PUBLIC]
            self._inside.set_bucket_policy(public, policies.anonymous_read(public))

    def _make_bucket(self, name: str) -> None:
        try:
            self._inside.make_bucket(name)
        except S3Error as error:
            if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):  # another program was faster
                raise

    def ping(self) -> None:
        """See the port."""
        with _errors(""):
            missing = [name for name in self._names.values() if not self._inside.bucket_exists(name)]
        if missing:
            raise StoreAway(why=f"bucket {missing[0]} is missing")

    def put(self, bucket: Bucket, key: str, data: bytes | Path, content_type: str = BINARY) -> None:
        """See the port."""
        with _errors(key):
            if isinstance(data, Path):
                self._inside.fput_object(self._names[bucket], key, str(data), content_type, num_parallel_uploads=2)
            else:
                self._inside.put_object(self._names[bucket], key, BytesIO(data), len(data), content_type)

    def get(self, bucket: Bucket, key: str, limit: int) -> bytes:
        """See the port."""
        with _errors(key), self._answer(bucket, key) as answer:
            length = int(answer.headers.get("content-length", 0))
            if length > limit:
                raise TooLong(key=key, length=length, limit=limit)
            return bytes(answer.read())

    def get_range(self, bucket: Bucket, key: str, start: int, length: int) -> bytes:
        """See the port."""
        if length <= 0:
            return b""
        try:
            with _errors(key), self._answer(bucket, key, offset=start, length=length) as answer:
                return bytes(answer.read())
        except _BeyondTheEnd:
            return b""

    @contextmanager
    def open_stream(self, bucket: Bucket, key: str, start: int = 0) -> Iterator[Iterator[bytes]]:
        """See the port."""
        with ExitStack() as stack:
            with _errors(key):
                answer = stack.enter_context(self._answer(bucket, key, offset=start))
            yield _chunks(answer, key)  # what the caller raises while reading is not the store's error

    @contextmanager
    def _answer(self, bucket: Bucket, key: str, **options: int) -> Iterator[Any]:
        answer = self._inside.get_object(self._names[bucket], key, **options)
        try:
            yield answer
        finally:
            answer.close()
            answer.release_conn()

    def download_to(self, bucket: Bucket, key: str, path: Path) -> int:
        """See the port."""
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        length = 0
        try:
            with self.open_stream(bucket, key) as chunks, partial.open("wb") as file:
                for chunk in chunks:
                    length += file.write(chunk)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return length

    def stat(self, bucket: Bucket, key: str) -> Stat | None:
        """See the port."""
        try:
            with _errors(key):
                found = self._inside.stat_object(self._names[bucket], key)
        except NoSuchObject:
            return None
        return Stat(found.size or 0, (found.etag or "").strip('"'), found.content_type or BINARY)

    def exists(self, bucket: Bucket, key: str) -> bool:
        """See the port."""
        return self.stat(bucket, key) is not None

    def delete(self, bucket: Bucket, key: str) -> None:
        """See the port."""
        with _errors(key):
            self._inside.remove_object(self._names[bucket], key)

    def copy(self, bucket: Bucket, key: str, target: Bucket, target_key: str) -> None:
        """See the port."""
        with _errors(key):
            self._inside.copy_object(self._names[target], target_key, CopySource(self._names[bucket], key))

    def list_objects(self, bucket: Bucket, prefix: str) -> Iterator[Listed]:
        """See the port."""
        with _errors(prefix):
            for found in self._inside.list_objects(self._names[bucket], prefix, recursive=True):
                yield Listed(found.object_name or "", found.size or 0)

    def presign_get(self, bucket: Bucket, key: str, expires: timedelta, inside: bool = False) -> str:
        """See the port."""
        client = self._inside if inside else self._outside
        return str(client.get_presigned_url("GET", self._names[bucket], key, expires))

    def start_upload(self, bucket: Bucket, key: str, content_type: str = BINARY) -> str:
        """See the port."""
        with _errors(key):
            return str(self._inside._create_multipart_upload(self._names[bucket], key, {"Content-Type": content_type}))

    def presign_part(
        self, bucket: Bucket, key: str, upload_id: str, number: int, expires: timedelta = UPLOAD_EXPIRES
    ) -> str:
        """See the port."""
        query = {"uploadId": upload_id, "partNumber": str(number)}
        return str(self._outside.get_presigned_url("PUT", self._names[bucket], key, expires, extra_query_params=query))

    def list_parts(self, bucket: Bucket, key: str, upload_id: str) -> list[UploadPart]:
        """See the port."""
        found: list[Part] = []
        marker: str | None = None
        with _errors(key):
            while True:
                page = self._inside._list_parts(
                    self._names[bucket], key, upload_id, max_parts=self._parts_a_page, part_number_marker=marker
                )
                found += page.parts
                marker = page.next_part_number_marker
                if not page.is_truncated or not marker:
                    return _newest_of_each(found)

    def complete_upload(self, bucket: Bucket, key: str, upload_id: str, parts: Iterable[UploadPart]) -> None:
        """See the port."""
        wanted = [Part(part.number, part.etag) for part in parts]
        if not wanted:
            raise BadParts(why="there is no part")
        with _errors(key):
            self._inside._complete_multipart_upload(self._names[bucket], key, upload_id, wanted)

    def abort_upload(self, bucket: Bucket, key: str, upload_id: str) -> None:
        """See the port."""
        try:
            with _errors(key):
                self._inside._abort_multipart_upload(self._names[bucket], key, upload_id)
        except NoSuchUpload:
            return


class _BeyondTheEnd(Exception):
    """A range begins where the object has ended."""


def _newest_of_each(parts: list[Part]) -> list[UploadPart]:
    """SeaweedFS lists a part that was sent again once for each time; the last one counts, as everywhere in S3."""
    newest: dict[int, Part] = {}
    for part in sorted(parts, key=lambda p: p.last_modified or datetime.min.replace(tzinfo=UTC)):
        newest[part.part_number] = part
    return [UploadPart(number, part.etag, part.size or 0) for number, part in sorted(newest.items())]


def _chunks(answer: Any, key: str) -> Iterator[bytes]:
    with _errors(key):
        yield from answer.stream(CHUNK)


def _client(settings: StorageSettings, endpoint: str) -> Any:
    address = urlsplit(endpoint)
    return Minio(
        address.netloc + address.path.rstrip("/"),
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key.get_secret_value(),
        secure=address.scheme == "https",
        region=settings.s3_region,  # known, so that nothing is asked before the first request
        http_client=urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            maxsize=16,
            retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504)),
        ),
    )


@contextmanager
def _errors(key: str) -> Iterator[None]:
    """Turn the client's errors into the port's."""
    try:
        yield
    except S3Error as error:
        code = error.code or ""
        if code in _MISSING:
            raise NoSuchObject(key=key) from error
        if code == "NoSuchUpload":
            raise NoSuchUpload from error
        if code == "InvalidRange":
            raise _BeyondTheEnd from error
        if code in _BAD_PARTS:
            raise BadParts(why=error.message or code) from error
        if code in _REFUSED:
            raise StoreRefused(why=code) from error
        raise StoreAway(why=code or "unknown answer") from error
    except (HTTPError, InvalidResponseError, ServerError, MinioException, OSError) as error:
        raise StoreAway(why=_short(error)) from error


def _short(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return type(reason if isinstance(reason, Exception) else error).__name__
