"""The player in Chromium: each way to play, keys, captions, faults; against a stand-in for a node."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.lesson_server import LessonServer, make_views
from tests.browser.waiting import until
from tests.serving import served

NOW = "document.querySelector('video').currentTime"


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views")
    make_views(folder)
    return folder


@pytest.fixture
def node(views: Path) -> Iterator[LessonServer]:
    server = LessonServer(views)
    with served(server.app()) as address:
        server.address = address
        yield server


def play(page: Page) -> None:
    page.locator(".player-play").click()


def reaches(page: Page, seconds: float) -> None:
    """Wait until the lesson has played past a position."""
    until(page, f"{NOW} > {seconds}")


def seek(page: Page, seconds: float) -> None:
    page.evaluate(f"{NOW} = {seconds}")


def test_mse_plays_through_hls_js_with_sound(page: Page, node: LessonServer) -> None:
    page.goto(f"{node.address}/lesson")
    expect(page.locator("video")).to_have_attribute("data-player", "hls.js")
    play(page)
    reaches(page, 1)
    assert page.evaluate("document.querySelector('video').webkitAudioDecodedByteCount") > 0
    assert page.evaluate("document.querySelector('video').src").startswith("blob:")
    expect(page.locator(".player-play")).to_be_hidden()
    expect(page.locator(".player-message")).to_be_hidden()


def test_progressive_on_request(page: Page, node: LessonServer) -> None:
    page.goto(f"{node.address}/lesson?player=progressive")
    expect(page.locator("video")).to_have_attribute("data-player", "progressive")
    play(page)
    reaches(page, 1)


def test_without_mse_it_still_plays(open_page: OpenPage, node: LessonServer) -> None:
    page = open_page()
    page.add_init_script("delete window.MediaSource; delete window.ManagedMediaSource;")
    page.goto(f"{node.address}/lesson")
    expect(page.locator("video")).to_have_attribute("data-player", re.compile("native|progressive"))
    play(page)
    reaches(page, 1)


def test_without_hls_or_mse_the_progressive_file_plays(open_page: OpenPage, node: LessonServer) -> None:
    page = open_page()
    page.add_init_script(
        "delete window.MediaSource; HTMLMediaElement.prototype.canPlayType = function () { return ''; };"
    )
    page.goto(f"{node.address}/lesson")
    expect(page.locator("video")).to_have_attribute("data-player", "progressive")
    play(page)
    reaches(page, 1)


def test_without_script_the_browser_plays_the_page(open_page: OpenPage, node: LessonServer) -> None:
    page = open_page(java_script_enabled=False)
    with page.expect_response(lambda answer: answer.url.endswith("/lesson.mp4")) as asked:
        page.goto(f"{node.address}/lesson")
    assert asked.value.status == 206
    video = page.locator("video[controls]")
    expect(video).to_have_attribute("src", "/views/lesson.mp4")
    expect(video.locator("track[kind=captions]")).to_have_attribute("srclang", "zh-CN")


@pytest.mark.parametrize("how", ["hls.js", "progressive"])
def test_keys_seek_pause_and_go_to_the_beginning(page: Page, node: LessonServer, how: str) -> None:
    page.goto(f"{node.address}/lesson?player={how}")
    play(page)
    reaches(page, 0.5)
    page.keyboard.press("Space")
    until(page, "document.querySelector('video').paused")
    before = page.evaluate(NOW)
    page.keyboard.press("ArrowRight")
    assert page.evaluate(NOW) == pytest.approx(before + 5, abs=0.2)
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(NOW) == pytest.approx(before, abs=0.2)
    page.keyboard.press("0")
    assert page.evaluate(NOW) == pytest.approx(0, abs=0.2)
    page.keyboard.press("Space")
    until(page, "!document.querySelector('video').paused")


def test_f_fills_the_screen_and_leaves_it(page: Page, node: LessonServer) -> None:
    page.goto(f"{node.address}/lesson")
    page.locator("main").click()
    page.keyboard.press("f")
    until(page, "document.fullscreenElement !== null")
    page.keyboard.press("f")
    until(page, "document.fullscreenElement === null")


@pytest.mark.parametrize("how", ["hls.js", "progressive"])
def test_captions_follow_the_voice_and_c_hides_them(page: Page, node: LessonServer, how: str) -> None:
    page.goto(f"{node.address}/lesson?player={how}")
    play(page)
    seek(page, 14)
    until(
        page,
        "(document.querySelector('video').textTracks[0].activeCues || []).length && "
        "document.querySelector('video').textTracks[0].activeCues[0].text === '把小桌放在海绵上，海绵陷下去一点。'",
    )
    page.keyboard.press("c")
    assert page.evaluate("document.querySelector('video').textTracks[0].mode") == "disabled"
    page.reload()
    until(page, "document.querySelector('video').textTracks[0].mode === 'disabled'")


@pytest.mark.parametrize("how", ["hls.js", "progressive"])
def test_a_lesson_goes_on_where_it_stopped(page: Page, node: LessonServer, how: str) -> None:
    page.goto(f"{node.address}/lesson?player={how}")
    play(page)
    seek(page, 30)
    reaches(page, 30.2)
    page.keyboard.press("Space")
    until(page, "localStorage.getItem('songtan.position.01J0SAMPLE') === '30'")
    page.reload()
    expect(page.locator(".player-message")).to_contain_text("从上次停下的地方接着放")
    play(page)
    reaches(page, 30.5)
    assert page.evaluate(NOW) < 40


def test_an_asked_start_beats_the_remembered_one(page: Page, node: LessonServer) -> None:
    page.goto(f"{node.address}/lesson")
    page.evaluate("localStorage.setItem('songtan.position.01J0SAMPLE', '20')")
    page.goto(f"{node.address}/lesson?start=50")
    play(page)
    reaches(page, 50)


def test_a_browser_that_forbids_storage_plays_all_the_same(open_page: OpenPage, node: LessonServer) -> None:
    page = open_page()
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('denied'); }});")
    page.goto(f"{node.address}/lesson")
    play(page)
    reaches(page, 1)


def test_an_outage_is_said_and_survived(page: Page, node: LessonServer, page_noise: list[str]) -> None:
    page_noise.append("503")
    page.goto(f"{node.address}/lesson")
    play(page)
    reaches(page, 0.5)
    node.faults["part_"] = 503
    seek(page, 60)
    expect(page.locator(".player-message")).to_contain_text("连不上这节课", timeout=20_000)
    node.faults.clear()
    reaches(page, 60.5)
    expect(page.locator(".player-message")).to_be_hidden()


def test_a_playlist_that_cannot_be_reached_is_asked_for_again(
    page: Page, node: LessonServer, page_noise: list[str]
) -> None:
    page_noise.append("503")
    node.faults["master"] = 503
    page.goto(f"{node.address}/lesson")
    expect(page.locator(".player-message")).to_contain_text("连不上这节课")
    node.faults.clear()
    play(page)
    reaches(page, 0.5)


@pytest.mark.parametrize("how", ["hls.js", "progressive"])
def test_a_lesson_that_is_gone_says_so_in_both_languages(
    page: Page, node: LessonServer, page_noise: list[str], how: str
) -> None:
    page_noise.append("404")
    node.faults.update(master=404, lesson=404)
    page.goto(f"{node.address}/lesson?player={how}&lang=en")
    expect(page.get_by_role("alert")).to_contain_text("This lesson is not on this node")
    page.goto(f"{node.address}/lesson?player={how}&lang=zh-CN")
    expect(page.get_by_role("alert")).to_contain_text("本节点上没有这节课")
    node.faults.clear()
    page.get_by_role("button", name="重试").click()
    play(page)
    reaches(page, 0.5)


def test_a_file_that_no_browser_decodes_says_so(page: Page, node: LessonServer) -> None:
    (node.views / "text.mp4").write_text("not a video")
    page.route("**/views/lesson.mp4", lambda route: route.continue_(url=f"{node.address}/views/text.mp4"))
    page.goto(f"{node.address}/lesson?player=progressive")
    expect(page.get_by_role("alert")).to_contain_text("这个浏览器放不了这节课")


def test_hls_that_cannot_be_decoded_falls_back_to_the_file(page: Page, node: LessonServer) -> None:
    broken = re.sub(rb"[\s\S]", b"x", (node.views / "part_0_000.m4s").read_bytes()[:5000])
    (node.views / "broken.m4s").write_bytes(broken)
    page.route("**/part_0_*", lambda route: route.continue_(url=f"{node.address}/views/broken.m4s"))
    page.goto(f"{node.address}/lesson")
    expect(page.locator("video")).to_have_attribute("data-player", "progressive", timeout=30_000)
    play(page)
    reaches(page, 0.5)


def test_a_progressive_file_that_cannot_be_reached_is_asked_for_again(
    page: Page, node: LessonServer, page_noise: list[str]
) -> None:
    page_noise.append("ERR_FAILED")
    page.route("**/views/lesson.mp4", lambda route: route.abort())
    page.goto(f"{node.address}/lesson?player=progressive")
    expect(page.locator(".player-message")).to_contain_text("连不上这节课")
    page.unroute("**/views/lesson.mp4")
    play(page)
    reaches(page, 0.5)


def test_where_hls_js_breaks_the_progressive_file_plays(open_page: OpenPage, node: LessonServer) -> None:
    page = open_page()
    page.add_init_script(
        "Object.defineProperty(window, 'Hls', {get() { function Hls() { throw new Error('too old'); }"
        " Hls.isSupported = function () { return true; }; return Hls; }, set() {}});"
    )
    page.goto(f"{node.address}/lesson")
    expect(page.locator("video")).to_have_attribute("data-player", "progressive")
    play(page)
    reaches(page, 0.5)


def test_the_play_button_comes_back_at_the_end(page: Page, node: LessonServer) -> None:
    page.goto(f"{node.address}/lesson?start=72")
    play(page)
    until(page, "document.querySelector('video').ended")
    expect(page.locator(".player-play")).to_be_visible()
    assert page.evaluate("localStorage.getItem('songtan.position.01J0SAMPLE')") is None
