"""A deck, PDF or PPTX, as pages: pictures at full sharpness, titles, and the deck's own timings.

Decks are hostile like videos: a PDF is drawn by PDFium and a PPTX by LibreOffice, each in a confined child process.
"""

import json
import sys
from pathlib import Path
from typing import Any

from workers.pipeline.confinement import Confinement
from workers.pipeline.errors import ToolFailed, ToolTooSlow
from workers.pipeline.probe import Frozen
from workers.pipeline.process import UNWATCHED, Limits, Watch, run
from workers.pipeline.stills.choice import Luma
from workers.pipeline.stills.compress import open_picture, small_luma
from workers.pipeline.stills.errors import (
    DeckDamaged,
    DeckEmpty,
    DeckLocked,
    DeckPageSize,
    DeckTooHeavy,
    DeckTooLong,
    NotADeck,
)
from workers.pipeline.stills.pptx import Renderer, convert, find_renderer, read_slides

PDF_PAGES = Path(__file__).with_name("pdf_pages.py")
"""The script that draws a PDF: run, never imported, so that PDFium never is in a worker's own process."""

MOST_PAGES = 500
MOST_BYTES = 512 << 20
BOX = (1280, 720)

DRAWING = Limits(seconds=300, cpu_seconds=240, memory_bytes=3 << 30, file_bytes=64 << 20)
"""For all pages together; a picture of 1280×720 has at most 3 MB."""

MATCH_WIDTH = 320
"""Pages are matched at this width, in their own shape."""

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How an old .ppt begins, and a PPTX with a password."""


class Page(Frozen):
    """A page: its picture (PNG, in the folder), size in pixels, title (may be empty), and how long the deck wants it
    to stand, in seconds, if it says so.
    """  # fmt: skip

    file: str
    width: int
    height: int
    title: str
    advance_s: float | None = None


class Deck(Frozen):
    """The pages that are shown, in order."""

    pages: tuple[Page, ...]

    @property
    def advances(self) -> tuple[float | None, ...]:
        """How long each page stands by the deck's own timings."""
        return tuple(page.advance_s for page in self.pages)


def open_deck(
    path: Path, folder: Path, watch: Watch = UNWATCHED, limits: Limits = DRAWING, renderer: Renderer | None = None
) -> Deck:
    """Draw a deck's pages into `folder`. What it is, its first bytes say and not its name.

    Raises a `deck.*` error that says what is wrong with it, DeckNeedsRenderer for a PPTX where no LibreOffice is, and
    Cancelled. `renderer` stands for the LibreOffice of this machine.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(1024)
    if size == 0:
        raise DeckEmpty
    if size > MOST_BYTES:
        raise DeckTooHeavy(why=f"the file has {size >> 20} MB, {MOST_BYTES >> 20} are taken")
    if b"%PDF-" in head:
        return Deck(pages=_draw(path, folder, watch, limits))
    if head.startswith(OLE):
        raise DeckLocked
    if not head.startswith(b"PK\x03\x04"):
        raise NotADeck
    clean = folder / "deck.pptx"
    advances = read_slides(path, clean, MOST_PAGES)
    pdf = convert(clean, folder, renderer or find_renderer(), watch)
    pages = _draw(pdf, folder, watch, limits)
    if len(advances) == len(pages):
        pages = tuple(p.model_copy(update={"advance_s": a}) for p, a in zip(pages, advances, strict=True))
    return Deck(pages=pages)


def small_pages(deck: Deck, folder: Path) -> list[Luma]:
    """Return the pages as `matching.match_pages` takes them."""
    return [
        small_luma(
            open_picture(folder / page.file), (MATCH_WIDTH, max(16, round(MATCH_WIDTH * page.height / page.width)))
        )
        for page in deck.pages
    ]


def _draw(pdf: Path, folder: Path, watch: Watch, limits: Limits) -> tuple[Page, ...]:
    said = folder / "pages.json"
    script = [sys.executable, "-I", str(PDF_PAGES)]
    words = [str(pdf), str(folder), str(BOX[0]), str(BOX[1]), str(MOST_PAGES)]
    try:
        reach = Confinement(folder=folder, reads=(pdf, PDF_PAGES))
        run([*script, *words], limits, Watch(is_cancelled=watch.is_cancelled), said, reach)
        found = json.loads(said.read_bytes())
    except ToolTooSlow as error:
        raise DeckTooHeavy(why=f"its pages were not drawn after {limits.seconds:.0f} seconds") from error
    except ToolFailed as error:
        raise _ended(str(error.data["status"]), str(error.data["why"]), limits) from error
    except ValueError as error:
        raise DeckDamaged(why="its pages cannot be drawn") from error
    _refuse(found)
    return tuple(Page(file=f"page-{n:04}.png", **page) for n, page in enumerate(found["pages"], start=1))


def _ended(status: str, why: str, limits: Limits) -> DeckTooHeavy | DeckDamaged:
    if "SIGXCPU" in status or "SIGKILL" in status:
        return DeckTooHeavy(why=f"its pages were not drawn after {limits.cpu_seconds} seconds of work")
    if "MemoryError" in why or "bad_alloc" in why:
        return DeckTooHeavy(why=f"drawing it needs more than {limits.memory_bytes >> 20} MB of memory")
    return DeckDamaged(why="its pages cannot be drawn")


def _refuse(found: dict[str, Any]) -> None:
    error = found.get("error")
    if error == "locked":
        raise DeckLocked
    if error == "pages":
        if found["pages"] == 0:
            raise DeckEmpty
        raise DeckTooLong(pages=found["pages"], limit=MOST_PAGES)
    if error == "size":
        raise DeckPageSize(page=found["page"], width=found["width"], height=found["height"])
    if error:
        raise DeckDamaged(why=str(found.get("why", "")) or "it is no PDF inside")
