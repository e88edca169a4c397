"""The shared parts of the pages: sizes, languages, accessibility, and the script gate."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from catalog.look.assets import LOOK
from tests.browser.conftest import OpenPage
from tests.browser.lesson_server import LessonServer
from tests.serving import served

VENDOR = Path(__file__).parent / "vendor"
PROJECT = LOOK.parents[1]
CLASSROOM_SCRIPTS = sorted([*LOOK.rglob("*.js"), *(PROJECT / "edge_cache").rglob("*.js")])
PAGES = ["parts", "lesson", "error", "sign-in"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(LessonServer(tmp_path_factory.mktemp("no-views")).app()) as address:
        yield address


@pytest.fixture(autouse=True)
def _missing_views(page_noise: list[str]) -> None:
    page_noise.append("404")  # the error page is one, and these pages have no views behind them


@pytest.mark.parametrize("size", [(390, 844), (1366, 768), (1920, 1080)], ids=["phone", "laptop", "classroom"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_pages_fit_every_screen(open_page: OpenPage, address: str, size: tuple[int, int], language: str) -> None:
    page = open_page(*size)
    for name in PAGES:
        page.goto(f"{address}/{name}?lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], name
        assert page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_accessibility_fault(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/{name}")
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()


def test_the_language_switch_is_remembered(page: Page, address: str) -> None:
    page.goto(f"{address}/sign-in")
    expect(page.get_by_role("button", name="登录")).to_be_visible()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.goto(f"{address}/sign-in")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("script", CLASSROOM_SCRIPTS, ids=lambda path: path.name)
def test_scripts_of_the_classroom_are_es5(page: Page, script: Path) -> None:
    """Acorn, the parser behind most of JavaScript's tools, reads them with its ES5 grammar inside Chromium.

    Its one file is vendored for this test alone, so that no Node.js is needed.
    """
    page.goto("about:blank")
    page.add_script_tag(path=VENDOR / "acorn-8.19.0.js")
    source = script.read_text(encoding="utf-8")
    parse = (
        "source => { try { acorn.parse(source, {ecmaVersion: 5}); return ''; } catch (fault) { return '' + fault; } }"
    )
    assert page.evaluate(parse, source) == ""
    assert page.evaluate(parse, source + "\nconst later = () => 1;") != "", "the gate lets ES2015 through"


def test_the_page_fixture_notes_foreign_requests_and_errors(browser: Browser, address: str, tmp_path: Path) -> None:
    opener = OpenPage(browser, [], [])
    page = opener()
    with served(LessonServer(tmp_path).app()) as other:
        page.goto(f"{address}/sign-in")
        page.evaluate(
            "other => new Promise(done => { const i = new Image(); i.onerror = done; i.src = other; })", other
        )
        page.goto("about:blank")
        page.set_content(f'<img src="{other}/look/x/favicon.svg">')
        page.wait_for_load_state("networkidle")
    opener.close()
    assert any("Content Security Policy" in fault for fault in opener.faults)
    assert any("another origin" in fault for fault in opener.faults)
