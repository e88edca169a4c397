"""Finds words in a template that a person would see and gettext would not: a pure check, used by translate.py."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from jinja2 import Environment, nodes

_ENVIRONMENT = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
_MARKERS = {"_", "gettext", "ngettext", "N_"}
_VISIBLE_ATTRIBUTES = {"alt", "title", "placeholder", "aria-label", "aria-description", "label", "summary"}
_SILENT = {"script", "style", "code", "template"}
_ATTRIBUTE_BLOCKS = {"html_class", "body_class", "home"}
_UNITS = {"送炭", "Songtan", "%", "MB", "ID"}
_WORD = re.compile(r"[A-Za-z]{2,}|[\u3400-\u9fff]")
_SENTENCE = re.compile(r"[\u3400-\u9fff]|^[A-Z][a-z]+( |$)|[a-z] [a-z]+ [a-z]")


def untranslated_in(template: str) -> list[tuple[int, str]]:
    """(line, text) of each visible string that is not given to gettext, in the template's order.

    Looks at text between tags, at attributes that people see or hear, and at literal arguments of macro calls
    that read like words (a capital first, several words, or Chinese).
    """
    reader = _VisibleText()
    reader.feed("".join(_html_with_gaps(template)))
    reader.close()
    return sorted({*reader.found, *_literal_arguments(template)})


def _html_with_gaps(template: str) -> Iterator[str]:
    """The template with every Jinja tag blanked out, its line breaks kept.

    Text inside `{% trans %}` is translated, and text inside a block of attributes is never seen: both go too.
    """
    names: list[str] | None = None
    unseen_until = ""
    for _line, kind, value in _ENVIRONMENT.lex(template):
        if kind == "data" and not unseen_until:
            yield value
            continue
        if kind == "block_begin":
            names = []
        elif kind == "name" and names is not None:
            names.append(value)
        elif kind == "block_end" and names:
            if names[0] == unseen_until:
                unseen_until = ""
            elif names[0] == "trans":
                unseen_until = "endtrans"
            elif names[0] == "block" and names[1] in _ATTRIBUTE_BLOCKS:
                unseen_until = "endblock"
            names = None
        yield "\n" * value.count("\n")


class _VisibleText(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        for name, value in attrs:
            if name in _VISIBLE_ATTRIBUTES or name.startswith("data-say"):
                self._note(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT and self._silent:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._note(data)

    def _note(self, text: str) -> None:
        words = text.strip()
        is_attribute = '="' in words  # a macro that writes attributes
        if words not in _UNITS and _WORD.search(words) and not is_attribute:
            self.found.append((self.getpos()[0], words))


def _literal_arguments(template: str) -> Iterator[tuple[int, str]]:
    tree = _ENVIRONMENT.parse(template)
    marked = {
        id(constant)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in _MARKERS
        for constant in call.find_all(nodes.Const)
    }
    for holder in tree.find_all((nodes.Call, nodes.Output, nodes.Filter)):
        for constant in holder.find_all(nodes.Const):
            value = constant.value
            if not isinstance(value, str) or id(constant) in marked or value in _UNITS:
                continue
            if _SENTENCE.search(value):
                yield constant.lineno, value
