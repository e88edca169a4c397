"""A still's file: JPEG or palette PNG, whichever is smaller; readable, and within the budget where that can be."""

from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw
from PIL.JpegImagePlugin import JpegImageFile

from workers.pipeline.stills.compress import (
    JPEG,
    PNG,
    STEPS,
    boxed,
    compress,
    compress_all,
    detail_similarity,
    poster_jpeg,
)
from workers.pipeline.stills.extract import Run, budget_for, decode_runs, still_size


def slide(size: tuple[int, int] = (640, 360)) -> Image.Image:
    picture = Image.new("RGB", size, (250, 250, 252))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, size[0], 40), fill=(28, 78, 140))
    for row in range(6):
        draw.text((20, 60 + 40 * row), f"The line {row} of a slide, with x = {row} in it", fill=(20, 20, 30))
    return picture


def photograph(size: tuple[int, int] = (640, 360)) -> Image.Image:
    rough = np.random.default_rng(1).integers(0, 255, (24, 32, 3), dtype=np.uint8)
    return Image.fromarray(rough).resize(size, Image.Resampling.BICUBIC)


def luma(data: bytes) -> npt.NDArray[np.float32]:
    return np.asarray(Image.open(BytesIO(data)).convert("L"), dtype=np.float32)


def test_flat_slides_become_palette_pngs_and_photographs_jpegs() -> None:
    flat, rich = compress(slide()), compress(photograph())
    assert (flat.content_type, flat.width, flat.height) == (PNG, 640, 360)
    assert rich.content_type == JPEG
    assert flat.data.startswith(b"\x89PNG")
    assert rich.data.startswith(b"\xff\xd8")
    for still, picture in ((flat, slide()), (rich, photograph())):
        assert detail_similarity(np.asarray(picture.convert("L"), dtype=np.float32), luma(still.data)) >= 0.94


def test_colour_is_kept_at_full_resolution() -> None:
    with Image.open(BytesIO(compress(photograph()).data)) as decoded:
        assert isinstance(decoded, JpegImageFile)
        assert [layer[1:3] for layer in decoded.layer] == [(1, 1)] * 3


def test_similarity_is_that_of_the_letters_and_not_of_the_paper() -> None:
    sharp = np.asarray(slide().convert("L"), dtype=np.float32)
    tiny = slide().resize((160, 90)).resize((640, 360))
    assert detail_similarity(sharp, sharp) == pytest.approx(1)
    assert detail_similarity(sharp, np.asarray(tiny.convert("L"), dtype=np.float32)) < 0.6
    assert detail_similarity(np.full((16, 16), 9, np.float32), np.full((16, 16), 9, np.float32)) == 1


def test_a_budget_takes_the_first_step_that_fits_and_else_the_least(tmp_path: Path) -> None:
    photograph((1280, 720)).save(tmp_path / "a.png")
    whole = compress_all([tmp_path / "a.png"], 1 << 20)[0]
    least = compress_all([tmp_path / "a.png"], 1)[0]
    assert (whole.width, least.width) == (1280, STEPS[-1].box[0])
    assert len(least.data) < len(whole.data)
    slide((1280, 720)).save(tmp_path / "b.png")
    assert compress_all([tmp_path / "b.png"], 1)[0].width == 1280, "smaller in pixels is more bytes here"


def test_sizes_fit_and_never_grow() -> None:
    assert still_size(1920, 1080) == (1280, 720)
    assert still_size(1080, 1920) == (720, 1280)
    assert still_size(640, 480) == (640, 480)
    assert boxed(slide((1080, 1920)), (1280, 720)).size == (720, 1280)
    assert Image.open(BytesIO(poster_jpeg(slide((1280, 720))))).size == (640, 360)
    assert budget_for(10) == 200_000
    assert budget_for(2700) == 2_025_000


def test_nothing_is_decoded_twice_and_nothing_in_vain() -> None:
    keys = [0.0, 10.0, 20.0, 30.0]
    assert decode_runs([5.0, 9.0, 22.0, 29.0, 31.0], keys) == (
        Run(None, (5.0, 9.0)),
        Run(20.0, (22.0, 29.0)),
        Run(30.0, (31.0,)),
    )
    assert decode_runs([5.0, 50.0, 90.0], [0.0]) == (Run(None, (5.0, 50.0, 90.0)),), "one key frame, one run"
    assert decode_runs([], keys) == ()
