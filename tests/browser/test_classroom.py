"""The classroom in Chromium: a real node, filled from a real server, then left alone by it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from catalog.formats.attachments import cut
from catalog.formats.release import Place
from tests.factories import make_attachment, make_lesson, make_media, make_release, make_track
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.signed_world import SignedWorld
from tests.fakes.wire import Wire
from tests.real_lessons import real_lesson

PHYSICS = "大气压强"
WORKSHEET, PDF = "课堂练习 #1（答案）.pdf", b"%PDF-1.7\n".ljust(300_000)


@dataclass
class Classroom:
    """A node that is enrolled and filled but for one lesson; the centre is gone."""

    edge: EdgeProcess
    course: str
    lesson: str
    unfetched: str

    def address(self, lesson: str | None = None) -> str:
        return f"{self.edge.address}/lessons/{self.course}/{lesson or self.lesson}"


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classroom]:
    made, state = real_lesson(), tmp_path_factory.mktemp("classroom") / "node"
    place = Place(stage="初中", grade="八年级", subject="物理", edition="人教版", volume="下册", unit="第九章 压强")
    absent = make_track(seed="absent", size=4000)
    lessons = tuple(
        make_lesson(made.media, n, made.captions).model_copy(update={"title": title, "place": place})
        for n, title in enumerate((PHYSICS, "液体的压强", "流体压强与流速的关系"), 1)
    )
    with_file = lessons[0].model_copy(update={"attachments": (make_attachment(PDF, WORKSHEET),)})
    lessons = (with_file, *lessons[1:])
    last = make_lesson(make_media({made.media.renditions[0].rung: absent}, None), 4)
    last = last.model_copy(update={"title": "浮力 <初步>", "place": place})
    with Wire(SignedWorld()) as wire:
        release = make_release((*lessons, last), partner=wire.world.partner).model_copy(update={"place": place})
        wire.world.publish(release, [*made.tracks, absent], [*made.blobs, *cut(PDF)])
        wire.direct((release.course, 1))
        wire.fault = lambda name, _start: "404" if name == f"packs/{absent.index.digest}" else None
        edge = EdgeProcess(state, attempts="1")
        enrolled = edge.command("enrol", "--centre", wire.address, "--code", wire.code)
        assert enrolled.returncode == 0, enrolled.stderr
        synced = edge.command("sync", "--json")
        assert synced.returncode == 3, synced.stderr
    with edge:
        yield Classroom(edge, release.course, lessons[0].id, last.id)


def play(page: Page) -> None:
    page.locator(".player-play").click()


def reaches(page: Page, seconds: float) -> None:
    page.wait_for_function("s => document.querySelector('video').currentTime >= s", arg=seconds)


def test_an_attachment_is_saved_under_its_own_name(page: Page, classroom: Classroom) -> None:
    page.goto(classroom.address())
    with page.expect_download() as saved:
        page.get_by_role("link", name=WORKSHEET).click()
    assert saved.value.suggested_filename == WORKSHEET
    assert saved.value.path().read_bytes() == PDF


def test_the_list_shows_what_plays_and_what_does_not_yet(page: Page, classroom: Classroom) -> None:
    page.goto(classroom.edge.address)
    cards = page.locator(".lesson")
    expect(cards).to_have_count(4)
    expect(cards.nth(0)).to_contain_text(PHYSICS)
    expect(cards.nth(0)).to_contain_text("1:13")
    expect(cards.nth(0).locator(".badge-good")).to_be_visible()
    expect(cards.nth(3)).to_contain_text("浮力 <初步>")
    expect(cards.nth(3).locator(".badge-good")).to_have_count(0)
    loaded = page.evaluate("Array.from(document.images).every(i => i.complete && i.naturalWidth > 0)")
    assert loaded


def test_a_lesson_is_found_and_plays_through_hls_js_with_the_centre_gone(page: Page, classroom: Classroom) -> None:
    page.goto(classroom.edge.address)
    page.get_by_role("link", name=re.compile(PHYSICS)).first.click()
    expect(page.locator("video")).to_have_attribute("data-player", "hls.js")
    play(page)
    reaches(page, 1.0)
    assert page.evaluate("document.querySelector('video').videoHeight") == 720
    assert page.evaluate("document.querySelector('video').webkitAudioDecodedByteCount") > 0


def test_a_lesson_plays_progressively(page: Page, classroom: Classroom) -> None:
    page.goto(classroom.address() + "?player=progressive")
    expect(page.locator("video")).to_have_attribute("data-player", "progressive")
    play(page)
    reaches(page, 1.0)
    length = page.evaluate("document.querySelector('video').duration")
    assert abs(length - real_lesson().media.duration_ms / 1000) < 0.3
    assert page.evaluate("document.querySelector('video').webkitAudioDecodedByteCount") > 0


@pytest.mark.parametrize("how", ["hls.js", "progressive"])
def test_seeking_far_ahead_and_back_plays_on(page: Page, classroom: Classroom, how: str) -> None:
    page.goto(classroom.address() + f"?player={how}")
    play(page)
    reaches(page, 0.2)
    for target in (55, 21):
        page.evaluate("s => { document.querySelector('video').currentTime = s; }", target)
        page.wait_for_function(
            "s => { var at = document.querySelector('video').currentTime; return at > s + 0.5 && at < s + 9; }",
            arg=target,
        )


@pytest.mark.parametrize("how", ["hls.js", "progressive"])
def test_captions_are_there_in_the_lessons_language(page: Page, classroom: Classroom, how: str) -> None:
    page.goto(classroom.address() + f"?player={how}")
    play(page)
    page.wait_for_function(
        "() => Array.prototype.some.call(document.querySelector('video').textTracks,"
        " t => t.mode === 'showing' && t.cues && t.cues.length > 3)"
    )
    tags = page.evaluate("() => Array.from(document.querySelector('video').textTracks).map(t => t.language)")
    assert sorted(tags) == sorted(set(tags)), "each language once, whoever plays"
    shown = "() => Array.from(document.querySelector('video').textTracks).filter(t => t.mode === 'showing')"
    assert page.evaluate(f"({shown})().map(t => t.language)") == ["zh-CN"]


def test_both_renditions_can_be_saved(page: Page, classroom: Classroom) -> None:
    page.goto(classroom.address())
    links = page.locator(".lead a[download]")
    expect(links).to_have_count(2)
    address = links.first.get_attribute("href")
    assert address
    answer = page.request.get(classroom.edge.address + address, headers={"Range": "bytes=0-11"})
    assert answer.status == 206
    assert answer.body()[4:8] == b"ftyp"


def test_a_lesson_that_is_not_here_says_how_far_it_is(page: Page, classroom: Classroom) -> None:
    page.goto(classroom.address(classroom.unfetched))
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.locator("video")).to_have_count(0)


def test_what_is_no_lesson_is_a_page_with_a_way_back(page: Page, classroom: Classroom, page_noise: list[str]) -> None:
    page_noise.append("404")
    for path in ("/lessons/x/y", "/courses/../x", "/nothing", "/lessons/%00/%ff"):
        answer = page.goto(classroom.edge.address + path)
        assert answer is not None
        assert answer.status == 404
        expect(page.locator(".oops-message")).to_be_visible()


def test_the_status_page_names_what_is_wrong_in_both_languages(page: Page, classroom: Classroom) -> None:
    page.goto(classroom.edge.address + "/status")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator(".notice-warn")).to_have_count(1)
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("body")).to_contain_text("马边县第三小学")
    expect(page.locator("body")).to_contain_text("Direction")
    page.goto(classroom.edge.address)
    expect(page.locator("h1")).to_have_text("Lessons")


@pytest.mark.parametrize("path", ["/", "/status", "lesson", "waiting"])
def test_no_page_has_an_accessibility_fault_or_scrolls_sideways(page: Page, classroom: Classroom, path: str) -> None:
    known = {"lesson": classroom.address(), "waiting": classroom.address(classroom.unfetched)}
    for width, height in ((390, 844), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(known.get(path) or classroom.edge.address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_without_script_the_list_and_the_lesson_work(classroom: Classroom, open_page: Callable[..., Page]) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(classroom.edge.address)
    page.get_by_role("link", name=re.compile(PHYSICS)).first.click()
    assert re.search(r"/media/.*/best\.mp4$", page.locator("video").get_attribute("src") or "")


def test_a_new_box_is_set_up_in_the_browser(page: Page, tmp_path: Path, page_noise: list[str]) -> None:
    page_noise.append("422")
    made = real_lesson()
    with Wire(SignedWorld()) as wire, EdgeProcess(tmp_path / "new") as edge:
        release = make_release((make_lesson(made.media, 1, made.captions),), partner=wire.world.partner)
        wire.world.publish(release, made.tracks, made.blobs)
        wire.direct((release.course, 1))
        page.goto(edge.address)
        page.locator("input[name=address]").fill(wire.address)
        page.locator("input[name=code]").fill("AAAA-AAAA")
        page.locator("button[type=submit]").click()
        expect(page.locator(".notice-bad")).to_be_visible()
        page.locator("input[name=code]").fill(wire.code.lower())
        page.locator("button[type=submit]").click()
        expect(page).to_have_url(edge.address + "/")
        wire.wait_for(lambda: any(c["lessons_ready"] for r in wire.reports.values() for c in r["courses"]))
        page.reload()
        expect(page.locator(".badge-good")).to_be_visible()
        assert edge.stop() == 0
