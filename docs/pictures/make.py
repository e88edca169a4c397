"""Takes the pictures of README from a demo that is up: `python docs/pictures/make.py PARTNER_PASSWORD OPS_PASSWORD`.

`make demo` prints the two passwords. Chromium is where `make test` puts it.
"""

import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).resolve().parent
CLASSROOM, CENTRE = "http://127.0.0.1:8090", "http://127.0.0.1:8000"
FLAGS = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
FAR_ENOUGH_S = 32.0
"""A moment of the sample lesson with a formula on the slide."""


def open_page(browser: Browser, width: int, height: int, language: str = "zh-CN") -> Page:
    """Return a page of a fresh visitor with a screen of this size, in CSS pixels."""
    return browser.new_context(viewport={"width": width, "height": height}, locale=language).new_page()


def keep(page: Page, name: str) -> None:
    """Save what the screen shows, in 256 colours: these are pages, not photographs."""
    path = HERE / f"{name}.png"
    page.screenshot(path=path)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(256).save(path, optimize=True)


def open_lesson(page: Page) -> None:
    """Go to the first lesson on the node."""
    page.goto(CLASSROOM)
    page.locator("main a[href*='/lessons/']").first.click()
    page.wait_for_load_state("networkidle")


def sign_in(page: Page, face: str, login: str, password: str) -> None:
    """Sign in at the centre and come to one of its two faces."""
    page.goto(f"{CENTRE}/{face}")
    page.locator("input[autocomplete=username]").fill(login)
    page.locator("input[type=password]").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{face}**")
    page.wait_for_load_state("networkidle")


def main(partner_password: str, ops_password: str) -> None:
    """Take all pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        classroom = open_page(browser, 1366, 768)
        open_lesson(classroom)
        classroom.evaluate(
            "at => new Promise(done => { const v = document.querySelector('video'); v.muted = true;"
            " v.onseeked = () => v.play().then(() => setTimeout(done, 6000));"
            " v.currentTime = at; })",
            FAR_ENOUGH_S,
        )
        classroom.mouse.move(5, 700)
        keep(classroom, "classroom")
        phone = open_page(browser, 390, 844)
        phone.goto(CLASSROOM)
        phone.wait_for_load_state("networkidle")
        keep(phone, "classroom-phone")
        partner = open_page(browser, 1100, 900)
        sign_in(partner, "partner", "partner", partner_password)
        partner.locator("main a[href*='/partner/courses/0']").first.click()
        partner.locator("main a[href*='/partner/lessons/']").first.click()
        partner.wait_for_load_state("networkidle")
        keep(partner, "partner")
        ops = open_page(browser, 1100, 900)
        sign_in(ops, "ops", "ops", ops_password)
        keep(ops, "ops")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
