"""Small decks made by hand: PDFs and PPTX files of a few kilobytes, right ones and hostile ones."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

Line = tuple[float, float, float, str]
"""Size of the letters, x and y in points from below, and the text (Latin)."""


def write_pdf(path: Path, pages: Sequence[Sequence[Line]], size: tuple[float, float] = (320, 180)) -> Path:
    """Write a PDF with a page for each list of lines; `size` in points."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for lines in pages:
        drawn = "".join(f"BT /F1 {s} Tf {x} {y} Td ({text}) Tj ET\n" for s, x, y, text in lines).encode("latin-1")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn))
        content = len(objects)
        box = f"/MediaBox [0 0 {size[0]} {size[1]}]"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R {box} /Contents {content} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    path.write_bytes(pdf_of(objects))
    return path


def pdf_of(objects: Sequence[bytes], trailer: str = "") -> bytes:
    """Return a PDF of these objects, numbered from 1; the first is its catalogue."""
    out = bytearray(b"%PDF-1.5\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


_TYPES = "application/vnd.openxmlformats-officedocument.presentationml"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_NAMES = (
    f'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="{_OFFICE}" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def slide_xml(title: str, *, advance_ms: int | None = None, hidden: bool = False) -> str:
    """Return a slide with a title; `advance_ms` is how long it stands by the deck's own timings."""
    shape = (
        '<p:sp><p:nvSpPr><p:cNvPr id="2" name="Title"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr><a:xfrm>'
        '<a:off x="500000" y="400000"/><a:ext cx="8000000" cy="900000"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/>'
        '</a:prstGeom></p:spPr><p:txBody><a:bodyPr/><a:p><a:r><a:rPr lang="zh-CN" sz="4400"/>'
        f"<a:t>{title}</a:t></a:r></a:p></p:txBody></p:sp>"
    )
    tree = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    turn = f'<p:transition advClick="0" advTm="{advance_ms}"/>' if advance_ms is not None else ""
    shown = ' show="0"' if hidden else ""
    return f"{_HEAD}<p:sld {_NAMES}{shown}><p:cSld><p:spTree>{tree}{shape}</p:spTree></p:cSld>{turn}</p:sld>"


def _relationships(rows: Sequence[tuple[str, str, str]]) -> str:
    listed = "".join(f'<Relationship Id="{i}" Type="{_OFFICE}/{kind}" Target="{target}"/>' for i, kind, target in rows)
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def pptx_parts(slides: Sequence[str]) -> dict[str, str | bytes]:
    """Return the parts of a PPTX by name; `slides` are shown in their order."""
    numbers = range(1, len(slides) + 1)
    listed = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in numbers)
    overrides = "".join(
        f'<Override PartName="/ppt/slides/slide{n}.xml" ContentType="{_TYPES}.slide+xml"/>' for n in numbers
    )
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/ppt/presentation.xml" '
        f'ContentType="{_TYPES}.presentation.main+xml"/>{overrides}</Types>',
        "_rels/.rels": _relationships([("rId1", "officeDocument", "ppt/presentation.xml")]),
        "ppt/presentation.xml": f"{_HEAD}<p:presentation {_NAMES}><p:sldIdLst>{listed}</p:sldIdLst>"
        '<p:sldSz cx="9144000" cy="5143500"/><p:notesSz cx="6858000" cy="9144000"/></p:presentation>',
        "ppt/_rels/presentation.xml.rels": _relationships(
            [(f"rId{n}", "slide", f"slides/slide{n}.xml") for n in numbers]
        ),
    }
    parts |= {f"ppt/slides/slide{n}.xml": slide for n, slide in enumerate(slides, start=1)}
    return parts


def write_pptx(path: Path, parts: Mapping[str, str | bytes]) -> Path:
    """Write the parts of a PPTX."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in parts.items():
            out.writestr(name, data)
    return path
