"""Both tiers, stills and chapters in Chromium: AV1 with Opus and H.264 with AAC, each way to play, with seeking."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from catalog.formats.release import Lesson, Place
from catalog.formats.rungs import Tier
from tests.browser.conftest import OpenPage
from tests.browser.waiting import until
from tests.factories import make_lesson, make_release
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.signed_world import SignedWorld
from tests.fakes.wire import Wire
from tests.real_lessons import CHAPTERS, real_lesson

BOTH = (Tier.COMPATIBLE, Tier.MODERN)
NOW = "document.querySelector('video').currentTime"
STILL = "document.querySelector('.player-still')"


@dataclass
class TieredRoom:
    """A node that holds lessons in both tiers and in the modern one alone, and one of which only the sound is here."""

    edge: EdgeProcess
    course: str
    both: str
    modern: str
    heard: str

    def address(self, lesson: str, query: str = "") -> str:
        return f"{self.edge.address}/lessons/{self.course}/{lesson}{query}"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TieredRoom]:
    made, state = real_lesson(BOTH), tmp_path_factory.mktemp("tiers") / "node"
    media = made.media
    modern = media.model_copy(
        update={
            "renditions": tuple(r for r in media.renditions if r.tier is Tier.MODERN),
            "sounds": media.sounds[1:],
        }
    )
    place = Place(stage="初中", grade="八年级", subject="物理", edition="人教版", volume="下册", unit="第九章 压强")

    def lesson(number: int, title: str, of: object) -> Lesson:
        one = make_lesson(media, number, made.captions)
        return one.model_copy(update={"title": title, "media": of, "place": place})

    compatible, best = media.renditions[1].video, media.renditions[2].video
    assert compatible
    assert best
    # A lesson of one rung that the store lacks: only its sound comes.
    lost = compatible.model_copy(update={"index": "0" * 64})
    heard = media.model_copy(
        update={
            "renditions": (media.renditions[0], media.renditions[1].model_copy(update={"video": lost})),
            "sounds": media.sounds[:1],
        }
    )
    lessons = (lesson(1, "大气压强", media), lesson(2, "液体的压强", modern), lesson(3, "浮力", heard))
    with Wire(SignedWorld()) as wire:
        release = make_release(lessons, partner=wire.world.partner).model_copy(update={"place": place})
        wire.world.publish(release, made.tracks, made.blobs)
        wire.direct((release.course, 1), tiers=BOTH)
        edge = EdgeProcess(state, attempts="1")
        enrolled = edge.command("enrol", "--centre", wire.address, "--code", wire.code)
        assert enrolled.returncode == 0, enrolled.stderr
        synced = edge.command("sync", "--json")
        assert synced.returncode == 3, synced.stderr
    with edge:
        yield TieredRoom(edge, release.course, *(one.id for one in lessons))


def play(page: Page) -> None:
    page.locator(".player-play").click()


def reaches(page: Page, seconds: float) -> None:
    until(page, f"{NOW} > {seconds}")


@pytest.mark.parametrize("how", ["hls.js", "progressive"])
def test_av1_and_opus_play_and_seek(page: Page, room: TieredRoom, how: str) -> None:
    page.goto(room.address(room.modern, f"?player={how}"))
    expect(page.locator("video")).to_have_attribute("data-player", how)
    play(page)
    reaches(page, 0.5)
    for target in (55, 21):
        page.evaluate(f"{NOW} = {target}")
        until(page, f"{NOW} > {target + 0.5} && {NOW} < {target + 9}")
    assert page.evaluate("document.querySelector('video').videoHeight") == 360
    assert page.evaluate("document.querySelector('video').webkitAudioDecodedByteCount") > 0
    expect(page.locator(".player-message")).to_be_hidden()


def test_of_two_tiers_the_best_picture_plays(page: Page, room: TieredRoom) -> None:
    page.goto(room.address(room.both))
    play(page)
    reaches(page, 1)
    assert page.evaluate("document.querySelector('video').videoHeight") == 720


@pytest.mark.parametrize("how", ["hls.js", "progressive"])
def test_a_browser_without_av1_plays_the_compatible_tier(open_page: OpenPage, room: TieredRoom, how: str) -> None:
    page = open_page()
    page.add_init_script(
        "var can = MediaSource.isTypeSupported.bind(MediaSource);"
        "MediaSource.isTypeSupported = function (type) { return !/av01|opus/.test(type) && can(type); };"
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(room.address(room.both, f"?player={how}&show=floor"))
    play(page)
    reaches(page, 1)
    made = real_lesson(BOTH)
    compatible = {track.index.digest for track in made.tracks[:3]}
    tracks = {url.split("/")[5] for url in asked if "/media/track/" in url}
    assert tracks <= compatible
    assert bool(tracks) == (how == "hls.js")
    assert not any("modern" in url for url in asked)


@pytest.mark.parametrize("how", ["hls.js", "progressive"])
def test_the_slide_stands_while_the_voice_speaks(page: Page, room: TieredRoom, how: str) -> None:
    page.goto(room.address(room.both, f"?player={how}&show=listen"))
    play(page)
    reaches(page, 0.5)
    assert page.evaluate("document.querySelector('video').videoHeight") == 0
    shown = set()
    for time, start in ((1, "0"), (30, "25"), (60, "50"), (10, "0")):
        page.evaluate(f"{NOW} = {time}")
        until(page, f"{STILL}.getAttribute('data-shows') === '{start}' && {STILL}.complete && {NOW} > {time}")
        until(page, f"document.querySelector('video').poster === {STILL}.src")
        assert page.evaluate(f"{STILL}.naturalWidth") == 640
        shown.add(page.evaluate(f"{STILL}.src"))
    assert len(shown) == 3


def test_a_slide_fills_the_screen(page: Page, room: TieredRoom) -> None:
    page.goto(room.address(room.both, "?show=listen"))
    page.get_by_role("button", name="全屏").click()
    until(page, "document.fullscreenElement === document.querySelector('video')")
    assert page.evaluate(f"document.querySelector('video').poster === {STILL}.src")


def test_captions_stand_above_the_controls_of_a_sound(page: Page, room: TieredRoom) -> None:
    page.goto(room.address(room.both, "?show=listen"))
    play(page)
    page.evaluate(f"{NOW} = 14")
    shown = "Array.from(document.querySelector('video').textTracks).filter(t => t.mode === 'showing')[0]"
    until(page, f"Array.from({shown}.activeCues || []).some(cue => cue.line === -3)")


def test_a_rung_is_chosen_and_kept_for_the_next_lesson(page: Page, room: TieredRoom) -> None:
    page.goto(room.address(room.both))
    ways = page.locator(".showing a")
    expect(ways).to_have_text(["自动", "最清晰", "省流量", "声音和图片"])
    expect(page.locator(".showing [aria-current]")).to_have_text("自动")
    ways.nth(2).click()
    expect(page.locator(".showing [aria-current]")).to_have_text("省流量")
    play(page)
    reaches(page, 0.5)
    assert page.evaluate("document.querySelector('video').videoHeight") == 360
    page.get_by_role("link", name="下一节").click()
    expect(page.locator(".showing [aria-current]")).to_have_text("省流量")


def test_a_lesson_is_listened_to_before_its_pictures_are_here(page: Page, room: TieredRoom) -> None:
    page.goto(room.address(room.heard))
    expect(page.get_by_text("画面还在路上")).to_be_visible()
    play(page)
    reaches(page, 1)
    assert page.evaluate(f"{STILL}.naturalWidth") == 640
    expect(page.locator(".showing")).to_have_count(0)


def test_a_chapter_is_gone_to_and_marked(page: Page, room: TieredRoom) -> None:
    page.goto(room.address(room.both))
    marks = page.locator(".chapters a")
    expect(marks).to_have_text([f"0:{c.start_ms // 1000:02d} {c.title}" for c in CHAPTERS])
    marks.nth(1).click()
    until(page, f"{NOW} > 25.2 && {NOW} < 34")
    expect(page.locator(".chapters [aria-current]")).to_contain_text(CHAPTERS[1].title)
    assert page.evaluate("window.scrollY") < page.evaluate("document.querySelector('.player').offsetTop + 50")


def test_without_script_a_chapter_is_the_file_at_its_time(open_page: OpenPage, room: TieredRoom) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(room.address(room.both))
    address = page.locator(".chapters a").nth(2).get_attribute("href") or ""
    assert address.endswith("/best.mp4#t=50")
    assert page.request.get(room.edge.address + address, headers={"Range": "bytes=0-11"}).body()[4:8] == b"ftyp"


def test_the_strip_shows_what_stands_at_a_time_and_goes_there(page: Page, room: TieredRoom) -> None:
    page.goto(room.address(room.both))
    strip = page.locator(".player-strip")
    expect(page.locator(".player-strip-mark")).to_have_count(2)
    area = strip.bounding_box()
    assert area
    page.mouse.move(area["x"] + area["width"] * 0.5, area["y"] + 8)
    expect(page.locator(".player-peek-words")).to_have_text(f"0:36 · {CHAPTERS[1].title}")
    until(page, "document.querySelector('.player-peek img').naturalWidth === 640")
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.8, area["y"] + 8)
    expect(page.locator(".player-peek-words")).to_contain_text(CHAPTERS[2].title)
    page.mouse.up()
    until(page, f"Math.abs({NOW} - 58.9) < 1")


@pytest.mark.parametrize("query", ["?show=listen", "?show=listen&lang=en", ""])
def test_the_page_is_for_everybody(page: Page, room: TieredRoom, query: str) -> None:
    page.goto(room.address(room.both, query))
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
