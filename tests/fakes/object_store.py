"""An object store in memory, for tests without a server. `away` makes every call fail as an unreachable one does."""

import hashlib
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from catalog.formats.ids import new_id
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
    TooLong,
    UploadPart,
)

SMALLEST_PART = 5 << 20


@dataclass
class _Upload:
    bucket: Bucket
    key: str
    content_type: str
    parts: dict[int, bytes] = field(default_factory=dict)


class FakeObjectStore:
    """Implements `ObjectStore`; presigned addresses are `memory://…` and taken by `receive`."""

    def __init__(self) -> None:
        self.objects: dict[tuple[Bucket, str], tuple[bytes, str]] = {}
        self.uploads: dict[str, _Upload] = {}
        self.away = False
        self._lock = threading.Lock()

    def _reach(self) -> None:
        if self.away:
            raise StoreAway(why="the fake store is away")

    def ensure_buckets(self) -> None:
        self._reach()

    def ping(self) -> None:
        self._reach()

    def put(self, bucket: Bucket, key: str, data: bytes | Path, content_type: str = BINARY) -> None:
        self._reach()
        self.objects[bucket, key] = (data.read_bytes() if isinstance(data, Path) else bytes(data), content_type)

    def _data(self, bucket: Bucket, key: str) -> bytes:
        self._reach()
        found = self.objects.get((bucket, key))
        if found is None:
            raise NoSuchObject(key=key)
        return found[0]

    def get(self, bucket: Bucket, key: str, limit: int) -> bytes:
        data = self._data(bucket, key)
        if len(data) > limit:
            raise TooLong(key=key, length=len(data), limit=limit)
        return data

    def get_range(self, bucket: Bucket, key: str, start: int, length: int) -> bytes:
        return self._data(bucket, key)[start : start + max(0, length)]

    @contextmanager
    def open_stream(self, bucket: Bucket, key: str, start: int = 0) -> Iterator[Iterator[bytes]]:
        data = self._data(bucket, key)
        yield iter([data[i : i + 65536] for i in range(start, len(data), 65536)])

    def download_to(self, bucket: Bucket, key: str, path: Path) -> int:
        data = self._data(bucket, key)
        path.write_bytes(data)
        return len(data)

    def stat(self, bucket: Bucket, key: str) -> Stat | None:
        self._reach()
        found = self.objects.get((bucket, key))
        return Stat(len(found[0]), _md5(found[0]), found[1]) if found else None

    def exists(self, bucket: Bucket, key: str) -> bool:
        return self.stat(bucket, key) is not None

    def delete(self, bucket: Bucket, key: str) -> None:
        self._reach()
        self.objects.pop((bucket, key), None)

    def copy(self, bucket: Bucket, key: str, target: Bucket, target_key: str) -> None:
        data = self._data(bucket, key)
        self.objects[target, target_key] = (data, self.objects[bucket, key][1])

    def list_objects(self, bucket: Bucket, prefix: str) -> Iterator[Listed]:
        self._reach()
        for where, key in sorted(self.objects):
            if where is bucket and key.startswith(prefix):
                yield Listed(key, len(self.objects[where, key][0]))

    def presign_get(self, bucket: Bucket, key: str, expires: timedelta, inside: bool = False) -> str:
        return f"memory://{'inside' if inside else 'outside'}/{bucket}/{quote(key)}"

    def start_upload(self, bucket: Bucket, key: str, content_type: str = BINARY) -> str:
        self._reach()
        upload_id = new_id()
        self.uploads[upload_id] = _Upload(bucket, key, content_type)
        return upload_id

    def presign_part(
        self, bucket: Bucket, key: str, upload_id: str, number: int, expires: timedelta = UPLOAD_EXPIRES
    ) -> str:
        return f"memory://outside/{bucket}/{quote(key)}?{urlencode({'uploadId': upload_id, 'partNumber': number})}"

    def receive(self, url: str, body: bytes) -> int:
        """Take a PUT to an address that `presign_part` made; return the HTTP status."""
        address = urlsplit(url)
        query = parse_qs(address.query)
        upload = self.uploads.get(query["uploadId"][0])
        if upload is None or unquote(address.path) != f"/{upload.bucket}/{upload.key}":
            return 404
        upload.parts[int(query["partNumber"][0])] = body
        return 200

    def _upload(self, bucket: Bucket, key: str, upload_id: str) -> _Upload:
        self._reach()
        upload = self.uploads.get(upload_id)
        if upload is None or (upload.bucket, upload.key) != (bucket, key):
            raise NoSuchUpload
        return upload

    def list_parts(self, bucket: Bucket, key: str, upload_id: str) -> list[UploadPart]:
        upload = self._upload(bucket, key, upload_id)
        return [UploadPart(number, _md5(data), len(data)) for number, data in sorted(upload.parts.items())]

    def complete_upload(self, bucket: Bucket, key: str, upload_id: str, parts: Iterable[UploadPart]) -> None:
        with self._lock:
            wanted = list(parts)
            if not wanted:
                raise BadParts(why="there is no part")
            upload = self._upload(bucket, key, upload_id)
            bodies = [upload.parts.get(part.number, b"") for part in wanted]
            if any(_md5(body) != part.etag for body, part in zip(bodies, wanted, strict=True)):
                raise BadParts(why="a part is not what the store has")
            if any(len(body) < SMALLEST_PART for body in bodies[:-1]):
                raise BadParts(why="a part is too small")
            self.put(bucket, key, b"".join(bodies), upload.content_type)
            del self.uploads[upload_id]

    def abort_upload(self, bucket: Bucket, key: str, upload_id: str) -> None:
        self._reach()
        self.uploads.pop(upload_id, None)


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
