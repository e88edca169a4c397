"""A release has one form, names each thing once, and says which field is wrong."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from catalog.formats.clock import believed, best_now, is_sure
from catalog.formats.errors import AppError, BadFormat
from catalog.formats.hashing import canonical_json
from catalog.formats.ids import is_id, new_id
from catalog.formats.index import TrackKind
from catalog.formats.protocol import EnrolRequest
from catalog.formats.release import MAX_RELEASE_BYTES, Blob, Caption, Chapter, Quality, parse_release
from catalog.formats.rungs import WATCHABLE, Rung, Tier
from tests.factories import Modern, make_lesson, make_media, make_release, make_still, make_track

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


TWO_TIERS = make_media(
    {Rung.LISTEN: None, Rung.FLOOR: make_track(seed="f")},
    SOUND,
    POSTER,
    Modern({Rung.FLOOR: make_track(seed="m"), Rung.BEST: make_track(seed="n")}, make_track(TrackKind.SOUND, seed="o")),
    (make_still(b"one", 0), make_still(b"two", 100)),
    (Chapter(start_ms=0, title="复习"), Chapter(start_ms=100, title="压强")),
)


def _media(**changes: object) -> dict[str, Any]:
    return TWO_TIERS.model_dump(mode="json") | changes


OWN = _media()
RENDITIONS, SOUNDS, STILLS, CHAPTERS = (OWN[name] for name in ("renditions", "sounds", "stills", "chapters"))


@pytest.mark.parametrize(
    ("media", "why"),
    [
        (_media(renditions=RENDITIONS[::-1]), "order of tiers and ladder"),
        (_media(renditions=[RENDITIONS[0], *RENDITIONS]), "order of tiers and ladder"),
        (_media(renditions=[*RENDITIONS[2:], *RENDITIONS[:2]]), "order of tiers and ladder"),
        (_media(sounds=SOUNDS[::-1]), "sounds are not in the order"),
        (_media(sounds=SOUNDS[1:]), "neither pictures nor sound"),
        (_media(sounds=SOUNDS[:1]), "tiers of the sounds"),
        (_media(renditions=RENDITIONS[:2]), "tiers of the sounds"),
        (_media(stills=STILLS[::-1]), "stills are not in the order"),
        (_media(stills=[STILLS[0], STILLS[0]]), "stills are not in the order"),
        (_media(stills=[STILLS[0] | {"start_ms": TWO_TIERS.duration_ms}]), "after the lesson's end"),
        (_media(stills=[STILLS[0] | {"type": "image/svg+xml"}]), "image/jpeg"),
        (_media(stills=[STILLS[0] | {"start_ms": n} for n in range(2001)], duration_ms=9999), "2000"),
        (_media(chapters=CHAPTERS[::-1]), "chapters are not in the order"),
        (_media(chapters=[{"start_ms": 0, "title": " "}]), "at least 1 character"),
        (_media(chapters=[{"start_ms": n, "title": "x"} for n in range(501)], duration_ms=9999), "500"),
        (_media(renditions=[RENDITIONS[0] | {"quality": {"vmaf_mean": 100.1}}, *RENDITIONS[1:]]), "100"),
        (_media(renditions=[RENDITIONS[0] | {"quality": {"legibility": -0.1}}, *RENDITIONS[1:]]), "0"),
    ],
)
def test_media_that_make_no_sense_are_refused(media: dict[str, object], why: str) -> None:
    with pytest.raises(BadFormat, match="media") as caught:
        parse_release(_changed(lessons=[LESSON | {"media": media}]))
    assert why in str(caught.value)


def test_both_tiers_stills_and_chapters_are_read_as_they_were_written() -> None:
    release = make_release((make_lesson(TWO_TIERS, 1, (CAPTION,)),))
    assert parse_release(release.encoded()) == release
    assert [blob.sha256 for blob in release.blobs()] == [
        CAPTION.sha256,
        POSTER.sha256,
        *(still.sha256 for still in TWO_TIERS.stills),
    ]
    assert len(release.tracks()) == 5


def test_a_poster_that_is_a_still_is_one_file() -> None:
    media = TWO_TIERS.model_copy(update={"poster": Blob(sha256=TWO_TIERS.stills[1].sha256, length=3)})
    assert len(media.blobs()) == 2


def test_each_tier_has_its_own_ladder_and_sound() -> None:
    media = TWO_TIERS
    assert media.tiers == (Tier.COMPATIBLE, Tier.MODERN)
    floor, listen = media.smallest_watchable(Tier.COMPATIBLE), media.rendition(Rung.LISTEN, Tier.COMPATIBLE)
    assert floor is not None
    assert (floor.rung, floor.tier) == (Rung.FLOOR, Tier.COMPATIBLE)
    assert listen is not None
    assert media.tracks(Rung.LISTEN, Tier.COMPATIBLE) == (media.sounds[0],)
    assert media.tracks(Rung.BEST, Tier.MODERN)[1] == media.sound(Tier.MODERN) == media.sounds[1]
    assert media.rendition(Rung.LISTEN, Tier.MODERN) is None
    assert MEDIA.smallest_watchable(Tier.MODERN) is None
    assert MEDIA.sound(Tier.MODERN) is None


def test_without_a_watchable_rung_the_lowest_is_the_smallest() -> None:
    voice = make_media({Rung.LISTEN: None}, SOUND)
    assert voice.smallest_watchable(Tier.COMPATIBLE) == voice.renditions[0]


def test_what_was_measured_is_kept_to_one_decimal() -> None:
    quality = Quality(vmaf_mean=93.4567, vmaf_p5=88, legibility=0.98765)
    assert (quality.vmaf_mean, quality.vmaf_p5, quality.vmaf_min, quality.legibility) == (93.5, 88, None, 0.988)


def test_the_smallest_watchable_rendition_is_the_floor() -> None:
    assert MEDIA.rendition(Rung.FLOOR, Tier.COMPATIBLE) == MEDIA.smallest_watchable(Tier.COMPATIBLE)
    assert Rung.LISTEN not in WATCHABLE
    assert [t.index for t in MEDIA.tracks(Rung.FLOOR, Tier.COMPATIBLE)][1:] == [SOUND.index.digest]
    assert MEDIA.tracks(Rung.BEST, Tier.COMPATIBLE) == ()


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
    assert canonical_json({"rate": 25.0, "share": 0.5, "all": [1.0, {"x": -0.0}]}) == (
        b'{"all":[1,{"x":0}],"rate":25,"share":0.5}'
    )
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


def test_nobody_is_believed_that_it_is_long_after_what_people_signed_for() -> None:
    signed_until = datetime(2027, 6, 1, tzinfo=UTC)
    now, next_year = datetime(2026, 11, 24, tzinfo=UTC), datetime(2028, 5, 1, tzinfo=UTC)
    assert believed([now, None, next_year], signed_until) == next_year
    assert believed([now, datetime(2062, 1, 1, tzinfo=UTC)], signed_until) == now
    assert believed([datetime(1970, 1, 1, tzinfo=UTC)], signed_until) is None
    assert believed([now], None) is None


@pytest.mark.parametrize("hours", [-14, 0, 14])
def test_the_ends_of_all_time_are_no_times_and_break_nothing(hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    ends = [datetime.min.replace(tzinfo=zone), datetime.max.replace(tzinfo=zone)]
    for signed_until in (ends[1], datetime(2027, 6, 1, tzinfo=UTC)):
        assert believed(ends, signed_until) is None


def test_an_error_says_its_data() -> None:
    error = BadFormat(what="index", why="it is empty")
    assert isinstance(error, AppError)
    assert str(error) == "This is not a valid index: it is empty. Fetch or make it again."
