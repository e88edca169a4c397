"""Waiting inside a page. Playwright's own `wait_for_function` needs `unsafe-eval`, which our policy forbids."""

from playwright.sync_api import Page

_WAIT = """() => new Promise((done, failed) => {
  const last = performance.now() + %d;
  const look = () => {
    if (%s) { done(true); }
    else if (performance.now() > last) { failed(new Error("never came true: " + %r)); }
    else { setTimeout(look, 40); }
  };
  look();
})"""


def until(page: Page, condition: str, seconds: float = 30) -> None:
    """Wait until a JavaScript expression is true in the page; raises playwright's Error after `seconds`."""
    page.evaluate(_WAIT % (seconds * 1000, condition, condition))
