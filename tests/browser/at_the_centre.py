"""What the tests of partner and ops pages share: signing in, sizes, the accessibility check."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.live_centre import PASSWORD, LiveCentre

SIZES = [(390, 844), (1366, 768), (1920, 1080)]


def sign_in(page: Page, live_centre: LiveCentre, name: str, password: str = PASSWORD) -> None:
    """Go to the first page and sign in through its form."""
    page.goto(live_centre.url)
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()


def check_page(page: Page) -> None:
    """Make sure that axe finds no fault and that the page fits phone, laptop and wall in both languages."""
    at = urlsplit(page.url)
    asked = [(name, value) for name, value in parse_qsl(at.query) if name not in ("lang", "said")]
    for language in ("en", "zh-CN"):
        here = urlunsplit(at._replace(query=urlencode([*asked, ("lang", language)]), fragment=""))
        page.goto(here)
        found = Axe().run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, f"{here}\n{found.generate_report()}"
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (here, language, width)
        page.set_viewport_size({"width": 1366, "height": 768})
