"""A partner looks at what was made: floors first, the ladder with its figures, the budget and what it took."""

import pytest
from playwright.sync_api import Page, expect

from catalog.accounts.models import Role
from catalog.courses.models import Course, Lesson, Source, SourceState
from catalog.formats.ids import new_id
from catalog.formats.rungs import Rung, Tier
from catalog.jobs.media import GivenUp
from catalog.jobs.models import Job, JobState
from catalog.jobs.service import create_job
from tests.browser.at_the_centre import check_page, sign_in
from tests.factories import make_ladder
from tests.live_centre import LiveCentre

expect.set_options(timeout=30_000)  # of a machine that does much else

LOST = (
    GivenUp(tier=Tier.COMPATIBLE, rung=Rung.BEST, why="budget", bits_per_s=182_000, vmaf=96.2),
    GivenUp(tier=Tier.MODERN, rung=Rung.CLEAR, why="budget", bits_per_s=33_900, vmaf=92.4, instead=89.6),
    GivenUp(tier=Tier.MODERN, rung=Rung.BEST, why="gate", vmaf=93.1),
)


@pytest.fixture(autouse=True)
def _origins(live_centre: LiveCentre, page_origins: list[str]) -> None:
    page_origins.append(live_centre.centre.settings.s3_public_endpoint)


def add_job(live_centre: LiveCentre, login: str) -> Job:
    """Add a course of that account's partner with a lesson whose video is in the queue."""
    live_centre.account(login, Role.PARTNER)
    with live_centre.centre.session() as session:
        partner_id = session.connection().exec_driver_sql("select id from partner").scalar_one()
        course = Course(partner_id=partner_id, title="数学 七年级上册", subject="数学", budget_bytes=200_000_000)
        session.add(course)
        session.flush()
        lesson = Lesson(course_id=course.id, partner_id=partner_id, number=1, title="正数和负数", unit="第一章")
        session.add(lesson)
        session.flush()
        source = Source(
            lesson_id=lesson.id, name="第1课 正数.mp4", content_type="video/mp4", size=9, object_key=new_id(),
            upload_id="-", part_size=9, state=SourceState.UPLOADED,
        )  # fmt: skip
        session.add(source)
        session.flush()
        return create_job(session, lesson.id, source.id)


def test_floors_come_first_and_what_was_made_is_shown(page: Page, live_centre: LiveCentre) -> None:
    job = add_job(live_centre, "wang")
    sign_in(page, live_centre, "wang")
    page.goto(f"{live_centre.url}/partner/lessons/{job.lesson_id}")
    expect(page.get_by_text("排队")).to_be_visible()
    live_centre.encode_half(job.id)
    floors = make_ladder((Rung.LISTEN, Rung.FLOOR))
    live_centre.made(job.id, JobState.RUNNING, floors)
    expect(page.get_by_text("现在就可以发布")).to_be_visible()
    expect(page.get_by_role("cell", name="省流量 960×540，每秒 5 帧")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="去课程页").click()
    expect(page.get_by_role("link", name="发布", exact=True)).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="发布", exact=True).click()
    expect(page.get_by_text("先以现有的画面发布")).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="准备第 1 次发布").click()
    link = page.get_by_role("link", name="打开签名页").get_attribute("href") or ""
    live_centre.signer.sign(link.rsplit("/", 1)[1])
    expect(page.get_by_text("已发布。")).to_be_visible()
    live_centre.made(job.id, JobState.DONE, make_ladder(), *LOST)
    page.goto(f"{live_centre.url}/partner/lessons/{job.lesson_id}")
    expect(page.get_by_text("更清晰的画面已就绪")).to_be_visible()
    expect(page.get_by_text("与原片几乎看不出差别")).to_be_visible()
    expect(page.get_by_text("超出课程预算，没有制作")).to_be_visible()
    page.get_by_text("这些数字是什么意思").click()
    expect(page.get_by_text("像人眼一样")).to_be_visible()
    check_page(page)
    page.goto(f"{live_centre.url}/partner/lessons/{job.lesson_id}?lang=zh-CN")
    page.get_by_role("link", name="再次发布").click()
    expect(page.get_by_role("button", name="准备第 2 次发布")).to_be_visible()


def test_a_budget_is_set_and_a_job_is_stopped(page: Page, live_centre: LiveCentre, page_noise: list[str]) -> None:
    page_noise.append("422")
    job = add_job(live_centre, "wang")
    sign_in(page, live_centre, "wang")
    page.goto(f"{live_centre.url}/partner/courses/{job.course_id}")
    page.get_by_text("修改预算").click()
    page.get_by_label("预算（MB）").fill("许多")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("请填写以 MB 为单位的预算")).to_be_visible()
    page.get_by_label("预算（MB）").fill("40")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存")).to_be_visible()
    live_centre.made(job.id, JobState.RUNNING, make_ladder(), *LOST)
    page.reload()
    expect(page.get_by_text("超出预算").first).to_be_visible()
    check_page(page)
    page.goto(f"{live_centre.url}/partner/lessons/{job.lesson_id}?lang=zh-CN")
    page.get_by_role("button", name="停止转码").click()
    expect(page.get_by_text("已停止", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="重试")).to_be_visible()
    check_page(page)
