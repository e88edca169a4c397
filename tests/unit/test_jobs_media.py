"""What a release says of a lesson whose tracks become whole one after another."""

from itertools import permutations

import pytest
from pydantic import ValidationError

from catalog.formats.index import TrackKind
from catalog.formats.release import Blob, Rendition
from catalog.formats.rungs import Rung, Tier
from catalog.jobs.media import MediaBase, Packed, compose
from tests.factories import make_still, make_track, sound_track, video_track

BASE = MediaBase(duration_ms=6144)


def pictures(rung: Rung, tier: Tier) -> Packed:
    return Packed(rendition=Rendition(rung=rung, tier=tier, video=video_track(make_track(seed=f"{tier}{rung}"), tier)))


def voice(tier: Tier) -> Packed:
    return Packed(sound=sound_track(make_track(TrackKind.SOUND, seed=tier), tier))


def test_tracks_in_any_order_make_the_same_media() -> None:
    tracks = [
        pictures(Rung.FLOOR, Tier.MODERN), voice(Tier.MODERN), pictures(Rung.CLEAR, Tier.COMPATIBLE),
        pictures(Rung.FLOOR, Tier.COMPATIBLE), voice(Tier.COMPATIBLE),
    ]  # fmt: skip
    found = {compose(BASE, order).model_dump_json() for order in permutations(tracks)}
    assert len(found) == 1
    media = compose(BASE, tracks)
    assert [(r.tier, r.rung) for r in media.renditions] == [
        (Tier.COMPATIBLE, Rung.LISTEN), (Tier.COMPATIBLE, Rung.FLOOR), (Tier.COMPATIBLE, Rung.CLEAR),
        (Tier.MODERN, Rung.LISTEN), (Tier.MODERN, Rung.FLOOR),
    ]  # fmt: skip
    assert [s.tier for s in media.sounds] == list(Tier)
    assert [r.video is None for r in media.renditions] == [True, False, False, True, False]


def test_what_is_left_out_leaves_nothing_behind_and_nothing_is_no_lesson() -> None:
    floor = pictures(Rung.FLOOR, Tier.COMPATIBLE)
    assert compose(BASE, [floor, Packed()]) == compose(BASE, [floor])
    with pytest.raises(ValidationError):
        compose(BASE, [Packed()])


def test_a_still_that_stands_twice_takes_its_bytes_once() -> None:
    first, second = make_still(b"one", 0), make_still(b"another", 2000)
    again = make_still(b"one", 4000)
    base = MediaBase(duration_ms=6144, stills=(first, second, again), poster=Blob(sha256=first.sha256, length=3))
    assert base.bytes == 3 + 7
    assert BASE.bytes == 0
