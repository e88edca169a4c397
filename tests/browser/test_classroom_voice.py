"""A lesson that is a voice alone: it lists, says so, and plays in the classroom through hls.js and as one file."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from catalog.formats.release import Media, Place, Rendition
from catalog.formats.rungs import Rung, Tier
from tests.factories import make_lesson, make_release
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.signed_world import SignedWorld
from tests.fakes.wire import Wire
from tests.real_lessons import real_lesson

TITLE = "听 “压强” 'it’s' \"q\" <b>"


@dataclass
class VoiceRoom:
    """A node that holds one lesson of sound only; the centre is gone."""

    edge: EdgeProcess
    address: str


@pytest.fixture(scope="module")
def voice_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VoiceRoom]:
    made, state = real_lesson(), tmp_path_factory.mktemp("voice") / "node"
    media = Media(
        duration_ms=made.media.duration_ms,
        renditions=(Rendition(rung=Rung.LISTEN, tier=Tier.COMPATIBLE, video=None),),
        sounds=made.media.sounds,
    )
    lesson = make_lesson(media, 1).model_copy(update={"title": TITLE})
    with Wire(SignedWorld()) as wire:
        release = make_release((lesson,), partner=wire.world.partner).model_copy(
            update={"place": Place(subject="物理")}
        )
        wire.world.publish(release, [made.tracks[-1]])
        wire.direct((release.course, 1))
        edge = EdgeProcess(state, attempts="1")
        enrolled = edge.command("enrol", "--centre", wire.address, "--code", wire.code)
        assert enrolled.returncode == 0, enrolled.stderr
        synced = edge.command("sync", "--json")
        assert synced.returncode == 0, synced.stderr
    with edge:
        yield VoiceRoom(edge, f"{edge.address}/lessons/{release.course}/{lesson.id}")


@pytest.mark.parametrize("how", ["hls.js", "progressive"])
def test_a_voice_plays(page: Page, voice_room: VoiceRoom, how: str) -> None:
    page.goto(voice_room.edge.address)
    expect(page.get_by_text(TITLE)).to_be_visible()
    page.goto(f"{voice_room.address}?player={how}")
    expect(page.locator("video")).to_have_attribute("data-player", how)
    page.locator(".player-play").click()
    page.wait_for_function("() => document.querySelector('video').currentTime >= 1")
    assert page.evaluate("() => document.querySelector('video').videoHeight") == 0


def test_a_voice_can_be_saved_under_the_lessons_title(page: Page, voice_room: VoiceRoom) -> None:
    page.goto(voice_room.address)
    (link,) = page.locator("a[download]").all()
    assert link.get_attribute("download") == f"{TITLE}.mp4"
    with page.expect_download() as download:
        link.click()
    assert download.value.path().read_bytes()[4:8] == b"ftyp"
