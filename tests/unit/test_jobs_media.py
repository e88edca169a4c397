"""What a release says of a lesson whose tracks become whole one after another, and when a rendition is good enough."""

from fractions import Fraction
from itertools import permutations

import pytest
from pydantic import ValidationError

from catalog.formats.index import TrackKind
from catalog.formats.release import Rendition
from catalog.formats.rungs import Rung, Tier
from catalog.jobs.media import MediaBase, Packed, compose
from tests.factories import make_track, sound_track, video_track
from workers.pipeline.gates.spots import View
from workers.pipeline.gates.verdict import Try
from workers.pipeline.judging import MOST_TRIES, judge_rendition
from workers.pipeline.plan import Stretch
from workers.pipeline.recipe import Handling, VideoRecipe
from workers.pipeline.work import Measured, VideoWork

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


def work(rung: Rung, crf: int) -> VideoWork:
    recipe = VideoRecipe(
        tier=Tier.COMPATIBLE, rung=rung, width=640, height=360, rate=Fraction(5), crf=crf, preset="veryslow"
    )
    return VideoWork(
        number=0, part_key="k", part_digest="d", part_start=0.0,
        stretch=Stretch(start=Fraction(0), seconds=Fraction(16)), recipe=recipe,
        handling=Handling(rotation=0, deinterlace=False, matrix="bt709", lead_s=0.025), tools="t",
        view=View(width=1280, height=720, rate=Fraction(25)),
    )  # fmt: skip


def measured(score: float) -> list[Measured]:
    return [Measured(vmaf=((score,) * 5, (score,) * 5), weights=(8.0, 8.0))]


@pytest.mark.parametrize("rung", [Rung.FLOOR, Rung.CLEAR, Rung.BEST])
def test_good_pictures_pass_and_bad_ones_are_encoded_again_with_more_bits(rung: Rung) -> None:
    good = judge_rendition([work(rung, 30)], measured(99.0), [])
    assert good.passed
    assert good.quality.vmaf_mean == 99.0
    assert good.quality.legibility is None
    bad = judge_rendition([work(rung, 30)], measured(40.0), [])
    assert not bad.passed
    assert bad.again is not None
    assert bad.again.crf < 30


def test_where_bits_do_not_help_pictures_are_made_as_large_as_the_source() -> None:
    small = work(Rung.FLOOR, 20).model_copy(update={"largest": (1280, 720)})
    tries = [
        judge_rendition([small.model_copy(update={"recipe": work(Rung.FLOOR, 30).recipe})], measured(60.0), []).attempt
    ]
    judged = judge_rendition([small], measured(60.5), tries)
    assert judged.again is not None
    assert (judged.again.width, judged.again.height, judged.again.crf) == (1280, 720, 30)


def test_after_enough_tries_nothing_more_is_tried() -> None:
    tries: list[Try] = []
    crf: int | None = 45
    while crf is not None:
        judged = judge_rendition([work(Rung.FLOOR, crf)], measured(40.0), tries)
        tries.append(judged.attempt)
        assert judged.again is None or judged.again.crf < crf
        crf = judged.again.crf if judged.again else None
    assert 2 <= len(tries) <= MOST_TRIES
    assert not judged.passed
