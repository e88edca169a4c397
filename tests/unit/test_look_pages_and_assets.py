"""Rendering, the files beside the pages, and how a request is answered."""

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from catalog.look.assets import LOOK, Assets
from catalog.look.pages import Pages, content_security_policy

PAGE = """{% extends "base.html" %}{% block title %}t{% endblock %}{% block content %}{{ words }}|{{ _("Sign in") }}|
{{ 1500|size }}|{{ 2e6|rate }}|{{ 61|duration }}|{{ 61|clock }}|{{ 0.42|percent }}{% endblock %}"""


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(PAGE)
    return Pages([tmp_path / "templates"])


@pytest.fixture
def client(pages: Pages) -> TestClient:
    async def page(request: Request) -> Response:
        return pages.response(request, "page.html", words="<b>")

    async def error(request: Request) -> Response:
        return pages.response(request, "error.html", status=409, message="no")

    return TestClient(Starlette(routes=[Route("/", page), Route("/error", error), *pages.assets.routes()]))


def test_both_languages_and_filters(pages: Pages) -> None:
    chinese = pages.render("page.html", "zh-CN", words="x")
    assert "x|登录|\n2 kB|2.0 MB/s|1 分 1 秒|1:01|42 %" in chinese
    english = pages.render("page.html", "en", words="x")
    assert "x|Sign in|\n2 kB|2.0 MB/s|1 min 1 s|1:01|42 %" in english
    assert '<html lang="en"' in english


def test_a_forgotten_name_is_an_error(pages: Pages) -> None:
    with pytest.raises(UndefinedError, match="words"):
        pages.render("page.html", "en")


def test_macros_speak_the_language_without_context(tmp_path: Path) -> None:
    (tmp_path / "m.html").write_text('{% from "macros.html" import field %}{{ field("a", "b") }}')
    assert "（可不填）" in Pages([tmp_path]).render("m.html", "zh-CN")


def test_a_page_is_escaped_safe_and_says_its_language(client: TestClient) -> None:
    answer = client.get("/", headers={"Accept-Language": "en"})
    assert "&lt;b&gt;|Sign in" in answer.text
    assert answer.headers["Content-Language"] == "en"
    assert answer.headers["Content-Security-Policy"] == content_security_policy()
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "set-cookie" not in answer.headers
    assert not re.search(r"\sstyle=|\son[a-z]+=", answer.text)


def test_a_chosen_language_is_remembered_and_keeps_the_query(client: TestClient) -> None:
    answer = client.get("/?grade=8&lang=en")
    assert "songtan_language=en" in answer.headers["set-cookie"]
    assert 'href="?grade=8&amp;lang=zh-CN"' in answer.text
    assert "Sign in" in client.get("/").text


def test_an_error_page_has_its_status(client: TestClient) -> None:
    answer = client.get("/error")
    assert answer.status_code == 409
    assert "409" in answer.text


def test_further_origins_enter_the_policy() -> None:
    policy = content_security_policy(connect=["http://store:1"], form=["http://signer:2"], media=["http://m:3"])
    assert "connect-src 'self' http://store:1 http://m:3;" in policy
    assert "form-action 'self' http://signer:2;" in policy
    assert "media-src 'self' blob: http://m:3;" in policy


def test_an_address_with_its_digest_is_kept_for_ever(client: TestClient, pages: Pages) -> None:
    answer = client.get(pages.assets.url("songtan.css"))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"].startswith("text/css")
    stale = client.get("/look/000000000000/songtan.css")
    assert stale.headers["Cache-Control"] == "no-cache"
    assert stale.content == answer.content
    assert client.get("/favicon.ico").headers["Content-Type"] == "image/x-icon"
    assert client.get(pages.assets.url("player.js")).headers["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "name", ["../language.py", "%2e%2e/language.py", "..%2flanguage.py", "%2fetc/passwd", "nothing.css"]
)
def test_only_known_files_are_served(client: TestClient, name: str) -> None:
    assert client.get(f"/look/000000000000/{name}").status_code == 404


def test_own_files_win_by_name_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "upload.js").write_text("1")
    (tmp_path / "songtan.css").write_text("2")
    assets = Assets([tmp_path], prefix="/static/")
    assert re.fullmatch(r"/static/[0-9a-f]{12}/more/upload\.js", assets.url("more/upload.js"))
    assert assets.url("songtan.css") != Assets().url("songtan.css").replace("/look/", "/static/")
    with pytest.raises(KeyError):
        assets.url("no.js")


def test_no_shared_file_reaches_for_another_host() -> None:
    for path in [*LOOK.glob("static/*"), *LOOK.glob("templates/*")]:
        if path.suffix in (".css", ".js", ".html", ".svg"):
            hosts = set(re.findall(r"(?:https?:)?//([a-z0-9-]+\.[a-z0-9.]+)", path.read_text(encoding="utf-8")))
            assert hosts <= {"www.w3.org"}, path


def test_the_classrooms_styles_need_nothing_newer_than_chrome_49() -> None:
    """What caniuse.com dates after Chrome 49 and would break the layout, not just embellish it."""
    newer = r"display:\s*grid|(?<![\w-])gap:|var\(|clamp\(|min\(|max\(|:is\(|:where\(|:has\(|aspect-ratio|inset:|sticky"
    for folder in (LOOK / "static", LOOK.parents[1] / "edge_cache"):
        for path in folder.rglob("*.css"):
            rules = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            assert re.findall(newer, rules) == [], path
