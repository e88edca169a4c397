"""A release has one form, names each thing once, and says which field is wrong."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from catalog.formats.clock import best_now, is_sure
from catalog.formats.errors import AppError, BadFormat
from catalog.formats.hashing import canonical_json
from catalog.formats.ids import is_id, new_id
from catalog.formats.index import TrackKind
from catalog.formats.protocol import EnrolRequest
from catalog.formats.release import MAX_RELEASE_BYTES, Blob, Caption, parse_release
from catalog.formats.rungs import WATCHABLE, Rung
from tests.factories import make_lesson, make_media, make_release, make_track

SOUND = make_track(TrackKind.SOUND)
POSTER = Blob(sha256="1" * 64, length=100)
CAPTION = Caption(sha256="2" * 64, length=100, language="zh-CN", name="简体中文")
MEDIA = make_media({Rung.FLOOR: make_track(seed="f"), Rung.CLEAR: make_track(seed="c")}, SOUND, POSTER)
RELEASE = make_release((make_lesson(MEDIA, 1, (CAPTION,)), make_lesson(MEDIA, 2, (CAPTION,))))


def test_what_is_written_is_read() -> None:
    assert parse_release(RELEASE.encoded()) == RELEASE


def test_shared_things_are_named_once() -> None:
    assert len(RELEASE.tracks()) == 3
    assert {blob.sha256 for blob in RELEASE.blobs()} == {POSTER.sha256, CAPTION.sha256}
    assert RELEASE.target_path == f"releases/{RELEASE.partner}/{RELEASE.course}/1.json"


def test_a_later_field_is_passed_over() -> None:
    document = json.loads(RELEASE.encoded()) | {"later": "field"}
    assert parse_release(canonical_json(document)) == RELEASE


def _changed(**changes: object) -> bytes:
    return canonical_json(json.loads(RELEASE.encoded()) | changes)


LESSON = json.loads(RELEASE.encoded())["lessons"][0]


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"", "document"),
        (b"[]", "document"),
        (_changed(v=2), "v"),
        (_changed(number=0), "number"),
        (_changed(title=""), "title"),
        (_changed(title="x" * 201), "title"),
        (_changed(partner="../../etc"), "partner"),
        (_changed(published="2026-11-24T00:00:00"), "published"),
        (_changed(lessons=[LESSON, LESSON]), "same id or number"),
        (_changed(lessons=[LESSON | {"media": LESSON["media"] | {"renditions": []}}]), "renditions"),
        (_changed(lessons=[LESSON | {"media": LESSON["media"] | {"duration_ms": 0}}]), "duration_ms"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, where: str) -> None:
    with pytest.raises(BadFormat, match="release") as caught:
        parse_release(data)
    assert where in str(caught.value)


def test_an_endless_release_is_refused() -> None:
    with pytest.raises(BadFormat, match="more than"):
        parse_release(bytes(MAX_RELEASE_BYTES + 1))


def test_renditions_stand_in_the_order_of_the_ladder() -> None:
    media = json.loads(RELEASE.encoded())["lessons"][0]["media"]
    media["renditions"].reverse()
    with pytest.raises(BadFormat, match="ladder"):
        parse_release(_changed(lessons=[LESSON | {"media": media}]))


def test_the_smallest_watchable_rendition_is_the_floor() -> None:
    assert MEDIA.smallest_watchable().rung is Rung.FLOOR
    assert Rung.LISTEN not in WATCHABLE
    assert [t.index for t in MEDIA.tracks(Rung.FLOOR)][1:] == [SOUND.index.digest]
    assert MEDIA.tracks(Rung.BEST) == ()


def test_ids_sort_and_are_recognised() -> None:
    assert is_id(new_id())
    assert not is_id(new_id().lower())
    assert not is_id("8" * 26)


def test_a_code_is_six_groups_of_four() -> None:
    assert EnrolRequest(code="ABCD-EFGH-JKLM-NPQR-STUV-WXYZ", software="1").code
    with pytest.raises(ValueError, match="code"):
        EnrolRequest(code="ABCD", software="1")


def test_canonical_json_has_one_form() -> None:
    assert canonical_json({"b": 1, "a": "送炭"}) == '{"a":"送炭","b":1}'.encode()
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


def test_time_is_the_newest_that_has_surely_passed() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    long_ago = datetime(1970, 1, 1, tzinfo=UTC)
    assert best_now(long_ago, None, now) == now
    assert best_now(now, long_ago) == now
    assert not is_sure(long_ago, now)
    assert is_sure(now - timedelta(minutes=1), now)
    assert is_sure(now, None)


def test_an_error_says_its_data() -> None:
    error = BadFormat(what="index", why="it is empty")
    assert isinstance(error, AppError)
    assert str(error) == "This is not a valid index: it is empty. Fetch or make it again."
