"""Which language a reader gets, and messages in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.errors import BadFormat
from catalog.look.language import LANGUAGES, negotiate_language, translate, translate_error


@pytest.mark.parametrize(
    ("query", "cookie", "header", "expected"),
    [
        (None, None, None, "zh-CN"),
        ("en", "zh-CN", "zh-CN", "en"),
        ("zh", "en", "en", "zh-CN"),
        ("klingon", "en", None, "en"),
        (None, "en", "zh-CN,zh;q=0.9", "en"),
        (None, None, "en-GB,en;q=0.9,zh;q=0.5", "en"),
        (None, None, "en;q=0.3, zh-Hans-CN;q=0.8", "zh-CN"),
        (None, None, "fr-FR, de;q=0.9", "zh-CN"),
        (None, None, "en;q=0", "zh-CN"),
        (None, None, "fr, en;q=0.1", "en"),
        (None, None, "zh_TW", "zh-CN"),
        (None, None, "en;q=high,zh;q=0.1", "zh-CN"),
    ],
)
def test_negotiation(query: str | None, cookie: str | None, header: str | None, expected: str) -> None:
    assert negotiate_language(query, cookie, header) == expected


@given(st.text(), st.text(), st.text())
def test_no_wish_is_refused(query: str, cookie: str, header: str) -> None:
    assert negotiate_language(query, cookie, header) in LANGUAGES


def test_an_error_speaks_the_readers_language() -> None:
    error = BadFormat(what="index", why="12 bytes are missing")
    assert translate_error(error, "en") == str(error)
    assert translate_error(error, "zh-CN") == "这不是有效的index：12 bytes are missing。请重新获取或重新生成。"


def test_a_message_takes_its_fields() -> None:
    assert translate("%(time)s left", "zh-CN", time="3 分") == "还需 3 分"
    assert translate("100 %", "en") == "100 %"
    assert translate("", "zh-CN") == ""
