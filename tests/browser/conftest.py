"""Chromium for the tests of pages, by Playwright.

`page` fails its test when the page logs an error to the console, throws, or asks any host for anything but those that
the test itself opened. A test that provokes an error says so: `page_noise.append("503")` (a part of the message);
one whose page may ask another host, such as the object store, names it: `page_origins.append("http://…")`.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    sync_playwright,
)

CHROMIUM_SETTING = "SONGTAN_CHROMIUM"
CHROMIUM = Path(os.environ.get(CHROMIUM_SETTING, "/usr/bin/chromium"))
QUIET = [
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class OpenPage:
    """Opens pages: `open_page(width=390, height=844, locale="en-GB", ...)`.

    Each has a context of its own (cookies, storage); keywords beyond the size go to `Browser.new_context`.
    """

    def __init__(self, browser: Browser, noise: list[str], origins: list[str]) -> None:
        self._browser = browser
        self._origins = origins
        self._noise = noise
        self._contexts: list[BrowserContext] = []
        self.faults: list[str] = []

    def __call__(self, width: int = 1366, height: int = 768, locale: str = "zh-CN", **more: Any) -> Page:
        size: ViewportSize = {"width": width, "height": height}
        context = self._browser.new_context(viewport=size, locale=locale, **more)
        self._contexts.append(context)
        context.on("page", self._watch)
        return context.new_page()

    def close(self) -> None:
        """Close all pages; nothing is noted after this."""
        while self._contexts:
            self._contexts.pop().close()

    def _watch(self, page: Page) -> None:
        own: set[str] = set()

        def asked(request: Request) -> None:
            address = urlsplit(request.url)
            if address.scheme not in ("http", "https", "ws", "wss"):
                return
            origin = f"{address.scheme}://{address.netloc}"
            if request.is_navigation_request() and request.frame == page.main_frame:
                own.add(origin)
            elif origin not in own and origin not in self._origins:
                self.faults.append(f"a request to another origin: {request.url}")

        def logged(message: ConsoleMessage) -> None:
            if message.type == "error" and not any(noise in message.text for noise in self._noise):
                self.faults.append(f"console: {message.text} ({message.location.get('url', '')})")

        page.on("request", asked)
        page.on("console", logged)
        page.on("pageerror", lambda error: self.faults.append(f"thrown: {error}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Close a test's pages before any fixture ends, so that none misses a server that has stopped."""
    try:
        return (yield)
    finally:
        opener = getattr(item, "funcargs", {}).get("open_page")
        if opener is not None:
            opener.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Say once and clearly that there is no Chromium, instead of failing in fifty places."""
    here = Path(__file__).parent
    mine = [item for item in items if here in item.path.parents]
    if mine and not CHROMIUM.exists() and not config.option.collectonly:
        raise pytest.UsageError(
            f"{CHROMIUM} is not there. Install Chromium (Debian: apt install chromium), "
            f"or name it in {CHROMIUM_SETTING}."
        )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the session."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def page_noise() -> list[str]:
    """Parts of console errors that this test provokes on purpose."""
    return []


@pytest.fixture
def page_origins() -> list[str]:
    """Other hosts that this test's pages may ask, as `http://host:port`."""
    return []


@pytest.fixture
def open_page(browser: Browser, page_noise: list[str], page_origins: list[str]) -> Iterator[OpenPage]:
    """Opens pages with the same care as `page`."""
    opener = OpenPage(browser, page_noise, page_origins)
    yield opener
    opener.close()
    assert not opener.faults, "\n".join(opener.faults)


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A page of a laptop's size, in Chinese."""
    return open_page()
