"""What a lesson's page shows: the best that is here, a rung that was asked for, the sound before there is a picture."""

import pytest

from catalog.formats.index import TrackKind
from catalog.formats.release import Chapter, Lesson
from catalog.formats.rungs import Rung, Tier
from edge_cache.releases.repository import RungState
from edge_cache.web.showing import Mark, Save, Showing, showing
from tests.factories import Modern, make_lesson, make_media, make_still, make_track

VIDEO, SOUND = make_track(), make_track(TrackKind.SOUND)
STILLS = (make_still(b"one", 0), make_still(b"two", 100))
MEDIA = make_media(
    {Rung.LISTEN: None, Rung.FLOOR: VIDEO, Rung.BEST: VIDEO},
    SOUND,
    modern=Modern({Rung.LISTEN: None, Rung.FLOOR: VIDEO, Rung.BEST: VIDEO}, SOUND),
    stills=STILLS,
    chapters=(Chapter(start_ms=0, title="复习"), Chapter(start_ms=150, title="压强")),
)
LESSON = make_lesson(MEDIA)


def states(*complete: str, lesson: Lesson = LESSON, wanted: Tier = Tier.COMPATIBLE) -> list[RungState]:
    """Return the states of all renditions; `complete` are named `<rung>` or `<rung>.modern`."""
    found = []
    for rendition in sorted(lesson.media.renditions, key=lambda r: (r.rung.height_on_ladder, r.tier)):
        name = rendition.rung.value + (".modern" if rendition.tier is Tier.MODERN else "")
        lowest = lesson.media.smallest_watchable(rendition.tier)
        found.append(
            RungState(
                rung=rendition.rung.value,
                tier=rendition.tier.value,
                height=rendition.rung.height_on_ladder,
                wanted=rendition.tier is wanted,
                watchable=rendition.rung is not Rung.LISTEN or rendition is lowest,
                floor=rendition is lowest,
                video=rendition.video.index if rendition.video else None,
                sound="s",
                complete=name in complete,
            )
        )
    return found


def show(*complete: str, asked: str = "") -> Showing:
    found = showing(LESSON, states(*complete), "/media", asked, lambda digest: digest == STILLS[1].sha256)
    assert found is not None
    return found


def test_the_best_that_is_here_plays_and_every_rung_can_be_asked_for() -> None:
    shown = show("listen", "floor", "best")
    assert (shown.hls, shown.mp4) == ("/media/lesson.m3u8", "/media/best.mp4")
    assert (shown.rungs, shown.chosen, shown.listens) == (("listen", "floor", "best"), "", False)
    asked = show("listen", "floor", "best", asked="floor")
    assert (asked.hls, asked.mp4, asked.chosen) == ("/media/floor.m3u8", "/media/floor.mp4", "floor")


@pytest.mark.parametrize("asked", ["best", "nonsense", "<script>", "lesson"])
def test_a_rung_that_is_not_here_is_not_chosen(asked: str) -> None:
    assert show("listen", "floor", asked=asked).chosen == ""


def test_listening_is_the_sound_with_the_stills_that_are_here() -> None:
    shown = show("listen", "floor", asked="listen")
    assert (shown.listens, shown.mp4, shown.hls) == (True, "/media/listen.mp4", "/media/listen.m3u8")
    assert shown.still == f"/media/blob/{STILLS[1].sha256}.jpg"
    assert shown.thumbnails == "/media/thumbnails.vtt"
    assert show("listen").listens


def test_an_old_browser_is_given_the_tier_that_every_screen_plays() -> None:
    assert show("floor", "floor.modern", "best.modern").mp4 == "/media/floor.mp4"
    assert show("floor.modern", "best.modern").mp4 == "/media/best.modern.mp4"


def test_the_modern_file_is_offered_where_there_is_no_other() -> None:
    assert show("floor", "floor.modern", "best.modern").saves == (
        Save("floor", False, "/media/floor.mp4"),
        Save("best", True, "/media/best.modern.mp4"),
    )


def test_chapters_lead_into_the_file_that_plays() -> None:
    assert show("floor").chapters == (
        Mark(0, "复习", "/media/floor.mp4#t=0"),
        Mark(0.15, "压强", "/media/floor.mp4#t=0.15"),
    )


def test_what_was_damaged_is_shown_as_it_was_in_the_tier_of_the_policy() -> None:
    shown = show()
    assert (shown.mp4, shown.hls, shown.saves, shown.listens) == ("/media/best.mp4", "/media/lesson.m3u8", (), False)
    assert showing(LESSON, [], "/media", "", lambda _: True) is None


def test_a_lesson_without_stills_has_none() -> None:
    plain = make_lesson(make_media({Rung.LISTEN: None}, SOUND))
    shown = showing(plain, states("listen", lesson=plain), "/media", "", lambda _: True)
    assert shown is not None
    assert (shown.still, shown.thumbnails, shown.chapters, shown.listens) == (None, None, (), True)
