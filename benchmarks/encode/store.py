"""An object store that is a folder: a lossless lecture of 1.5 GB does not belong into memory."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

from catalog.storage.base import BINARY, Bucket, Listed, NoSuchObject, Stat, TooLong
from tests.fakes.object_store import FakeObjectStore


class FolderStore(FakeObjectStore):
    """The tests' store with its objects in files; files that are put are linked where the disk allows it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def path(self, bucket: Bucket, key: str) -> Path:
        """Return where an object is, or would be."""
        return self.folder / bucket.value / quote(key, safe="")

    def put(self, bucket: Bucket, key: str, data: bytes | Path, content_type: str = BINARY) -> None:
        """Store bytes or a file."""
        path = self.path(bucket, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        room = self.folder / "partial"
        room.mkdir(exist_ok=True)
        partial = room / secrets.token_hex(8)  # what a run that is ended leaves behind is no object
        if isinstance(data, bytes):
            partial.write_bytes(data)
        else:
            try:
                os.link(data, partial)
            except OSError:
                shutil.copyfile(data, partial)
        partial.replace(path)

    def _data(self, bucket: Bucket, key: str) -> bytes:
        try:
            return self.path(bucket, key).read_bytes()
        except FileNotFoundError as error:
            raise NoSuchObject(key=key) from error

    def get(self, bucket: Bucket, key: str, limit: int) -> bytes:
        """Return an object."""
        found = self.stat(bucket, key)
        if found is not None and found.length > limit:
            raise TooLong(key=key, length=found.length, limit=limit)
        return self._data(bucket, key)

    def get_range(self, bucket: Bucket, key: str, start: int, length: int) -> bytes:
        """Return a part of an object."""
        try:
            with self.path(bucket, key).open("rb") as file:
                file.seek(start)
                return file.read(max(0, length))
        except FileNotFoundError as error:
            raise NoSuchObject(key=key) from error

    def download_to(self, bucket: Bucket, key: str, path: Path) -> int:
        """Copy an object to a file."""
        try:
            shutil.copyfile(self.path(bucket, key), path)
        except FileNotFoundError as error:
            raise NoSuchObject(key=key) from error
        return path.stat().st_size

    def stat(self, bucket: Bucket, key: str) -> Stat | None:
        """Return an object's length; its etag is of its name only."""
        path = self.path(bucket, key)
        if not path.is_file():
            return None
        return Stat(path.stat().st_size, hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), BINARY)

    def delete(self, bucket: Bucket, key: str) -> None:
        """Remove an object."""
        self.path(bucket, key).unlink(missing_ok=True)

    def copy(self, bucket: Bucket, key: str, target: Bucket, target_key: str) -> None:
        """Copy an object."""
        self.put(target, target_key, self._data(bucket, key))

    def list_objects(self, bucket: Bucket, prefix: str) -> Iterator[Listed]:
        """Give the objects of a prefix."""
        folder = self.folder / bucket.value
        names = sorted(unquote(path.name) for path in folder.iterdir()) if folder.is_dir() else []
        for key in names:
            if key.startswith(prefix):
                yield Listed(key, self.path(bucket, key).stat().st_size)

    @contextmanager
    def open_stream(self, bucket: Bucket, key: str, start: int = 0) -> Iterator[Iterator[bytes]]:
        """Give an object in one chunk."""
        yield iter([self._data(bucket, key)[start:]])
