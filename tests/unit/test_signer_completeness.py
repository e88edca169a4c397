"""Nothing is signed of which the store lacks a byte; the refusal names lesson and object."""

import pytest

from catalog.formats.hashing import sha256_hex
from catalog.formats.release import Media, Release, Rendition
from catalog.formats.rungs import Rung, Tier
from catalog.storage.base import Bucket, StoreAway
from signer.completeness import check_complete
from signer.errors import Incomplete
from signer.proposal import Change, compare, is_renamed
from tests.factories import make_lesson, make_media, make_release, make_track, video_track
from tests.fakes.object_store import FakeObjectStore
from tests.signing import CAPTION, LESSON, POSTER, SOUND, VIDEO, WORKSHEET, course, fill, store_track

PUBLIC = Bucket.PUBLIC
INDEX, PACK = f"indexes/{VIDEO.index.digest}", f"packs/{VIDEO.index.digest}"


@pytest.fixture
def store() -> FakeObjectStore:
    made = FakeObjectStore()
    fill(made)
    return made


def refusal(store: FakeObjectStore, release: Release) -> str:
    with pytest.raises(Incomplete) as caught:
        check_complete(store, release)
    return str(caught.value)


def test_what_is_complete_passes(store: FakeObjectStore) -> None:
    check_complete(store, course())
    check_complete(store, make_release(()))


@pytest.mark.parametrize(
    "key",
    [
        INDEX,
        PACK,
        f"indexes/{SOUND.index.digest}",
        f"packs/{SOUND.index.digest}",
        f"blobs/{CAPTION.sha256}",
        f"blobs/{POSTER.sha256}",
        f"blobs/{WORKSHEET.parts[1]}",
    ],
)
def test_what_is_missing_is_named_with_its_lesson(store: FakeObjectStore, key: str) -> None:
    store.delete(PUBLIC, key)
    message = refusal(store, course())
    assert f"{key} is missing" in message
    assert f"1 ({LESSON.title})" in message


@pytest.mark.parametrize("key", [PACK, f"blobs/{CAPTION.sha256}"])
def test_what_is_too_short_or_too_long_is_named(store: FakeObjectStore, key: str) -> None:
    whole = store.get(PUBLIC, key, 1 << 20)
    for bad in (whole[:-1], whole + b"x"):
        store.put(PUBLIC, key, bad)
        assert f"{key} has {len(bad)} bytes, not {len(whole)}" in refusal(store, course())


def test_an_index_that_is_not_its_name_is_refused(store: FakeObjectStore) -> None:
    store.put(PUBLIC, INDEX, SOUND.index.encoded)
    assert "length and digest" in refusal(store, course())
    store.put(PUBLIC, INDEX, bytes(5 << 20))
    assert "more than" in refusal(store, course())


def _release(media: Media) -> Release:
    return make_release((make_lesson(media),))


def test_an_index_that_the_release_describes_wrongly_is_refused(store: FakeObjectStore) -> None:
    track = video_track(VIDEO)
    wrong_length = Rendition(
        rung=Rung.FLOOR, tier=Tier.COMPATIBLE, video=track.model_copy(update={"length": track.length + 1})
    )
    media = LESSON.media.model_copy(update={"renditions": (wrong_length,)})
    assert "describes a pack of" in refusal(store, _release(media))
    sound_as_pictures = track.model_copy(
        update={
            "index": SOUND.index.digest,
            "index_length": len(SOUND.index.encoded),
            "length": SOUND.index.pack_length,
        }
    )
    media = LESSON.media.model_copy(
        update={"renditions": (Rendition(rung=Rung.FLOOR, tier=Tier.COMPATIBLE, video=sound_as_pictures),)}
    )
    assert "an index of sound, not of video" in refusal(store, _release(media.model_copy(update={"sounds": ()})))
    short = LESSON.media.model_copy(update={"duration_ms": 1})
    long = make_track(seed="long", count=20)
    store_track(store, long)
    short = short.model_copy(
        update={"renditions": (Rendition(rung=Rung.FLOOR, tier=Tier.COMPATIBLE, video=video_track(long)),)}
    )
    assert "ms long" in refusal(store, _release(short))


def test_bytes_that_are_no_index_are_refused_even_under_their_own_digest(store: FakeObjectStore) -> None:
    rubbish = b"\xa0not an index"
    digest = sha256_hex(rubbish)
    store.put(PUBLIC, f"indexes/{digest}", rubbish)
    track = video_track(VIDEO).model_copy(update={"index": digest, "index_length": len(rubbish)})
    media = LESSON.media.model_copy(
        update={"renditions": (Rendition(rung=Rung.FLOOR, tier=Tier.COMPATIBLE, video=track),)}
    )
    assert "is no index" in refusal(store, _release(media))


def test_one_object_is_not_described_in_two_ways(store: FakeObjectStore) -> None:
    track = video_track(VIDEO).model_copy(update={"width": 320})
    other = make_lesson(
        LESSON.media.model_copy(
            update={"renditions": (Rendition(rung=Rung.FLOOR, tier=Tier.COMPATIBLE, video=track),)}
        ),
        2,
    )
    assert "described in two ways" in refusal(store, make_release((LESSON, other)))


def test_a_store_that_is_away_is_not_a_missing_lesson(store: FakeObjectStore) -> None:
    store.away = True
    with pytest.raises(StoreAway):
        check_complete(store, course())


# What the page says


def test_the_page_says_what_changed() -> None:
    kept, changed, gone = (make_lesson(make_media({Rung.FLOOR: VIDEO}, None), n) for n in (1, 2, 3))
    new = make_lesson(make_media({Rung.FLOOR: VIDEO, Rung.CLEAR: make_track(seed="c")}, SOUND), 4)
    before = make_release((kept, changed, gone))
    after = make_release((kept, changed.model_copy(update={"title": "新题目"}), new), 2, before.course, before.partner)
    lines = compare(after, before)
    assert [(line.number, line.change) for line in lines] == [
        (1, Change.SAME),
        (2, Change.CHANGED),
        (4, Change.NEW),
        (3, Change.REMOVED),
    ]
    assert {line.change for line in compare(before, None)} == {Change.NEW}
    assert lines[2].size == sum(t.index.pack_length for t in (VIDEO, make_track(seed="c"), SOUND))
    assert not is_renamed(after, before)
    assert is_renamed(after.model_copy(update={"title": "x"}), before)
