"""A PPTX: what is in it, what of it is safe, how long its slides stand, and LibreOffice to draw it.

It is a zip of XML. What is given to LibreOffice is a copy, written anew: what unpacks to too much, carries macros or
declares entities is refused, and whatever links outside (addresses, pictures on a server, files of this machine) leads
nowhere.
"""

import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from workers.pipeline.confinement import OFFICE, Confinement
from workers.pipeline.errors import ToolFailed, ToolTooSlow
from workers.pipeline.process import Limits, Watch, run
from workers.pipeline.stills.errors import (
    DeckDamaged,
    DeckEmpty,
    DeckHasMacros,
    DeckLocked,
    DeckNeedsRenderer,
    DeckTooHeavy,
    DeckTooLong,
    NotADeck,
)
from workers.pipeline.stills.relationships import owner_folder, part_named, read_relationships, written_inward
from workers.pipeline.workspace import is_full, require_room

MOST_MEMBERS = 20_000
MOST_UNPACKED = 1 << 30
MOST_XML = 64 << 20
"""Bytes of all members, and of a single one that is XML."""
PIECE = 1 << 20
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What PPTX uses. `zipfile` unpacks the other ways without a limit: a kilobyte may become gigabytes in one read."""

PRESENTATION = "ppt/presentation.xml"
RELATIONSHIPS = "ppt/_rels/presentation.xml.rels"

CONVERTING = Limits(seconds=300, cpu_seconds=240, memory_bytes=6 << 30, file_bytes=1 << 30)

PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse">
<value>3</value></prop><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop>
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop>
<prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop></item>
</oor:items>
"""
"""LibreOffice's own profile for one deck: no macros, no links, nothing active."""

_SLIDE_ID = re.compile(rb"""<(?:\w+:)?sldId\b[^>]*?\b(?:\w+:id)\s*=\s*["']([^"']+)["']""")
_TRANSITION = re.compile(rb"""<p:transition\b[^>]*?\badvTm\s*=\s*["'](\d{1,9})["']""")
_HIDDEN = re.compile(rb"""<p:sld\b[^>]*?\bshow\s*=\s*["'](?:0|false)["']""")
_ENCODING = re.compile(rb"""\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([^"']*)["']""")
_BOM = b"\xef\xbb\xbf"
_XML_BEGINS = (b"<", b"\0<", b"\0\0\0<", b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff", b"\x4c\x6f\xa7\x94")
"""How XML begins in UTF-8, UTF-16, UTF-32 and EBCDIC."""


@dataclass(frozen=True, slots=True)
class Renderer:
    """LibreOffice's program. It runs confined: in one folder, without a network."""

    soffice: str


def find_renderer() -> Renderer:
    """Return the LibreOffice of this machine. Raises DeckNeedsRenderer if there is none."""
    soffice = shutil.which("soffice") or shutil.which("libreoffice")
    if soffice is None:
        raise DeckNeedsRenderer
    return Renderer(soffice)


def read_slides(path: Path, clean: Path, most: int) -> tuple[float | None, ...]:
    """Check a PPTX and write a safe copy to `clean`; return how long each slide that is shown stands, in seconds.

    Raises NotADeck, DeckDamaged, DeckLocked, DeckHasMacros, DeckTooHeavy, DeckEmpty, DeckTooLong, WorkspaceFull, and
    OSError where the disk is full all the same.
    """
    require_room(clean.parent, path.stat().st_size)
    try:
        with zipfile.ZipFile(path) as deck:
            _check(deck)
            slides = _slides(deck)
            if not slides:
                raise DeckEmpty
            if len(slides) > most:
                raise DeckTooLong(pages=len(slides), limit=most)
            _write_clean(deck, clean)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        if isinstance(error, OSError) and is_full(error):
            raise
        raise DeckDamaged(why=_reason(error)) from error
    except RuntimeError as error:  # zipfile's word for a member with a password
        raise DeckLocked from error
    return slides


def _reason(error: Exception) -> str:
    return str(error)[:100] if isinstance(error, zipfile.BadZipFile) else "it is no whole PPTX"


def _check(deck: zipfile.ZipFile) -> None:
    names = {member.filename for member in deck.infolist()}
    if PRESENTATION not in names or "[Content_Types].xml" not in names:
        raise NotADeck
    if RELATIONSHIPS not in names:
        raise DeckDamaged(why="the list of its slides is missing")
    if any(member.compress_type not in PACKINGS for member in deck.infolist()):
        raise DeckDamaged(why="it is not packed as PPTX is")
    if len(deck.infolist()) > MOST_MEMBERS or len(names) != len(deck.infolist()):
        raise DeckTooHeavy(why=f"it has {len(deck.infolist())} parts")
    if sum(member.file_size for member in deck.infolist()) > MOST_UNPACKED:
        raise DeckTooHeavy(why=f"it unpacks to more than {MOST_UNPACKED >> 20} MB")
    if any("vbaproject" in name.lower() or "/activex/" in f"/{name.lower()}" for name in names):
        raise DeckHasMacros
    if b"macroenabled" in _xml(deck, "[Content_Types].xml").lower():
        raise DeckHasMacros


def _xml(deck: zipfile.ZipFile, name: str) -> bytes:
    """Return a member that is XML in UTF-8 and declares nothing."""
    with deck.open(name) as file:
        data = b"".join(_pieces(file, MOST_XML))
    return _plain(data)


def _plain(data: bytes) -> bytes:
    """Return `data` if it is in UTF-8 and declares nothing. Raises DeckDamaged."""
    encoding = _ENCODING.match(data.removeprefix(_BOM))
    is_utf8 = encoding is None or encoding.group(1).lower() in (b"utf-8", b"utf8", b"us-ascii")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        is_utf8 = False
    if not is_utf8 or b"\0" in data[:4096] or b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise DeckDamaged(why="its XML is not as PPTX has it")
    return data


def _pieces(file: IO[bytes], most: int) -> Iterator[bytes]:
    """Yield what a member really holds, whatever its header says."""
    left = most
    while piece := file.read(PIECE):
        left -= len(piece)
        if left < 0:
            raise DeckTooHeavy(why=f"a part of it unpacks to more than {most >> 20} MB")
        yield piece


def _slides(deck: zipfile.ZipFile) -> tuple[float | None, ...]:
    """Return the advance of each slide that is not hidden, in the presentation's order."""
    targets = {each.id: each.target for each in read_relationships(_xml(deck, RELATIONSHIPS))}
    names = set(deck.namelist())
    advances: list[float | None] = []
    for found in _SLIDE_ID.finditer(_xml(deck, PRESENTATION)):
        target = targets.get(found.group(1).decode("utf-8", "replace"), "")
        name = part_named(owner_folder(RELATIONSHIPS), target)
        if name not in names:
            raise DeckDamaged(why="a slide is missing in it")
        slide = _xml(deck, name)
        if _HIDDEN.search(slide):
            continue
        timed = _TRANSITION.search(slide)
        advances.append(int(timed.group(1)) / 1000 if timed else None)
    return tuple(advances)


def _write_clean(deck: zipfile.ZipFile, clean: Path) -> None:
    left = MOST_UNPACKED
    parts = frozenset(deck.namelist())
    with zipfile.ZipFile(clean, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for member in deck.infolist():
            name = member.filename
            if member.is_dir():
                continue
            if name.startswith("/") or ".." in PurePosixPath(name).parts or "\\" in name:
                raise DeckDamaged(why="a part of it has no proper name")
            left -= _copy(deck, name, out, parts, left)
            if left < 0:
                raise DeckTooHeavy(why=f"it unpacks to more than {MOST_UNPACKED >> 20} MB")


def _copy(deck: zipfile.ZipFile, name: str, out: zipfile.ZipFile, parts: frozenset[str], most: int) -> int:
    """Write a safe copy of a part; return how many bytes it unpacked to. Raises DeckDamaged, DeckTooHeavy."""
    if not _is_xml(deck, name):
        with deck.open(name) as file, out.open(name, "w") as copy:
            return sum(copy.write(piece) for piece in _pieces(file, most))
    data = _xml(deck, name)
    if name.lower().endswith(".rels"):
        out.writestr(name, written_inward(read_relationships(data), owner_folder(name), parts))
    else:
        out.writestr(name, data)
    return len(data)


def _is_xml(deck: zipfile.ZipFile, name: str) -> bool:
    """Say whether a part may be read as XML, whatever it is called."""
    if name.lower().endswith((".xml", ".rels")):
        return True
    with deck.open(name) as file:
        begins = file.read(1024).removeprefix(_BOM).lstrip()
    return not begins or begins.startswith(_XML_BEGINS)


def convert(deck: Path, folder: Path, renderer: Renderer, watch: Watch, limits: Limits = CONVERTING) -> Path:
    """Draw a PPTX as PDF with LibreOffice, in a profile of its own. Raises DeckDamaged, DeckTooHeavy, Cancelled."""
    profile, made = folder / "office", folder / "converted"
    (profile / "user").mkdir(parents=True)
    made.mkdir()
    settings = profile / "user" / "registrymodifications.xcu"
    settings.write_text(PROFILE, encoding="utf-8")
    for ours in (profile, profile / "user", settings, made):
        ours.chmod(0o777)  # the suite may run as nobody; the folder around it is closed to everybody else
    how = [f"-env:UserInstallation=file://{profile}", "--headless", "--norestore", "--nolockcheck", "--nologo"]
    words = ["--convert-to", "pdf:impress_pdf_Export", "--outdir", str(made), str(deck)]
    try:
        reach = Confinement(folder=folder, reads=(*OFFICE, deck), many=True)
        command = [renderer.soffice, *how, *words]
        run(command, limits, Watch(is_cancelled=watch.is_cancelled), folder / "office.log", reach)
    except ToolTooSlow as error:
        raise DeckTooHeavy(why=f"it was not drawn after {limits.seconds:.0f} seconds") from error
    except ToolFailed as error:
        raise DeckDamaged(why="LibreOffice cannot open it") from error
    finally:
        shutil.rmtree(profile, ignore_errors=True)
    pdf = made / f"{deck.stem}.pdf"
    if not pdf.exists():
        raise DeckDamaged(why="LibreOffice cannot open it")
    return pdf
