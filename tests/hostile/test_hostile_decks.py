"""Decks that partners may upload: each ends in pages or in a clear message, and takes no more than it may."""

import errno
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.formats.errors import AppError
from tests.decks import pdf_of, pptx_parts, slide_xml, write_pdf, write_pptx
from workers.pipeline.errors import WorkspaceFull
from workers.pipeline.process import Limits
from workers.pipeline.stills.decks import OLE, open_deck
from workers.pipeline.stills.errors import DeckNeedsRenderer
from workers.pipeline.stills.pptx import Renderer, find_renderer, read_slides
from workers.pipeline.workspace import workspace

ONE = [[(20.0, 20.0, 140.0, "Title")]]
PARTS = pptx_parts([slide_xml("One")])
FEW = Limits(seconds=60, cpu_seconds=30, memory_bytes=3 << 30, file_bytes=64 << 20)
ROOT = b"/Root 1 0 R "
ENCRYPTED = (
    b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <"
    + b"41" * 32
    + b"> /U <"
    + b"42" * 32
    + b"> >> /ID [<01> <01>]"
)
TYPES = "[Content_Types].xml"
WITH_MACROS = str(PARTS[TYPES]).replace("presentation.main", "presentation.macroEnabled.main")
IN_UTF16 = slide_xml("x").encode("utf-16")


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def pptx(path: Path, **changed: str | bytes) -> Path:
    return write_pptx(
        path, PARTS | {name.replace("__", "/").replace("_DOT_", "."): data for name, data in changed.items()}
    )


def lying_zip(path: Path) -> Path:
    """A part that says it unpacks to 100 bytes and is two megabytes of zeros."""
    write_pptx(path, PARTS | {"ppt/media/a.bin": bytes(2 << 20)})
    data = bytearray(path.read_bytes())
    at = data.rindex(b"ppt/media/a.bin") - 46
    struct.pack_into("<I", data, at + 24, 100)
    path.write_bytes(data)
    return path


def packed_otherwise(path: Path, way: int) -> Path:
    """A PPTX one part of which is packed in a way that a zip may use and a PPTX does not."""
    write_pptx(path, PARTS)
    with zipfile.ZipFile(path, "a", way) as deck:
        deck.writestr("ppt/media/image1.png", bytes(4 << 20))
    return path


def pages_pdf(path: Path, count: int) -> Path:
    """A PDF of many pages that are all one object."""
    kids = " ".join(["3 0 R"] * count)
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 320 180] >>"
    tree = f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode()
    return written(path, pdf_of([b"<< /Type /Catalog /Pages 2 0 R >>", tree, page]))


def heavy_pdf(path: Path) -> Path:
    """A page that draws itself ten times, ten levels deep."""
    forms = []
    for level in range(10):
        drawn = b"q /X Do Q " * 10 if level else b"0 0 300 300 re f "
        inner = f"/Resources << /XObject << /X {3 + level} 0 R >> >>" if level else ""
        head = f"<< /Type /XObject /Subtype /Form /BBox [0 0 320 180] {inner} /Length {len(drawn)} >>"
        forms.append(head.encode() + b"\nstream\n" + drawn + b"\nendstream")
    top = b"/Contents 14 0 R /Resources << /XObject << /X 13 0 R >> >>"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 320 180] " + top + b" >>"
    tree = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    last = b"<< /Length 5 >>\nstream\n/X Do\nendstream"
    return written(path, pdf_of([b"<< /Type /Catalog /Pages 2 0 R >>", tree, page, *forms, last]))


def bomb_pdf(path: Path) -> Path:
    """A page whose drawing is a gigabyte of spaces, packed."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(1024)) + packer.flush()
    drawn = b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(packed), packed)
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 320 180] /Contents 4 0 R >>"
    tree = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    return written(path, pdf_of([b"<< /Type /Catalog /Pages 2 0 R >>", tree, page, drawn]))


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "nothing": (lambda p: written(p, b""), "deck.empty"),
    "a text": (lambda p: written(p, "课件".encode() * 99), "deck.not-a-deck"),
    "an old .ppt, or a PPTX with a password": (lambda p: written(p, OLE + bytes(999)), "deck.locked"),
    "half a PDF": (lambda p: written(p, b"%PDF-1.7\n" + bytes(5000)), "deck.damaged"),
    "a PDF with a password": (
        lambda p: written(p, write_pdf(p, ONE).read_bytes().replace(ROOT, ROOT + ENCRYPTED)),
        "deck.locked",
    ),
    "a PDF without pages": (lambda p: pages_pdf(p, 0), "deck.damaged"),
    "a PDF of 501 pages": (lambda p: pages_pdf(p, 501), "deck.too-many-pages"),
    "a page of 7 km": (lambda p: write_pdf(p, ONE, (20_000_001, 20_000_001)), "deck.page-size"),
    "a page like a thread": (lambda p: write_pdf(p, ONE, (2000, 20)), "deck.page-size"),
    "a zip that is no PPTX": (lambda p: write_pptx(p, {"a.txt": "a"}), "deck.not-a-deck"),
    "half a PPTX": (lambda p: written(p, pptx(p).read_bytes()[:-200]), "deck.damaged"),
    "a PPTX with macros": (lambda p: pptx(p, ppt__vbaProject_DOT_bin=b"x"), "deck.macros"),
    "a PPTX that calls itself one with macros": (lambda p: write_pptx(p, PARTS | {TYPES: WITH_MACROS}), "deck.macros"),
    "a PPTX that declares entities": (
        lambda p: pptx(p, ppt__slides__slide1_DOT_xml='<!DOCTYPE a [<!ENTITY b "b">]>' + slide_xml("&b;")),
        "deck.damaged",
    ),
    "a PPTX in UTF-16": (lambda p: pptx(p, ppt__slides__slide1_DOT_xml=IN_UTF16), "deck.damaged"),
    "a PPTX that writes outside": (lambda p: write_pptx(p, PARTS | {"../../evil.bin": b"x"}), "deck.damaged"),
    "a PPTX without slides": (lambda p: write_pptx(p, pptx_parts([])), "deck.empty"),
    "a PPTX of hidden slides": (lambda p: write_pptx(p, pptx_parts([slide_xml("x", hidden=True)])), "deck.empty"),
    "a PPTX of 501 slides": (lambda p: write_pptx(p, pptx_parts([slide_xml("x")] * 501)), "deck.too-many-pages"),
    "a PPTX whose slide is missing": (
        lambda p: write_pptx(p, {n: d for n, d in PARTS.items() if "slide1" not in n}), "deck.damaged"
    ),
    "a PPTX without a list of slides": (
        lambda p: write_pptx(p, {n: d for n, d in PARTS.items() if n != "ppt/_rels/presentation.xml.rels"}),
        "deck.damaged",
    ),
    "a PPTX that declares entities in what it calls a picture": (
        lambda p: write_pptx(p, PARTS | {"ppt/media/a.png": " " * 2000 + '<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>'}),
        "deck.damaged",
    ),
    "a PPTX in an encoding that hides what it declares": (
        lambda p: pptx(p, ppt__a_DOT_xml='<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a>'), "deck.damaged"
    ),
    "a PPTX whose relationships are no XML": (
        lambda p: write_pptx(p, PARTS | {"ppt/_rels/presentation.xml.rels": "<Relationships>"}), "deck.damaged"
    ),
    "a PPTX whose parts are bombs of bzip2": (lambda p: packed_otherwise(p, zipfile.ZIP_BZIP2), "deck.damaged"),
    "a PPTX whose parts are bombs of LZMA": (lambda p: packed_otherwise(p, zipfile.ZIP_LZMA), "deck.damaged"),
    "a zip that lies": (lying_zip, "deck.damaged"),
    "a zip bomb of XML": (lambda p: pptx(p, ppt__a_DOT_xml=bytes(b" " * (65 << 20))), "deck.too-heavy"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_deck_that_is_none_says_why(name: str, tmp_path: Path) -> None:
    make, code = REFUSED[name]
    folder = tmp_path / "work"
    folder.mkdir()
    with pytest.raises(AppError) as caught:
        open_deck(make(tmp_path / "deck"), folder, renderer=Renderer("/nothing/soffice"))
    assert caught.value.code == code


@pytest.mark.parametrize("make", [heavy_pdf, bomb_pdf])
def test_a_pdf_that_never_ends_is_stopped(make: Callable[[Path], Path], tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    small = Limits(seconds=60, cpu_seconds=3, memory_bytes=1 << 30, file_bytes=64 << 20)
    with pytest.raises(AppError) as caught:
        open_deck(make(tmp_path / "deck"), folder, limits=small)
    assert caught.value.code in ("deck.too-heavy", "deck.damaged")


def test_a_part_that_is_packed_otherwise_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed_otherwise(tmp_path / "deck", zipfile.ZIP_BZIP2)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(AppError, match="not packed as PPTX is"):
        read_slides(path, tmp_path / "clean.pptx", 9)


def test_a_full_disk_is_no_fault_of_the_deck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = pptx(tmp_path / "deck")
    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(WorkspaceFull), workspace(tmp_path / "work") as folder:
        read_slides(path, folder / "clean.pptx", 9)


OUTSIDE = {
    "a hyperlink": 'Type="x/hyperlink" Target="http://leads.example/" TargetMode="External"',
    "a mode written with entities": 'Type="x/image" Target="file:///etc/leads" TargetMode="&#69;xternal"',
    "an attribute with a bracket": 'Type="x>y/image" Target="file:///etc/leads" TargetMode="External"',
    "no mode at all": 'Type="x/image" Target="http://leads.example/a.png"',
    "a mode that does not exist": 'Type="x/image" Target="../media/leads.png" TargetMode="Elsewhere"',
    "a way up": 'Type="x/image" Target="../../../../etc/leads"',
    "a server": 'Type="x/image" Target="//leads.example/a.png"',
    "a server of Windows": 'Type="x/image" Target="\\\\leads.example\\a.png"',
    "a name with entities": 'Type="x/image" Target="h&#116;tp://leads.example/a.png"',
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_leads_out_of_a_pptx_leads_nowhere(name: str, tmp_path: Path) -> None:
    path, clean = tmp_path / "deck", tmp_path / "clean.pptx"
    inside = '<Relationship Id="rId2" Type="x/image" Target="../media/image 1.png"/>'
    rels = f'<Relationships xmlns="x">{inside}<Relationship Id="rId9" {OUTSIDE[name]}/></Relationships>'
    parts: dict[str, str | bytes] = {"ppt/slides/_rels/slide1.xml.rels": rels, "ppt/media/image 1.png": b"\x89PNG"}
    write_pptx(path, PARTS | parts)
    assert read_slides(path, clean, 9) == (None,)
    with zipfile.ZipFile(clean) as deck:
        said = deck.read("ppt/slides/_rels/slide1.xml.rels").decode()
    assert re.findall(r'Target="([^"]*)"', said) == ["../media/image 1.png", "about:blank"]
    read_slides(clean, tmp_path / "twice.pptx", 9)  # still a PPTX


def test_a_pptx_where_no_libreoffice_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeckNeedsRenderer) as caught:
        find_renderer()
    assert "as PDF" in caught.value.message
