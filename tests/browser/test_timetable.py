"""The timetable in Chromium, on a real node: entered without a script, on every screen, in both languages."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from catalog.look.filters import CHINA_TIME
from tests.browser.at_the_centre import check_page
from tests.browser.conftest import OpenPage
from tests.factories import make_course
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.signed_world import SignedWorld
from tests.fakes.wire import Wire

COURSE = "八年级物理"
TITLES = ("压强", "液体的压强", "大气压强", "流体压强与流速的关系", "浮力", "阿基米德原理")
TODAY = datetime.now(CHINA_TIME).date()
MONDAY = TODAY + timedelta(days=7 - TODAY.weekday())


@dataclass
class Box:
    """A node that knows one course, with some entries on its timetable."""

    edge: EdgeProcess
    entry: str

    def address(self, path: str = "/timetable") -> str:
        return self.edge.address + path


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with Wire(SignedWorld()) as wire:
        release, tracks = make_course(COURSE, TITLES, wire.world.partner)
        wire.world.publish(release, tracks)
        wire.direct((release.course, 1))
        edge = EdgeProcess(tmp_path_factory.mktemp("timetable") / "node", attempts="1", discovery="false")
        for words in (("enrol", "--centre", wire.address, "--code", wire.code), ("sync",)):
            done = edge.command(*words)
            assert done.returncode == 0, done.stderr
    add = (
        "timetable",
        "add",
        "--json",
        "--class",
        "八（1）班",
        "--course",
        COURSE,
        "--at",
        "Mon 08:00",
        "--at",
        "Wed 10:00",
    )
    entry = json.loads(edge.command(*add, "--from", MONDAY.isoformat()).stdout)["entries"][0]
    edge.command("timetable", "days-off", "--from", f"{MONDAY + timedelta(days=1)}", "--name", "运动会")
    with edge:
        yield Box(edge, entry)


def test_a_course_is_entered_from_the_grid_without_a_script(open_page: OpenPage, box: Box) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(box.address(f"/timetable?week={MONDAY}"))
    cell = page.locator(".week tbody tr").nth(1).locator("td").nth(3)
    cell.locator(".slot-add").click()
    page.get_by_label("班级").fill("八（2）班")
    page.get_by_label("课程").select_option(label=f"{COURSE} · 八年级 物理 下册")
    page.get_by_label("从第几课开始").fill("3")
    page.get_by_role("button", name="添加", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("已添加到课表")
    expect(cell).to_contain_text("3. 大气压强")
    expect(cell.locator(".badge-good")).to_be_visible()
    cell.locator(".slot").click()
    page.get_by_role("button", name="这一次不上").click()
    expect(page.locator(".week .slot-skipped")).to_contain_text("八（2）班")


def test_what_is_wrong_is_said_beside_its_field(page: Page, box: Box, page_noise: list[str]) -> None:
    page_noise.append("422")
    page.goto(box.address("/timetable/new?kind=once"))
    page.get_by_label("班级").fill("八（3）班")
    page.get_by_label("课程").select_option(index=1)
    page.get_by_label("课时", exact=True).fill("60")
    page.get_by_label("上课时间").fill("09:00")
    page.get_by_role("button", name="添加", exact=True).click()
    expect(page.locator(".field-error")).to_contain_text("没有“60”这一课")
    expect(page.get_by_label("班级")).to_have_value("八（3）班")


def test_a_file_that_is_wrong_says_where(page: Page, box: Box, page_noise: list[str], tmp_path: Path) -> None:
    page_noise.append("422")
    file = tmp_path / "课表.csv"
    file.write_bytes(f"班级,课程,星期,上课时间\n八（9）班,{COURSE},周八,08:00\n".encode("gb18030"))
    page.goto(box.address("/timetable/file"))
    page.get_by_label("CSV 文件").set_input_files(file)
    page.get_by_role("button", name="导入文件").click()
    row = page.locator(".table tbody tr")
    expect(row).to_contain_text("“周八”不是星期几")
    expect(row).to_contain_text(re.compile("^\\s*2\\s*星期"))


def test_a_phone_shows_days_and_a_wall_the_week(open_page: OpenPage, box: Box) -> None:
    for width, week, days in ((390, False, True), (1366, True, False), (1920, True, False)):
        page = open_page(width=width)
        page.goto(box.address(f"/timetable?week={MONDAY}"))
        expect(page.locator(".week")).to_be_visible(visible=week)
        expect(page.locator(".week-list")).to_be_visible(visible=days)
        shown = page.locator(".week-list" if days else ".week")
        expect(shown).to_contain_text("1. 压强")
        expect(shown).to_contain_text("运动会")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/new",
        "/new?kind=once",
        "/days",
        "/bells",
        "/file",
        "/choices",
        "/entries/{entry}",
        "/entries/{entry}/{day}/480",
    ],
)
def test_every_page_fits_and_can_be_read(page: Page, box: Box, path: str) -> None:
    page.goto(box.address("/timetable" + path.format(entry=box.entry, day=MONDAY)))
    check_page(page)


def test_the_lessons_of_the_next_day_stand_first(page: Page, box: Box) -> None:
    page.goto(box.address("/"))
    expect(page.locator(".due").last).to_contain_text("压强")
    page.locator(".due-title").first.click()
    expect(page.locator("video")).to_have_count(1)
