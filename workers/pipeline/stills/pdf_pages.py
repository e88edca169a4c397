"""Run as a script, confined: draw the pages of a PDF and say what is on them.

    python -I pdf_pages.py PDF FOLDER WIDTH HEIGHT MOST_PAGES

It writes `page-0001.png` … to FOLDER, each as large as fits the box, and says one JSON object on stdout:
`{"pages": [{"width", "height", "title"}]}`, or `{"error": code, ...}` and nothing else. The file is hostile: whatever
PDFium does with it stays in this process.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

LEAST_POINTS, MOST_POINTS = 18.0, 20_000.0
MOST_ASPECT = 6.0
TITLE_SHARE = 0.6
"""A title stands in so much of the page, from above."""
MOST_CHARACTERS = 20_000
LONGEST_TITLE = 120
SAME_SIZE = 0.85
"""Characters of at least this share of the largest belong to the title."""


def title_of(page: Any, height: float) -> str:
    """Return the largest text in the upper part of a page, on one line; empty if there is none."""
    text = page.get_textpage()
    letters: list[tuple[float, str]] = []
    for number in range(min(text.count_chars(), MOST_CHARACTERS)):
        letter = text.get_text_range(number, 1)
        _, bottom, _, top = text.get_charbox(number, loose=True)
        if not letter.strip():
            letters.append((0.0, " "))
        elif bottom >= height * (1 - TITLE_SHARE):
            letters.append((abs(top - bottom), letter))
    largest = max((size for size, _ in letters), default=0.0)
    if largest == 0.0:
        return ""
    kept, going = "", False
    for size, letter in letters:
        if size >= largest * SAME_SIZE:
            kept, going = kept + letter, True
        elif going and size == 0.0:
            kept += " "
        elif size > 0.0 and going:
            break
    return " ".join("".join(c if c.isprintable() else " " for c in kept).split())[:LONGEST_TITLE]


def read(path: str, folder: Path, box: tuple[int, int], most: int) -> dict[str, Any]:
    """Draw all pages; return what is said."""
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        locked = getattr(error, "err_code", None) in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
        return {"error": "locked" if locked else "damaged", "why": str(error)}
    count = len(document)
    if count == 0 or count > most:
        return {"error": "pages", "pages": count}
    pages = []
    for number in range(count):
        try:
            page = document[number]
        except pdfium.PdfiumError as error:
            return {"error": "damaged", "why": f"page {number + 1}: {error}"}
        width, height = page.get_size()
        fits = all(LEAST_POINTS <= side <= MOST_POINTS for side in (width, height))
        if not fits or max(width / height, height / width) > MOST_ASPECT:
            return {"error": "size", "page": number + 1, "width": round(width), "height": round(height)}
        scale = min(box[0] / width, box[1] / height) if width >= height else min(box[1] / width, box[0] / height)
        picture = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
        picture.save(folder / f"page-{number + 1:04}.png", "PNG", compress_level=1)
        pages.append({"width": picture.width, "height": picture.height, "title": title_of(page, height)})
        page.close()
    return {"pages": pages}


if __name__ == "__main__":
    out = read(sys.argv[1], Path(sys.argv[2]), (int(sys.argv[3]), int(sys.argv[4])), int(sys.argv[5]))
    sys.stdout.write(json.dumps(out))
