"""Captions have a name that a class can read, without the partner typing one."""

import pytest

from catalog.courses.languages import CAPTION_LANGUAGES, name_of_language


@pytest.mark.parametrize("tag", CAPTION_LANGUAGES)
def test_a_language_that_schools_use_has_its_own_name(tag: str) -> None:
    assert name_of_language(tag) == CAPTION_LANGUAGES[tag]


def test_a_region_is_named_by_its_language_and_an_unknown_one_by_its_tag() -> None:
    assert name_of_language("en-GB") == "English"
    assert name_of_language("tlh") == "tlh"
