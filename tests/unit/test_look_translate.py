"""What the translations' check finds."""

from pathlib import Path

import pytest

from catalog.look import translate
from catalog.look.visible_text import untranslated_in


@pytest.mark.parametrize(
    "template",
    [
        "<p>Hello there</p>",
        "<p>你好</p>",
        '<img alt="A picture of snow">',
        '<a title="雪" href="/x">{{ _("Snow") }}</a>',
        '{{ button("Save the course") }}',
        '{{ button("保存") }}',
        '{% call panel("Nodes") %}{{ _("x") }}{% endcall %}',
        "{% if a %}Waiting{% endif %}",
        '<div data-say-play="Play it">',
    ],
)
def test_words_that_gettext_never_sees_are_found(template: str) -> None:
    assert untranslated_in(template)


@pytest.mark.parametrize(
    "template",
    [
        '<p class="Some thing">{{ _("Hello there") }}</p>',
        "{% trans n=n %}{{ n }} lessons are here{% endtrans %}",
        '<img alt="{{ _(\'Snow\') }}" src="a.png">',
        '{{ badge("good", _("Ready")) }} · 12 %',
        "<script>var words = 'not shown';</script>",
        "{# A note for the next author #}",
        "<!-- A note -->",
        '{% block body_class %}gate wide{% endblock %}{% set a = "b" %}',
        '{{ link("/courses?page=%d", _("Later")) }}',
        '{% from "macros.html" import field %}',
        "<code>songtan edge enrol</code>",
    ],
)
def test_what_is_translated_or_never_seen_is_left_alone(template: str) -> None:
    assert untranslated_in(template) == []


def test_a_fault_is_placed_by_its_line() -> None:
    assert untranslated_in('{% extends "base.html" %}\n{% if a %}\n<p>Not yet</p>\n{% endif %}') == [(3, "Not yet")]


def test_a_new_string_without_chinese_fails_the_check(tmp_path: Path) -> None:
    folder = tmp_path / "edge_cache" / "web" / "templates"
    folder.mkdir(parents=True)
    (folder / "x.html").write_text('{{ _("A lesson nobody has translated") }}<p>Bare words</p>')
    (tmp_path / "edge_cache" / "errors.py").write_text('message = N_("An error nobody has translated")')
    found = [line for line in translate.problems(tmp_path) if not line.endswith("translate compile`")]
    assert found == [
        "no Chinese for 'An error nobody has translated' (edge_cache/errors.py)",
        "no Chinese for 'A lesson nobody has translated' (edge_cache/web/templates/x.html)",
        "edge_cache/web/templates/x.html:1: 'Bare words' is not translated",
    ]


def test_compiling_is_repeatable() -> None:
    assert translate.compiled(translate.load_po()) == translate.compiled(translate.load_po())
