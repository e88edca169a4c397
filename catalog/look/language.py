"""Which language a person reads, and messages in it. Standard library only: gettext reads the `.mo` files."""

import gettext
import os
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from catalog.formats.errors import AppError

Language = Literal["zh-CN", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
DEFAULT_LANGUAGE: Language = "zh-CN"
LANGUAGE_NAMES: dict[Language, str] = {"zh-CN": "中文", "en": "English"}
"""Each language in its own name, for the switch in the page's head."""

LANGUAGE_COOKIE = "songtan_language"
DOMAIN = "songtan"
LOCALES = Path(__file__).parent / "locales"


def known_language(tag: str | None) -> Language | None:
    """The language of ours that a BCP 47 tag asks for (`zh`, `zh-Hans-CN`, `en-GB`), or None."""
    primary = (tag or "").strip().lower().replace("_", "-").split("-")[0]
    known: dict[str, Language] = {"zh": "zh-CN", "en": "en"}
    return known.get(primary)


def negotiate_language(query: str | None, cookie: str | None, accept_language: str | None) -> Language:
    """The language to answer in: `?lang=` first, then the cookie, then `Accept-Language`, else Chinese.

    Anything malformed counts as absent: a language is a wish, never a reason to refuse a page.
    """
    for choice in (query, cookie):
        language = known_language(choice)
        if language:
            return language
    wishes: list[tuple[float, int, Language]] = []
    for place, item in enumerate((accept_language or "").split(",")[:20]):
        tag, _, parameter = item.partition(";")
        language = known_language(tag)
        weight = _quality(parameter)
        if language and weight > 0:
            wishes.append((-weight, place, language))
    return min(wishes)[2] if wishes else DEFAULT_LANGUAGE


def spoken_language() -> Language:
    """The language that the terminal's user reads, by LC_ALL, LC_MESSAGES or LANG; English if none says."""
    wish = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG")
    return known_language(wish) or "en"


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(float(value), 1.0)
    except ValueError:
        return 0.0


@lru_cache(maxsize=len(LANGUAGES))
def translations(language: Language) -> gettext.NullTranslations:
    """The catalogue of a language; msgids are English, so English needs none."""
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, str(LOCALES), languages=[language.replace("-", "_")])


def translate(message: str, language: Language, **fields: object) -> str:
    """A msgid in a language, its `%(name)s` fields filled in."""
    text = translations(language).gettext(message) if message else ""
    return text % fields if fields else text


def translate_error(error: AppError, language: Language) -> str:
    """An error's message for the person who can act on it, in their language."""
    return translations(language).gettext(error.message) % error.data
