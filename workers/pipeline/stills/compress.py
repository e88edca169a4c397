"""A still as a file: the smaller of a JPEG that stays readable and a palette PNG that nobody tells from the picture.

Every screen shows both; WebP and AVIF it may not. Pillow reads here only what our own ffmpeg or PDFium wrote.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from workers.pipeline.stills.choice import SMALL, Luma

JPEG, PNG = "image/jpeg", "image/png"
ENDINGS = {JPEG: ".jpg", PNG: ".png"}

QUALITIES = (35, 45, 55, 65, 75, 85, 92)
COLOURS = (16, 32, 64, 128, 256)
PALETTE_MEAN, PALETTE_WORST = 1.0, 20.0
"""A palette may change a pixel by so much in the mean, and all but one in a thousand by so much, of 255."""

MOST_SAMPLED_COLOURS = 4096
"""A picture with more colours in every 16th pixel is a photograph, and no palette is tried."""

WINDOW = 8
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
TEXTURE = 12.0
"""A window has something to read in it from this standard deviation of luma on."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Step:
    """How good a still is: sides of the box it fits, and the structural similarity that its detail keeps."""

    box: tuple[int, int]
    similarity: float


STEPS = (Step((1280, 720), 0.95), Step((1280, 720), 0.90), Step((960, 540), 0.95), Step((960, 540), 0.90))
"""From the best to the least. Below the last, small text is not read any more: there no budget reaches."""


@dataclass(frozen=True, slots=True)
class Compressed:
    """A still's bytes and their type."""

    data: bytes
    content_type: str
    width: int
    height: int


def open_picture(path: Path) -> Image.Image:
    """Read a picture that our own tools wrote."""
    with Image.open(path, formats=("PNG",)) as picture:
        return picture.convert("RGB")


def small_luma(picture: Image.Image, size: tuple[int, int] = SMALL) -> Luma:
    """Return the small luma picture that stills are compared by."""
    return np.asarray(picture.convert("L").resize(size, Image.Resampling.BOX))


def boxed(picture: Image.Image, box: tuple[int, int]) -> Image.Image:
    """Return the picture, smaller if it does not fit the box (turned for upright pictures)."""
    across, down = box if picture.width >= picture.height else box[::-1]
    scale = min(across / picture.width, down / picture.height)
    if scale >= 1:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def compress(picture: Image.Image, step: Step = STEPS[0]) -> Compressed:
    """Return the smaller of the two files that keep what `step` asks."""
    fitted = boxed(picture, step.box)
    jpeg = _jpeg(fitted, step.similarity)
    png = _palette_png(fitted, len(jpeg))
    data, content_type = (png, PNG) if png is not None else (jpeg, JPEG)
    return Compressed(data, content_type, fitted.width, fitted.height)


def compress_all(pictures: Sequence[Path], budget_bytes: int) -> list[Compressed]:
    """Compress stills so that all of them stay within the budget if any step does; else by the least of the steps."""
    done = [compress(open_picture(path)) for path in pictures]
    for step in STEPS[1:]:
        if sum(len(still.data) for still in done) <= budget_bytes:
            break
        less = [compress(open_picture(path), step) for path in pictures]
        done = [min(pair, key=lambda still: len(still.data)) for pair in zip(done, less, strict=True)]
    return done


def poster_jpeg(picture: Image.Image, box: tuple[int, int] = (640, 360)) -> bytes:
    """Return the poster: small, and a JPEG always."""
    return _jpeg(boxed(picture, box), 0.93)


def detail_similarity(one: Floats, other: Floats) -> float:
    """Return the 5th percentile of the structural similarity of windows with detail, 1 if there is none.

    SSIM of luma (Wang et al., Image quality assessment, 2004) in windows of 8×8 that do not overlap. The percentile
    and not the mean: a slide is mostly empty, and its letters are what must stay.
    """
    a, b = _windows(one), _windows(other)
    mean_a, mean_b = a.mean(axis=1), b.mean(axis=1)
    var_a, var_b = a.var(axis=1), b.var(axis=1)
    cov = ((a - mean_a[:, None]) * (b - mean_b[:, None])).mean(axis=1)
    ssim = (2 * mean_a * mean_b + C1) * (2 * cov + C2) / ((mean_a**2 + mean_b**2 + C1) * (var_a + var_b + C2))
    detail = var_a > TEXTURE**2
    return float(np.percentile(ssim[detail], 5)) if detail.any() else 1.0


def _windows(luma: Floats) -> Floats:
    height, width = luma.shape[0] // WINDOW * WINDOW, luma.shape[1] // WINDOW * WINDOW
    cut = luma[:height, :width].reshape(height // WINDOW, WINDOW, width // WINDOW, WINDOW)
    return cut.transpose(0, 2, 1, 3).reshape(-1, WINDOW * WINDOW)


def _luma(picture: Image.Image) -> Floats:
    return np.asarray(picture.convert("L"), dtype=np.float32)


def _jpeg(picture: Image.Image, similarity: float) -> bytes:
    """Return the smallest JPEG in 4:4:4 that keeps so much of the detail; the best one if none does."""
    wanted = _luma(picture)
    low, high = 0, len(QUALITIES) - 1
    best = _saved_jpeg(picture, QUALITIES[high])
    while low < high:
        middle = (low + high) // 2
        data = _saved_jpeg(picture, QUALITIES[middle])
        with Image.open(BytesIO(data), formats=("JPEG",)) as decoded:
            good = detail_similarity(wanted, _luma(decoded)) >= similarity
        if good:
            best, high = data, middle
        else:
            low = middle + 1
    return best


def _saved_jpeg(picture: Image.Image, quality: int) -> bytes:
    out = BytesIO()
    picture.save(out, "JPEG", quality=quality, subsampling=0, optimize=True, progressive=True)
    return out.getvalue()


def _palette_png(picture: Image.Image, below: int) -> bytes | None:
    """Return a palette PNG with as few colours as look the same, if it is smaller than `below` bytes."""
    sample = picture.resize((max(1, picture.width // 4), max(1, picture.height // 4)), Image.Resampling.NEAREST)
    if sample.getcolors(MOST_SAMPLED_COLOURS) is None:
        return None
    wanted = np.asarray(picture, dtype=np.int16)
    settled = max(1, picture.width * picture.height // 100)  # k-means goes on while more pixels than this move
    found: bytes | None = None
    low, high = 0, len(COLOURS) - 1
    tried = high  # what fails with the most colours fails with all
    while low <= high:
        reduced = picture.quantize(
            COLOURS[tried], method=Image.Quantize.MEDIANCUT, kmeans=settled, dither=Image.Dither.NONE
        )
        error = np.abs(np.asarray(reduced.convert("RGB"), dtype=np.int16) - wanted).max(axis=2)
        if error.mean() <= PALETTE_MEAN and np.percentile(error, 99.9) <= PALETTE_WORST:
            out = BytesIO()
            reduced.save(out, "PNG", optimize=True)
            found, high = out.getvalue(), tried - 1
        elif tried == len(COLOURS) - 1:
            return None
        else:
            low = tried + 1
        tried = (low + high) // 2
    return found if found is not None and len(found) < below else None
