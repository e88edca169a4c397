"""What an attachment is, its bytes say; what could run is refused in words, whatever it is called."""

import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.courses.attachments.errors import (
    ArchiveBroken,
    BadAttachment,
    HoldsMacros,
    HoldsProgram,
    KindUnknown,
    NotAsNamed,
)
from catalog.courses.attachments.kinds import MOST_MEMBERS, OFFICE, kind_of
from catalog.formats.attachments import KINDS

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
ODT = b"application/vnd.oasis.opendocument.text"


def packed(*names: str, first: tuple[str, bytes] | None = None) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in ([first] if first else []) + [(name, b"x") for name in names]:
            archive.writestr(name, data)
    return out.getvalue()


def office(part: str, *more: str) -> bytes:
    return packed("[Content_Types].xml", "_rels/.rels", f"{part}/document.xml", *more)


TAKEN = [
    ("练习.pdf", PDF, "application/pdf"),
    ("练习.PDF", PDF, "application/pdf"),
    ("图.png", PNG, "image/png"),
    ("图.jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
    ("图.gif", b"GIF89a\1\0", "image/gif"),
    ("图.webp", b"RIFF\x10\n\0\0WEBPVP8 ", "image/webp"),
    ("课文.txt", "春眠不觉晓".encode(), "text/plain"),
    ("课文.txt", "春眠不觉晓\r\n处处闻啼鸟".encode("gb18030"), "text/plain"),
    ("课文.txt", "春眠不觉晓".encode("utf-16"), "text/plain"),
    ("题.txt", b"3 < 5, and <5 is less", "text/plain"),
    ("a.docx", office("word"), f"{OFFICE}wordprocessingml.document"),
    ("a.xlsx", office("xl"), f"{OFFICE}spreadsheetml.sheet"),
    ("a.pptx", office("ppt", "ppt/embeddings/oleObject1.bin"), f"{OFFICE}presentationml.presentation"),
    ("a.odt", packed("content.xml", first=("mimetype", ODT)), ODT.decode()),
    ("素材.zip", packed("一/图.png", "index.html", "e.g.commands.txt"), "application/zip"),
]


@pytest.mark.parametrize(("name", "data", "kind"), TAKEN)
def test_the_bytes_say_what_it_is(name: str, data: bytes, kind: str) -> None:
    assert kind_of(name, data) == kind


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("练习.pdf", b"MZ\x90\0\3", KindUnknown),
        ("练习.pdf", b"\x7fELF\2\1\1\0", KindUnknown),
        ("旧.doc", OLE, KindUnknown),
        ("课.txt", b"<!DOCTYPE html><script>alert(1)</script>", KindUnknown),
        ("课.txt", b"\xef\xbb\xbf \n<svg xmlns='http://www.w3.org/2000/svg'>", KindUnknown),
        ("课.txt", "<html>".encode("utf-16"), KindUnknown),
        ("课.txt", b"\xff\xfe\0\xd8", KindUnknown),
        ("课.txt", b"#!/bin/sh\nrm -rf /", KindUnknown),
        ("课.txt", b"abc\0def", KindUnknown),
        ("课.html", "春眠不觉晓".encode(), NotAsNamed),
        ("课.bat", b"echo hello", NotAsNamed),
        ("课", PDF, NotAsNamed),
        ("练习.exe", PDF, NotAsNamed),
        ("练习.pdf", PNG, NotAsNamed),
        ("a.zip", office("word"), NotAsNamed),
        ("a.docm", office("word"), NotAsNamed),
        ("a.docx", office("word", "word/vbaProject.bin"), HoldsMacros),
        ("a.odt", packed("Basic/Standard/Module1.xml", first=("mimetype", ODT)), HoldsMacros),
        ("素材.zip", packed("好.txt", "安装/Setup.EXE"), HoldsProgram),
        ("素材.zip", packed("链接.lnk"), HoldsProgram),
        ("素材.zip", packed("图.png.scr "), HoldsProgram),
        ("app.zip", packed("AndroidManifest.xml", "classes.dex"), HoldsProgram),
        ("素材.zip", b"PK\3\4" + bytes(100), ArchiveBroken),
        ("素材.zip", packed("好.txt")[:-10], ArchiveBroken),
        ("素材.zip", packed("好.txt").replace("好".encode(), b"\x80\xff\xff"), ArchiveBroken),
        ("素材.zip", b"PK\3\4" + b"PK\1\2" * (MOST_MEMBERS + 1), ArchiveBroken),
    ],
)
def test_what_could_run_or_mislead_is_refused(name: str, data: bytes, error: type[BadAttachment]) -> None:
    with pytest.raises(error) as caught:
        kind_of(name, data)
    assert name in str(caught.value)


@given(st.sampled_from(TAKEN), st.data())
def test_a_damaged_file_is_told_or_still_of_its_name(taken: tuple[str, bytes, str], draw: st.DataObject) -> None:
    name, data, _ = taken
    at = draw.draw(st.integers(0, len(data) - 1))
    damaged = data[:at] + draw.draw(st.binary(max_size=8)) + data[at + draw.draw(st.integers(0, 8)) :]
    try:
        kind = kind_of(name, damaged)
    except BadAttachment:
        return
    assert name.rpartition(".")[2].lower() in KINDS[kind]
