"""What an object store must do: the fake and the real SeaweedFS alike. Names are digests, so nothing needs versions."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from catalog.settings import StorageSettings
from catalog.storage.base import (
    BadParts,
    Bucket,
    Listed,
    NoSuchObject,
    NoSuchUpload,
    ObjectStore,
    StoreAway,
    StoreRefused,
    TooLong,
    UploadPart,
)
from catalog.storage.s3 import S3ObjectStore
from songtan.stack.ports import free_ports
from tests.fakes.object_store import SMALLEST_PART, FakeObjectStore
from tests.servers import StoreAddress

KEY = "folder/课 “1” +&=%.mp4"
BOTH = pytest.mark.parametrize("bucket", list(Bucket))


@dataclass
class Subject:
    """A store, and a way to PUT to the addresses that it signs."""

    store: ObjectStore
    put: Callable[[str, bytes], int]


def settings_for(address: StoreAddress, **changes: object) -> StorageSettings:
    fields: dict[str, object] = {
        "s3_endpoint": address.endpoint,
        "s3_access_key": address.access_key,
        "s3_secret_key": SecretStr(address.secret_key),
        "bucket_sources": address.bucket_sources,
        "bucket_public": address.bucket_public,
        "demo": True,
        **changes,
    }
    return StorageSettings.model_validate(fields)


def real_store(address: StoreAddress, **changes: object) -> S3ObjectStore:
    return S3ObjectStore(settings_for(address, **changes))


@pytest.fixture(params=["fake", "seaweedfs"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    if request.param == "fake":
        fake = FakeObjectStore()
        fake.ensure_buckets()
        yield Subject(fake, fake.receive)
        return
    address: StoreAddress = request.getfixturevalue("store_address")
    store = real_store(address)
    store.ensure_buckets()
    with httpx2.Client() as client:
        yield Subject(store, lambda url, body: client.put(url, content=body).status_code)


@pytest.fixture
def store(subject: Subject) -> ObjectStore:
    return subject.store


@BOTH
def test_what_is_put_is_got(store: ObjectStore, bucket: Bucket) -> None:
    assert store.stat(bucket, KEY) is None
    store.put(bucket, KEY, b"hello", "text/vtt")
    found = store.stat(bucket, KEY)
    assert found is not None
    assert (found.length, found.content_type) == (5, "text/vtt")
    assert store.get(bucket, KEY, 5) == b"hello"
    assert store.exists(bucket, KEY)
    store.put(bucket, KEY, b"other")
    assert store.get(bucket, KEY, 99) == b"other"


def test_an_empty_object_is_one(store: ObjectStore) -> None:
    store.put(Bucket.SOURCES, "empty", b"")
    assert store.get(Bucket.SOURCES, "empty", 0) == b""
    assert store.get_range(Bucket.SOURCES, "empty", 0, 10) == b""


def test_a_file_is_put_and_downloaded_whole(store: ObjectStore, tmp_path: Path) -> None:
    data = bytes(range(256)) * (44 << 10)  # 11 MiB: several parts on the way in
    source = tmp_path / "source"
    source.write_bytes(data)
    store.put(Bucket.SOURCES, "big", source, "video/mp4")
    target = tmp_path / "target"
    assert store.download_to(Bucket.SOURCES, "big", target) == len(data)
    assert target.read_bytes() == data
    assert sorted(p.name for p in tmp_path.iterdir()) == ["source", "target"]


def test_ranges(store: ObjectStore) -> None:
    store.put(Bucket.PUBLIC, "x", b"0123456789")
    assert store.get_range(Bucket.PUBLIC, "x", 2, 3) == b"234"
    assert store.get_range(Bucket.PUBLIC, "x", 8, 100) == b"89"
    assert store.get_range(Bucket.PUBLIC, "x", 0, 0) == b""
    assert store.get_range(Bucket.PUBLIC, "x", 10, 5) == b""
    with store.open_stream(Bucket.PUBLIC, "x", 4) as chunks:
        assert b"".join(chunks) == b"456789"


def test_what_a_reader_raises_is_not_the_stores_error(store: ObjectStore) -> None:
    store.put(Bucket.PUBLIC, "x", b"0123456789")
    with pytest.raises(OSError, match="disk full"), store.open_stream(Bucket.PUBLIC, "x"):
        raise OSError("disk full")


def test_a_missing_object_is_named(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(NoSuchObject, match="nowhere"):
        store.get(Bucket.PUBLIC, "nowhere", 10)
    with pytest.raises(NoSuchObject):
        store.get_range(Bucket.PUBLIC, "nowhere", 0, 10)
    with pytest.raises(NoSuchObject):
        store.download_to(Bucket.PUBLIC, "nowhere", tmp_path / "x")
    with pytest.raises(NoSuchObject):
        store.copy(Bucket.PUBLIC, "nowhere", Bucket.PUBLIC, "there")
    with pytest.raises(NoSuchObject), store.open_stream(Bucket.PUBLIC, "nowhere") as chunks:
        list(chunks)
    assert list(tmp_path.iterdir()) == []


def test_nothing_longer_than_expected_is_read(store: ObjectStore) -> None:
    store.put(Bucket.PUBLIC, "x", b"0123456789")
    with pytest.raises(TooLong, match="10 bytes"):
        store.get(Bucket.PUBLIC, "x", 9)


def test_delete_copy_and_list(store: ObjectStore) -> None:
    for key in ("a/2", "a/1", "b/1"):
        store.put(Bucket.SOURCES, key, key.encode())
    assert list(store.list_objects(Bucket.SOURCES, "a/")) == [Listed("a/1", 3), Listed("a/2", 3)]
    assert list(store.list_objects(Bucket.SOURCES, "none/")) == []
    store.copy(Bucket.SOURCES, "a/1", Bucket.PUBLIC, "copied")
    assert store.get(Bucket.PUBLIC, "copied", 10) == b"a/1"
    store.delete(Bucket.SOURCES, "a/1")
    store.delete(Bucket.SOURCES, "a/1")
    assert [found.key for found in store.list_objects(Bucket.SOURCES, "")] == ["a/2", "b/1"]


def test_an_upload_in_parts(subject: Subject) -> None:
    store = subject.store
    upload = store.start_upload(Bucket.SOURCES, KEY, "video/mp4")
    assert store.list_parts(Bucket.SOURCES, KEY, upload) == []
    bodies = {2: b"end", 1: b"a" * SMALLEST_PART}
    for number, body in bodies.items():
        assert subject.put(store.presign_part(Bucket.SOURCES, KEY, upload, number), body) == 200
    time.sleep(1.1 if isinstance(store, S3ObjectStore) else 0)  # the store's clock of parts counts in seconds
    assert subject.put(store.presign_part(Bucket.SOURCES, KEY, upload, 2), b"END") == 200  # sent again
    parts = store.list_parts(Bucket.SOURCES, KEY, upload)
    assert [(part.number, part.length) for part in parts] == [(1, SMALLEST_PART), (2, 3)]
    assert store.stat(Bucket.SOURCES, KEY) is None, "nothing is visible before it is whole"
    store.complete_upload(Bucket.SOURCES, KEY, upload, parts)
    found = store.stat(Bucket.SOURCES, KEY)
    assert found is not None
    assert (found.length, found.content_type) == (SMALLEST_PART + 3, "video/mp4")
    assert store.get_range(Bucket.SOURCES, KEY, SMALLEST_PART - 1, 10) == b"aEND"


def test_parts_that_do_not_fit_are_refused_and_can_be_put_right(subject: Subject) -> None:
    store = subject.store
    upload = store.start_upload(Bucket.SOURCES, "x")
    with pytest.raises(BadParts):
        store.complete_upload(Bucket.SOURCES, "x", upload, [])
    subject.put(store.presign_part(Bucket.SOURCES, "x", upload, 1), b"one")
    with pytest.raises(BadParts):
        store.complete_upload(Bucket.SOURCES, "x", upload, [UploadPart(1, "0" * 32, 3)])
    assert store.stat(Bucket.SOURCES, "x") is None
    store.complete_upload(Bucket.SOURCES, "x", upload, store.list_parts(Bucket.SOURCES, "x", upload))
    assert store.get(Bucket.SOURCES, "x", 10) == b"one"


def test_an_upload_that_is_over_says_so(subject: Subject) -> None:
    store = subject.store
    upload = store.start_upload(Bucket.SOURCES, "x")
    url = store.presign_part(Bucket.SOURCES, "x", upload, 1)
    store.abort_upload(Bucket.SOURCES, "x", upload)
    store.abort_upload(Bucket.SOURCES, "x", upload)
    with pytest.raises(NoSuchUpload):
        store.list_parts(Bucket.SOURCES, "x", upload)
    with pytest.raises(NoSuchUpload):
        store.complete_upload(Bucket.SOURCES, "x", upload, [UploadPart(1, "0" * 32, 3)])
    assert subject.put(url, b"late") == 404


def test_more_parts_than_one_answer_lists(store_address: StoreAddress) -> None:
    store = S3ObjectStore(settings_for(store_address), parts_a_page=2)
    store.ensure_buckets()
    upload = store.start_upload(Bucket.SOURCES, "x")
    with httpx2.Client() as client:
        for number in range(1, 6):
            client.put(store.presign_part(Bucket.SOURCES, "x", upload, number), content=b"x")
    assert [part.number for part in store.list_parts(Bucket.SOURCES, "x", upload)] == [1, 2, 3, 4, 5]


# What only a server can show: who may do what without credentials, and what browsers are told (ADR 5).


@pytest.fixture
def served(store_address: StoreAddress) -> S3ObjectStore:
    store = real_store(store_address)
    store.ensure_buckets()
    store.ensure_buckets()  # as every start of a program does
    store.put(Bucket.PUBLIC, "blobs/x", b"hello")
    store.put(Bucket.SOURCES, "sources/x", b"secret")
    return store


def test_anyone_may_get_a_public_name_and_nothing_else(served: S3ObjectStore, store_address: StoreAddress) -> None:
    public = f"{store_address.endpoint}/{store_address.bucket_public}"
    with httpx2.Client() as client:
        assert client.get(f"{public}/blobs/x").content == b"hello"
        part = client.get(f"{public}/blobs/x", headers={"Range": "bytes=1-2"})
        assert (part.status_code, part.content) == (206, b"el")
        assert client.head(f"{public}/blobs/x").status_code == 200
        assert client.put(f"{public}/blobs/y", content=b"x").status_code == 403
        assert client.delete(f"{public}/blobs/x").status_code == 403
        assert client.get(public).status_code == 403
        assert client.get(f"{public}/?list-type=2").status_code == 403
    assert served.exists(Bucket.PUBLIC, "blobs/x")


def test_nobody_reads_sources_without_a_signature(served: S3ObjectStore, store_address: StoreAddress) -> None:
    private = f"{store_address.endpoint}/{store_address.bucket_sources}"
    signed = served.presign_get(Bucket.SOURCES, "sources/x", timedelta(minutes=5))
    with httpx2.Client() as client:
        assert client.get(f"{private}/sources/x").status_code == 403
        assert client.put(f"{private}/sources/y", content=b"x").status_code == 403
        assert client.get(private).status_code == 403
        assert client.get(signed).content == b"secret"
        assert client.get(signed.replace("sources/x", "sources/y")).status_code == 403


@pytest.mark.parametrize(
    ("public", "method", "allowed"),
    [
        (True, "GET", True),
        (True, "PUT", False),
        (True, "DELETE", False),
        (False, "PUT", True),
        (False, "DELETE", False),
    ],
)
def test_what_browsers_may_send_from_other_origins(
    served: S3ObjectStore, store_address: StoreAddress, public: bool, method: str, allowed: bool
) -> None:
    bucket = store_address.bucket_public if public else store_address.bucket_sources
    asked = {"Origin": "http://partner.example", "Access-Control-Request-Method": method}
    with httpx2.Client() as client:
        answer = client.options(f"{store_address.endpoint}/{bucket}/x", headers=asked)
        methods = answer.headers.get("access-control-allow-methods", "")
        assert (method in methods) is allowed
        got = client.get(f"{store_address.endpoint}/{bucket}/blobs/x", headers={"Origin": "http://partner.example"})
        if public:
            exposed = got.headers["access-control-expose-headers"]
            assert {"ETag", "Content-Range"} <= {name.strip() for name in exposed.split(",")}


def test_presigned_addresses_are_for_the_host_that_browsers_see(store_address: StoreAddress) -> None:
    store = real_store(store_address, s3_public_endpoint="https://store.example.org")
    url = store.presign_part(Bucket.SOURCES, "x", "upload", 1)
    assert url.startswith(f"https://store.example.org/{store_address.bucket_sources}/x?")
    inside = store.presign_get(Bucket.SOURCES, "x", timedelta(minutes=1), inside=True)
    assert inside.startswith(store_address.endpoint)


def test_wrong_keys_are_refused_clearly(store_address: StoreAddress) -> None:
    store = real_store(store_address, s3_secret_key=SecretStr("wrong"))
    with pytest.raises(StoreRefused, match="check the store's keys"):
        store.ping()


def test_buckets_that_are_missing_are_named(store_address: StoreAddress) -> None:
    with pytest.raises(StoreAway, match=store_address.bucket_sources):
        real_store(store_address).ping()


def test_a_store_that_is_away_is_said_to_be(store_address: StoreAddress, tmp_path: Path) -> None:
    store = real_store(store_address, s3_endpoint=f"http://127.0.0.1:{free_ports(1)[0]}")
    for call in (
        store.ping,
        lambda: store.get(Bucket.PUBLIC, "x", 1),
        lambda: store.put(Bucket.PUBLIC, "x", b"x"),
        lambda: store.stat(Bucket.PUBLIC, "x"),
        lambda: store.start_upload(Bucket.SOURCES, "x"),
        lambda: list(store.list_objects(Bucket.PUBLIC, "")),
        lambda: store.download_to(Bucket.PUBLIC, "x", tmp_path / "x"),
    ):
        with pytest.raises(StoreAway, match="does not answer"):
            call()
    assert list(tmp_path.iterdir()) == []
