"""The OCR on pictures that are made, encoded and read again."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from catalog.formats.rungs import Rung, Tier
from tests.media import ROOT, run_ffmpeg
from workers.pipeline.commands import parts, segments
from workers.pipeline.errors import ReaderMissing
from workers.pipeline.gates.legibility import compare
from workers.pipeline.gates.reader import Reader, Still, the_reader
from workers.pipeline.gates.shown import pictures_in, slots_at, stills_of
from workers.pipeline.gates.spots import View
from workers.pipeline.plan import Stretch
from workers.pipeline.process import Limits, run
from workers.pipeline.recipe import Handling, VideoRecipe
from workers.pipeline.tools import find_tools
from workers.pipeline.work import VideoWork

LIMITS = Limits(seconds=60, cpu_seconds=120)
VIEW = View(width=640, height=360, rate=Fraction(5))
LINES = (
    (20, "The simple past tense"),
    (14, "She did not finish the homework yesterday."),
    (10, "Practice: rewrite it now."),
)


def slide() -> Image.Image:
    picture = Image.new("RGB", (640, 360), (250, 250, 252))
    draw, y = ImageDraw.Draw(picture), 30
    for size, text in LINES:
        draw.text((40, y), text, font=ImageFont.load_default(size), fill=(20, 20, 30))
        y += 3 * size
    return picture


def bgr(picture: Image.Image) -> Still:
    return np.ascontiguousarray(np.asarray(picture, dtype=np.uint8)[:, :, ::-1])


def test_what_is_read_in_a_rendition_tells_sizes_apart(tmp_path: Path) -> None:
    """A slide of small text, encoded at its own size and at a quarter: one is read, the other is not."""
    slide().save(tmp_path / "slide.png")
    source, part, tools = tmp_path / "source.mkv", tmp_path / "part.mkv", find_tools()
    run_ffmpeg("-loop", "1", "-framerate", "5", "-t", "2", "-i", tmp_path / "slide.png", "-pix_fmt", "yuv420p",
               "-c:v", "libx264", "-qp", "1", source)  # fmt: skip
    run(parts.cut_part(tools, source, 0, 0.0, None, 2.0, part), LIMITS)
    shares = []
    for width, height in ((640, 360), (160, 90)):
        recipe = VideoRecipe(
            tier=Tier.COMPATIBLE, rung=Rung.FLOOR, width=width, height=height, rate=VIEW.rate, crf=20,
            preset="veryfast",
        )  # fmt: skip
        handling = Handling(rotation=0, deinterlace=False, matrix="bt601", lead_s=0.02)
        work = VideoWork(
            number=0, part_key="k", part_digest="d", part_start=0.0,
            stretch=Stretch(start=Fraction(0), seconds=Fraction(2)), recipe=recipe, handling=handling, tools="t",
            view=VIEW,
        )  # fmt: skip
        out = tmp_path / f"{height}.mp4"
        run(segments.encode_video(tools, work, part, out), LIMITS)
        (still,), (shown,) = stills_of(tools, work, VIEW, [1.0], (part, out), LIMITS)
        regions = the_reader().regions(still)
        assert [region.text.replace(" ", "") for region in regions] == [text.replace(" ", "") for _, text in LINES]
        found = compare(regions, the_reader().read(shown, regions))
        assert found is not None
        assert found.smallest_px < 20
        shares.append(found.share)
    assert shares[0] == 1.0
    assert shares[1] < 0.5


ALONE = """
import sys
from pathlib import Path
import numpy as np
from PIL import Image

def hear(event, _):
    if event.startswith("socket."):
        raise RuntimeError(event)

sys.addaudithook(hear)
from workers.pipeline.gates.reader import Reader
picture = np.asarray(Image.open(sys.argv[1]).convert("RGB"))[:, :, ::-1]
sys.exit(0 if len(Reader().regions(picture)) == 3 else "not read")
"""


def test_the_reader_needs_no_network_and_says_nothing(tmp_path: Path) -> None:
    """In a process of its own, where the first use of a socket raises."""
    slide().save(tmp_path / "slide.png")
    command = [sys.executable, "-c", ALONE, str(tmp_path / "slide.png")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_pictures_without_text_have_no_regions() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (180, 320, 3), dtype=np.uint8)
    assert compare(the_reader().regions(noise), []) is None
    assert the_reader().regions(np.full((180, 320, 3), 128, dtype=np.uint8)) == ()
    assert the_reader().read(noise, ()) == ()


def test_a_reader_without_its_models_says_so(tmp_path: Path) -> None:
    with pytest.raises(ReaderMissing) as caught:
        Reader(tmp_path).regions(bgr(slide()))
    assert "det" in str(caught.value.data["name"])


def test_slots_and_pictures() -> None:
    assert slots_at([0.0, 0.39, 0.4, 99.0], VIEW, 2.0) == ((0, 1), (1, 1), (2, 1), (9, 1))
    with pytest.raises(ValueError, match="no time"):
        slots_at([], VIEW, 2.0)
    with pytest.raises(ValueError, match="1 of 2 pictures"):
        pictures_in(bytes(640 * 360 * 3), VIEW, 2)
