"""What the centre knows of the store's timestamp: what it saw last, for as long as somebody looks."""

from api.timestamp import StoredTimestamp
from catalog.formats.hashing import sha256_hex
from catalog.formats.trust import TIMESTAMP
from catalog.storage.base import Bucket, StoreAway
from tests.fakes.object_store import FakeObjectStore


class Away(FakeObjectStore):
    """A store that can go away."""

    away = False

    def get(self, bucket: Bucket, key: str, limit: int) -> bytes:
        if self.away:
            raise StoreAway(why="the test says so")
        return super().get(bucket, key, limit)


class Seconds:
    """A steady clock that goes when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_is_what_the_store_has_now() -> None:
    store, seen = Away(), StoredTimestamp()
    seen.look(store, 60)
    assert seen.digest is None, "nothing was published yet"
    for data in (b"one", b"two"):
        store.put(Bucket.PUBLIC, TIMESTAMP, data)
        seen.look(store, 60)
        assert seen.digest == sha256_hex(data)


def test_of_a_store_that_is_away_nothing_is_said() -> None:
    store, seen = Away(), StoredTimestamp()
    store.put(Bucket.PUBLIC, TIMESTAMP, b"one")
    seen.look(store, 60)
    store.away = True
    seen.look(store, 60)
    assert seen.digest is None


def test_what_nobody_looks_after_any_more_is_not_said() -> None:
    store, clock = Away(), Seconds()
    seen = StoredTimestamp(clock)
    store.put(Bucket.PUBLIC, TIMESTAMP, b"one")
    seen.look(store, 60)
    clock.now += 59
    assert seen.digest is not None
    clock.now += 2
    assert seen.digest is None
