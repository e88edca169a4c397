"""Wishes and what makes room, in Chromium on a real node: without a script, on every screen, in both languages."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from catalog.look.filters import CHINA_TIME
from tests.browser.at_the_centre import check_page
from tests.browser.conftest import OpenPage
from tests.factories import make_course
from tests.fakes.edge_process import EdgeProcess
from tests.fakes.signed_world import SignedWorld
from tests.fakes.wire import Wire

COURSE = "八年级物理"
TITLES = ("压强", "液体的压强", "大气压强")
HERE = 2


class Box:
    """A node with room for two of three lessons; the third is on the timetable."""

    def __init__(self, edge: EdgeProcess, lessons: list[str]) -> None:
        self.edge, self.lessons = edge, lessons


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    day = datetime.now(CHINA_TIME).date() + timedelta(days=2)
    with Wire(SignedWorld()) as wire:
        release, tracks = make_course(COURSE, TITLES, wire.world.partner)
        wire.world.publish(release, tracks)
        held = sum(row.length for track in tracks[: 2 * HERE] for row in track.index.segments)
        wire.direct((release.course, 1), disk_quota_bytes=held + 500)
        edge = EdgeProcess(tmp_path_factory.mktemp("wishes") / "node", attempts="1", discovery="false")
        assert edge.command("enrol", "--centre", wire.address, "--code", wire.code).returncode == 0
        assert edge.command("sync").returncode == 3, "one lesson has no room"
        edge.command("pause")
        at = f"{day.isoformat()} 08:00"
        added = edge.command(
            "timetable", "add", "--class", "八（1）班", "--course", COURSE, "--lesson", "3", "--at", at
        )
        assert added.returncode == 0, added.stderr
        with edge:
            yield Box(edge, [f"{edge.address}/lessons/{release.course}/{lesson.id}" for lesson in release.lessons])


def test_a_lesson_that_is_not_here_is_asked_for_kept_or_left_out_by_a_button(open_page: OpenPage, box: Box) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(box.lessons[2])
    page.get_by_role("button", name="现在就取").click()
    expect(page.get_by_text("有人点名要这一课")).to_be_visible()
    page.get_by_role("button", name="不要这一课").click()
    expect(page.get_by_text("八（1）班")).to_be_visible()
    page.get_by_role("button", name="收回").click()
    expect(page.get_by_role("button", name="现在就取")).to_be_visible()


def test_a_lesson_that_is_here_is_kept_and_its_list_says_so(open_page: OpenPage, box: Box) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(box.lessons[0])
    expect(page.get_by_role("button", name="现在就取")).to_have_count(0)
    page.get_by_role("button", name="留在本机").click()
    expect(page.get_by_text("这一课会一直留在本机")).to_be_visible()
    page.goto(box.edge.address)
    expect(page.get_by_text("一直保留")).to_have_count(1)


def test_what_makes_room_is_told_before_it_goes(open_page: OpenPage, box: Box) -> None:
    page = open_page(java_script_enabled=False)
    page.request.post(f"{box.lessons[0]}/wish", form={"wish": "pin"})
    page.goto(f"{box.edge.address}/status")
    room = page.locator("section", has=page.locator("#room"))
    expect(room.get_by_role("link")).to_have_text([TITLES[1]])
    expect(room.get_by_text("还没有班级用过")).to_be_visible()


def test_the_pages_fit_every_screen_and_axe_finds_no_fault(open_page: OpenPage, box: Box) -> None:
    page = open_page()
    for address in (box.lessons[0], box.lessons[2], f"{box.edge.address}/status"):
        page.goto(address)
        check_page(page)
