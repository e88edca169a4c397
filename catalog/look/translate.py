"""The translator's tool. From the project's folder, with the dev dependencies installed:

    python -m catalog.look.translate extract   gather msgids from code and templates into songtan.po
    python -m catalog.look.translate compile   write songtan.mo, which the programs read
    python -m catalog.look.translate check     what is missing, stale or untranslated; exit 1 if anything is

To translate: `extract`, fill the empty `msgstr` in `catalog/look/locales/zh_CN/LC_MESSAGES/songtan.po`, `compile`,
and commit both files. Msgids are English; Chinese comes first in care: words a village teacher would use.
In templates a string is `_("Text")`; in code, where only its place is known, `N_("Text")`.
"""

import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from catalog.look.language import DOMAIN, LOCALES
from catalog.look.visible_text import untranslated_in

PROJECT = Path(__file__).parents[2]
METHODS = [("look/translate.py", "ignore"), ("**.py", "python"), ("**/templates/**.html", "jinja2")]
"""How msgids are found, by the place of a file in its package. This file names none of its own."""
OPTIONS = {"**/templates/**.html": {"newstyle_gettext": "true", "silent": "false"}}
NO_LINE = 0
"""Places are written without lines: those would change with every edit."""
PO = LOCALES / "zh_CN" / "LC_MESSAGES" / f"{DOMAIN}.po"
MO = PO.with_suffix(".mo")
PACKAGES = ("api", "catalog", "edge_cache", "signer", "songtan", "workers")
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def extracted(project: Path = PROJECT) -> Catalog:
    """Every msgid in the packages' code and templates, with the files that use it."""
    template = Catalog(domain=DOMAIN, project="Songtan")
    for package in PACKAGES:
        found = extract_from_dir(
            project / package,
            method_map=METHODS,
            options_map=OPTIONS,
            keywords=KEYWORDS,
        )
        for name, _line, message, _comments, _context in found:
            template.add(message, locations=[(f"{package}/{Path(name).as_posix()}", NO_LINE)])
    return template


def load_po(path: Path = PO) -> Catalog:
    """The Chinese catalogue as it is committed; an empty one where there is none yet."""
    if not path.exists():
        return Catalog(locale="zh_CN", domain=DOMAIN, project="Songtan")
    with path.open("rb") as file:
        return read_po(file, locale="zh_CN", domain=DOMAIN)


def compiled(catalogue: Catalog) -> bytes:
    """The `.mo` bytes of a catalogue: the same catalogue gives the same bytes."""
    target = io.BytesIO()
    write_mo(target, catalogue)
    return target.getvalue()


def extract() -> int:
    """Gather the msgids of now: new ones come in empty, those that nobody uses go."""
    catalogue = load_po()
    born = catalogue.creation_date
    catalogue.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    catalogue.creation_date = catalogue.revision_date = born
    PO.parent.mkdir(parents=True, exist_ok=True)
    target = io.BytesIO()
    write_po(target, catalogue, width=110, sort_output=True, include_lineno=False, ignore_obsolete=True)
    PO.write_bytes(target.getvalue())
    empty = [message for message in catalogue if message.id and not _is_translated(message)]
    _say(f"{len(catalogue)} msgids in {PO.name}, {len(empty)} to translate")
    return 0


def compile_catalogue() -> int:
    """Write the `.mo` that the programs read."""
    MO.write_bytes(compiled(load_po()))
    _say(f"{MO.name}: {MO.stat().st_size} bytes")
    return 0


def problems(project: Path = PROJECT) -> Iterator[str]:
    """What a reader of Chinese would stumble over, one line each; none when all is well."""
    catalogue = load_po()
    for message in extracted(project):
        if not message.id:
            continue
        kept = catalogue.get(message.id)
        if kept is None or not _is_translated(kept):
            where = ", ".join(sorted({name for name, _ in message.locations})[:3])
            yield f"no Chinese for {_first(message.id)!r} ({where})"
    for message, errors in catalogue.check():
        for error in errors:
            yield f"{_first(message.id)!r}: {error}"
    if not MO.exists() or MO.read_bytes() != compiled(catalogue):
        yield f"{MO.name} is not what {PO.name} compiles to: run `python -m catalog.look.translate compile`"
    for package in PACKAGES:
        for template in sorted((project / package).glob("**/templates/**/*.html")):
            for line, text in untranslated_in(template.read_text(encoding="utf-8")):
                yield f"{template.relative_to(project)}:{line}: {text!r} is not translated"


def check() -> int:
    """Print the problems; 1 if there are any."""
    found = list(problems())
    for line in found:
        _say(line)
    _say(f"translations: {len(found)} problems" if found else "translations: complete")
    return 1 if found else 0


def _say(line: str | None) -> None:
    sys.stdout.write(f"{line}\n")


def _is_translated(message: Message) -> bool:
    strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
    return bool(strings) and all(strings) and not message.fuzzy


def _first(message_id: str | Sequence[str]) -> str:
    return message_id if isinstance(message_id, str) else message_id[0]


def main(arguments: list[str]) -> int:
    """Run one of the commands above."""
    commands = {"extract": extract, "compile": compile_catalogue, "check": check}
    if len(arguments) != 1 or arguments[0] not in commands:
        _say(__doc__)
        return 2
    return commands[arguments[0]]()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
