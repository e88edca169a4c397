"""A video made of a deck's pages, for a lesson that is a deck and a voice: the ordinary pipeline does the rest."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from workers.pipeline.commands.stills import encode_pages
from workers.pipeline.process import UNWATCHED, Limits, Watch, run
from workers.pipeline.stills.compress import open_picture
from workers.pipeline.tools import Tools

SIZE = (1280, 720)


def make_picture_source(
    tools: Tools,
    pages: Sequence[Path],
    times: Sequence[float],
    duration: float,
    out: Path,
    *,
    voice: tuple[Path, int] | None = None,
    limits: Limits,
    watch: Watch = UNWATCHED,
) -> None:
    """Write a Matroska video of `duration` seconds that shows each page (PNG of our own) from its time on.

    Lossless H.264, 1280×720, five pictures a second; a page of another shape stands in the middle of black. `times`
    ascend from 0, one a page. `voice` is a file and the number of its sound stream, to stand beside the pictures as
    FLAC, from its own beginning. Raises what `process.run` does.
    """
    raw = out.with_suffix(".rgb")
    try:
        with raw.open("wb") as file:
            for page in (*pages, pages[-1]):
                file.write(_framed(open_picture(page)).tobytes())
        run(encode_pages(tools, raw, SIZE, times, duration, voice, out), limits, watch)
    finally:
        raw.unlink(missing_ok=True)


def _framed(page: Image.Image) -> Image.Image:
    """Return a page as large as it fits, in the middle of a frame."""
    scale = min(SIZE[0] / page.width, SIZE[1] / page.height)
    size = (max(1, round(page.width * scale)), max(1, round(page.height * scale)))
    framed = Image.new("RGB", SIZE)
    sized = page if size == page.size else page.resize(size, Image.Resampling.LANCZOS)
    framed.paste(sized, ((SIZE[0] - size[0]) // 2, (SIZE[1] - size[1]) // 2))
    return framed
