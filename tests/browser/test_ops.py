"""The ops pages in Chromium: from an empty centre to a node with a code, and what it reports."""

import re

from playwright.sync_api import Page, expect

from catalog.accounts.models import Role
from tests.browser.at_the_centre import check_page, sign_in
from tests.live_centre import LiveCentre


def test_from_an_empty_centre_to_an_enrolment_code(page: Page, live_centre: LiveCentre) -> None:
    live_centre.account("li", Role.OPS)
    sign_in(page, live_centre, "li")
    check_page(page)
    page.get_by_role("link", name="添加第一个县").click()
    check_page(page)
    page.get_by_label("县名").fill("马边彝族自治县")
    page.get_by_role("button", name="添加县").click()
    page.get_by_role("link", name="添加第一所学校").click()
    expect(page.get_by_label("县", exact=True)).not_to_have_value("")
    page.get_by_label("学校名称").fill("高卓营乡中心校")
    page.get_by_role("button", name="添加学校").click()
    check_page(page)
    page.get_by_role("link", name="添加节点").click()
    page.get_by_label("节点名称").fill("教师办公室的盒子")
    page.get_by_role("button", name="添加节点").click()
    expect(page.get_by_text("尚未登记").first).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="生成登记码").click()
    code = page.locator(".enrolment-code")
    expect(code).to_have_text(re.compile(r"^[0-9A-Z]{4}(-[0-9A-Z]{4}){5}$"))
    expect(page.locator(".command")).to_contain_text(f"--code {code.inner_text()}")
    page.get_by_role("link", name="总览").first.click()
    expect(page.locator(".figure").first).to_contain_text("1")
    check_page(page)
    page.get_by_role("link", name="节点", exact=True).first.click()
    expect(page.get_by_role("link", name="教师办公室的盒子")).to_be_visible()
    check_page(page)


def test_a_wrong_name_is_said_next_to_its_field(page: Page, live_centre: LiveCentre, page_noise: list[str]) -> None:
    page_noise.append("409")
    live_centre.account("li", Role.OPS)
    sign_in(page, live_centre, "li")
    for _ in range(2):
        page.goto(f"{live_centre.url}/ops/counties/new")
        page.get_by_label("县名").fill("马边彝族自治县")
        page.get_by_role("button", name="添加县").click()
    expect(page.get_by_role("alert")).to_contain_text("马边彝族自治县")
    expect(page.get_by_label("县名")).to_have_value("马边彝族自治县")


def test_the_pages_of_jobs_and_assignments(page: Page, live_centre: LiveCentre) -> None:
    live_centre.account("li", Role.OPS)
    sign_in(page, live_centre, "li")
    for path in ("/ops/jobs", "/ops/assignments", "/ops/assignments/new", "/ops/nodes/new"):
        page.goto(live_centre.url + path)
        check_page(page)
