"""The relationships of a PPTX's parts: what else each part names, and which of that lies in the file itself. Pure."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from workers.pipeline.stills.errors import DeckDamaged, DeckTooHeavy

MOST = 20_000
"""Relationships of one part."""
NOWHERE = "about:blank"

_NAMESPACE = "http://schemas.openxmlformats.org/package/2006/relationships"


@dataclass(frozen=True, slots=True)
class Relationship:
    """That a part names something: a part beside it, or an address outside where `mode` is not "Internal"."""

    id: str
    type: str
    target: str
    mode: str


def read_relationships(data: bytes) -> tuple[Relationship, ...]:
    """Return what a .rels part says. Raises DeckDamaged if that is no XML or declares something, and DeckTooHeavy."""
    found: list[Relationship] = []

    def declared(*_: object) -> None:
        raise DeckDamaged(why="its XML is not as PPTX has it")

    def began(name: str, said: dict[str, str]) -> None:
        if name.rpartition(" ")[2] != "Relationship":
            return
        if len(found) == MOST:
            raise DeckTooHeavy(why=f"a part of it names more than {MOST} others")
        words = (said.get("Id", ""), said.get("Type", ""), said.get("Target", ""), said.get("TargetMode", "Internal"))
        found.append(Relationship(*words))

    parser = expat.ParserCreate("utf-8", " ")
    parser.StartDoctypeDeclHandler = declared
    parser.StartElementHandler = began
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise DeckDamaged(why="its XML is broken") from error
    return tuple(found)


def owner_folder(rels: str) -> str:
    """Return the folder of the part whose relationships a .rels part lists: `ppt` for `ppt/_rels/a.xml.rels`."""
    return posixpath.dirname(posixpath.dirname(rels))


def part_named(folder: str, target: str) -> str:
    """Return the name of the part that `target` means in the relationships of a part in `folder`."""
    return posixpath.normpath(posixpath.join("/", folder, unquote(target.partition("#")[0]))).lstrip("/")


def written_inward(relationships: Iterable[Relationship], folder: str, parts: frozenset[str]) -> bytes:
    """Return a .rels part that says the same, but where a target is not surely one of `parts` it leads nowhere.

    A relationship is never left out: what refers to it (the colour of a link, a picture's frame) is drawn all the same.
    """
    rows = []
    for each in relationships:
        is_inside = _is_inside(each, folder, parts)
        target, mode = (each.target, "Internal") if is_inside else (NOWHERE, "External")
        said = {"Id": each.id, "Type": each.type, "Target": target, "TargetMode": mode}
        rows.append(f"<Relationship {' '.join(f'{name}={quoteattr(value)}' for name, value in said.items())}/>")
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    return f'{head}<Relationships xmlns="{_NAMESPACE}">{"".join(rows)}</Relationships>'.encode()


def _is_inside(said: Relationship, folder: str, parts: frozenset[str]) -> bool:
    is_address = ":" in said.target or "\\" in said.target or "//" in said.target
    return said.mode == "Internal" and not is_address and part_named(folder, said.target) in parts
