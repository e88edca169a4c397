"""The partner pages in Chromium, against a real object store: the upload goes from the browser straight to it."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from catalog.accounts.models import Role
from catalog.storage.base import Bucket
from tests.browser.at_the_centre import check_page, sign_in
from tests.live_centre import LiveCentre

MIB = 1 << 20
expect.set_options(timeout=30_000)  # of a machine that does much else


@pytest.fixture(autouse=True)
def _origins(live_centre: LiveCentre, page_origins: list[str]) -> None:
    page_origins += [live_centre.centre.settings.s3_public_endpoint, live_centre.signer.url]


@pytest.fixture
def lesson_page(page: Page, live_centre: LiveCentre) -> Page:
    """A teacher's browser at the page of a new lesson."""
    live_centre.account("wang", Role.PARTNER)
    sign_in(page, live_centre, "wang")
    page.get_by_role("link", name="建立第一门课程").click()
    page.get_by_label("课程名称").fill("数学 七年级上册")
    page.get_by_role("combobox", name="学段").fill("初中")
    page.get_by_role("combobox", name="学科").fill("数学")
    page.get_by_role("button", name="建立课程").click()
    page.get_by_role("link", name="添加第一个课时").click()
    page.get_by_label("课时标题").fill("正数和负数")
    page.get_by_role("button", name="添加课时").click()
    expect(page.get_by_role("heading", name="上传视频")).to_be_visible()
    return page


def film(folder: Path, mib: int) -> Path:
    """A file that calls itself a video; only its bytes matter here."""
    path = folder / "第1课 正数.mp4"
    path.write_bytes(os.urandom(mib * MIB + 77))
    return path


def choose(page: Page, video: Path) -> None:
    """Choose a file in the upload's field, once its script is there."""
    expect(page.locator(".drop")).to_be_visible()
    page.locator(".drop-input").set_input_files(video)


class Line:
    """The browser's line: thin, or cut."""

    def __init__(self, page: Page) -> None:
        self._devtools = page.context.new_cdp_session(page)
        self._devtools.send("Network.enable")

    def set(self, upload: int, offline: bool = False) -> None:
        """Let `upload` bytes a second through, any number for -1."""
        conditions = {"offline": offline, "latency": 1, "downloadThroughput": -1, "uploadThroughput": upload}
        self._devtools.send("Network.emulateNetworkConditions", conditions)


def test_a_wrong_password_is_said_and_the_name_stays(
    page: Page, live_centre: LiveCentre, page_noise: list[str]
) -> None:
    page_noise.append("401")
    live_centre.account("wang", Role.PARTNER)
    sign_in(page, live_centre, "wang", "wrong-wrong-wrong")
    expect(page.get_by_role("alert")).to_contain_text("密码")
    expect(page.get_by_label("账号")).to_have_value("wang")


def test_a_video_goes_to_the_store_and_its_job_is_watched(
    lesson_page: Page, live_centre: LiveCentre, tmp_path: Path
) -> None:
    page, video = lesson_page, film(tmp_path, 20)
    Line(page).set(3 * MIB)
    choose(page, video)
    expect(page.locator(".upload-rate")).to_contain_text("MB/s")
    share = page.locator(".upload-run progress").evaluate("bar => bar.value")
    assert 0 < share < 100
    expect(page.get_by_text("排队")).to_be_visible()
    expect(page).to_have_url(re.compile("said=uploaded"))
    (stored,) = live_centre.store.list_objects(Bucket.SOURCES, "sources/")
    assert live_centre.store.get(Bucket.SOURCES, stored.key, 64 * MIB) == video.read_bytes()
    job = live_centre.newest_job()
    live_centre.encode_half(job)
    expect(page.locator("#encoding-percent")).to_have_text(re.compile(r"\d+ %"))
    check_page(page)
    live_centre.finish(job)
    expect(page.get_by_text("可以发布", exact=True)).to_be_visible()
    check_page(page)


def test_an_upload_goes_on_after_a_reload(lesson_page: Page, live_centre: LiveCentre, tmp_path: Path) -> None:
    page, video = lesson_page, film(tmp_path, 40)
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "PUT":
            sent.append(request.url)

    line = Line(page)
    line.set(8 * MIB)
    choose(page, video)
    page.on("requestfinished", note)
    with page.expect_event("requestfinished", lambda request: request.method == "PUT"):
        pass
    page.get_by_role("button", name="暂停").click()
    expect(page.get_by_text("已暂停")).to_be_visible()
    page.reload()
    begun = page.locator(".upload-unfinished")
    expect(begun).to_contain_text("第1课 正数.mp4")
    check_page(page)
    line.set(-1)
    before = len(sent)
    choose(page, video)
    expect(page.get_by_text("排队")).to_be_visible()
    assert 1 <= before < 6
    assert len(sent) <= 6, "a part that was there was sent again"
    (stored,) = live_centre.store.list_objects(Bucket.SOURCES, "sources/")
    assert live_centre.store.get(Bucket.SOURCES, stored.key, 64 * MIB) == video.read_bytes()


def test_a_line_that_breaks_costs_nothing(
    lesson_page: Page, live_centre: LiveCentre, tmp_path: Path, page_noise: list[str]
) -> None:
    page, video = lesson_page, film(tmp_path, 20)
    page_noise.append("ERR_INTERNET_DISCONNECTED")
    line = Line(page)
    line.set(2 * MIB)
    choose(page, video)
    expect(page.locator(".upload-rate")).to_contain_text("/s")
    line.set(0, offline=True)
    expect(page.locator(".upload-message")).not_to_be_empty()
    line.set(-1)
    expect(page.get_by_text("排队")).to_be_visible()
    (stored,) = live_centre.store.list_objects(Bucket.SOURCES, "sources/")
    assert stored.length == video.stat().st_size


def test_what_is_no_video_is_refused_at_once(lesson_page: Page, tmp_path: Path) -> None:
    page = lesson_page
    for name, data, words in (("作业.docx", b"x", "不是视频"), ("空.mp4", b"", "空的")):
        path = tmp_path / name
        path.write_bytes(data)
        choose(page, path)
        expect(page.locator(".upload-message")).to_contain_text(words)
    check_page(page)


def test_a_deck_is_added_replaced_and_removed(lesson_page: Page, live_centre: LiveCentre, tmp_path: Path) -> None:
    page = lesson_page
    check_page(page)
    page.get_by_role("link", name="添加课件").click()
    check_page(page)
    wrong, deck = tmp_path / "课件.key", tmp_path / "第1课 正数和负数.pdf"
    wrong.write_bytes(b"x")
    deck.write_bytes(b"%PDF-1.7" + os.urandom(MIB))
    choose(page, wrong)
    expect(page.locator(".upload-message")).to_contain_text("不是课件")
    choose(page, deck)
    expect(page).to_have_url(re.compile("said=deck-uploaded"))
    expect(page.locator("strong.file-name")).to_have_text("第1课 正数和负数.pdf")
    check_page(page)
    (stored,) = live_centre.store.list_objects(Bucket.SOURCES, "sources/")
    assert stored.length == deck.stat().st_size
    page.get_by_role("link", name="更换课件").click()
    expect(page.get_by_text("现有课件")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="第 1 课时").click()
    page.get_by_role("button", name="删除 第1课 正数和负数.pdf").click()
    expect(page.get_by_role("link", name="添加课件")).to_be_visible()


def test_a_failed_job_says_why_and_is_tried_again(lesson_page: Page, live_centre: LiveCentre, tmp_path: Path) -> None:
    page = lesson_page
    choose(page, film(tmp_path, 1))
    expect(page.get_by_text("排队")).to_be_visible()
    live_centre.fail(live_centre.newest_job(), "There are no pictures in it.")
    expect(page.get_by_role("alert")).to_contain_text("There are no pictures in it.")
    check_page(page)
    page.get_by_role("button", name="重试").click()
    expect(page.get_by_text("排队")).to_be_visible()


def test_a_centre_that_is_away_is_said_while_a_job_is_watched(
    lesson_page: Page, live_centre: LiveCentre, tmp_path: Path, page_noise: list[str]
) -> None:
    page = lesson_page
    page_noise += ["503", "ERR_FAILED"]
    choose(page, film(tmp_path, 1))
    expect(page.get_by_text("排队")).to_be_visible()
    page.route("**/live*", lambda route: route.fulfill(status=503, body="{}"))
    expect(page.get_by_text("等待线路")).to_be_visible()
    check_page(page)
    page.unroute("**/live*")
    expect(page.get_by_text("等待线路")).to_have_count(0)
    expect(page.get_by_text("排队")).to_be_visible()


def test_publishing_leads_to_the_signers_own_page(lesson_page: Page, live_centre: LiveCentre, tmp_path: Path) -> None:
    page = lesson_page
    choose(page, film(tmp_path, 1))
    expect(page.get_by_text("排队")).to_be_visible()
    live_centre.finish(live_centre.newest_job())
    page.get_by_role("link", name="去课程页").click()
    check_page(page)
    page.get_by_role("link", name="发布", exact=True).click()
    check_page(page)
    page.get_by_role("button", name="准备第 1 次发布").click()
    link = page.get_by_role("link", name="打开签名页")
    expect(link).to_have_attribute("href", re.compile(re.escape(live_centre.signer.url) + "/sign/"))
    check_page(page)
    with page.context.expect_page() as opened:
        link.click()
    draft = opened.value.locator("h1").inner_text()
    opened.value.close()
    live_centre.signer.sign(draft)
    expect(page.get_by_text("已发布。")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="返回课程").click()
    expect(page.get_by_text("已在第 1 次发布中")).to_be_visible()
    page.get_by_role("link", name="我的课程").first.click()
    check_page(page)


def test_captions_are_shown_as_they_were_understood(lesson_page: Page, tmp_path: Path) -> None:
    """A file of a Chinese subtitle program: SubRip in GBK, timed for a tape that begins at ten o'clock."""
    page, file = lesson_page, tmp_path / "压强.txt"
    file.write_bytes("1\r\n10:00:01,000 --> 10:00:02,500\r\n同学们好，\r\n今天学习压强。\r\n".encode("gbk"))
    page.get_by_label("字幕文件").set_input_files(file)
    page.get_by_role("button", name="添加字幕").click()
    look = page.locator("#captions-look")
    expect(look).to_contain_text("今天学习压强。")
    expect(look).to_contain_text("SubRip")
    expect(look).to_contain_text("GB18030")
    expect(look).to_contain_text("-36000")
    page.get_by_text("字幕太早或太晚？").click()
    page.get_by_label("平移秒数").fill("-36000")
    page.get_by_label("字幕文件").set_input_files(file)
    page.get_by_role("button", name="添加字幕").click()
    expect(look.locator(".cue-time")).to_have_text("0:01")
    expect(look).not_to_contain_text("-36000")
    check_page(page)
    page.goto(f"{page.url.partition('?')[0]}?lang=zh-CN")
    page.get_by_role("link", name="看一看").click()
    expect(look).to_contain_text("同学们好")


def test_a_file_is_attached_and_removed(lesson_page: Page, tmp_path: Path, page_noise: list[str]) -> None:
    page, file = lesson_page, tmp_path / "课堂练习 #1（答案）.pdf"
    page_noise.append("422")
    file.write_bytes(b"MZ\0")
    page.get_by_label("文件", exact=True).set_input_files(file)
    page.get_by_role("button", name="添加附件").click()
    expect(page.locator("#f-attachment-error")).to_contain_text("不能作为附件")
    file.write_bytes(b"%PDF-1.7\n".ljust(300_000))
    page.get_by_label("文件", exact=True).set_input_files(file)
    page.get_by_role("button", name="添加附件").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name=file.name).click()
    assert saved.value.suggested_filename == file.name
    assert saved.value.path().read_bytes() == file.read_bytes()
    check_page(page)
    page.goto(f"{page.url.partition('?')[0]}?lang=zh-CN")
    page.get_by_role("button", name=f"删除 {file.name}").click()
    expect(page.get_by_text(file.name)).to_have_count(0)
