"""Pictures drawn by numpy for tests that look: slides, insets, boards, cameras. Luma only, limited range."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tests.media import run_ffmpeg
from workers.pipeline.look.frames import SmallFrames
from workers.pipeline.look.sampling import Sampling

Picture: TypeAlias = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 160, 92
PAPER, INK = 230, 40


def text(picture: Picture, top: int, seed: int, width: int = 100, left: int = 10, ink: int = INK) -> None:
    """Write a line of something like text into a picture."""
    written = np.random.default_rng(seed).random((4, width)) < 0.5
    picture[top : top + 4, left : left + width][written] = ink


def slide(number: int, lines: int = 4, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """Return a slide with a title and so many lines."""
    picture = np.full((height, width), PAPER, np.uint8)
    picture[:12] = 90
    text(picture, 4, 1000 * number, 60, ink=PAPER)
    for line in range(lines):
        text(picture, 18 + 10 * line, 1000 * number + 1 + line)
    return picture


def scenery(seed: int, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """Return something that a camera may see: smooth patches of every brightness."""
    coarse = np.random.default_rng(seed).integers(20, 235, (height // 8 + 2, width // 8 + 2)).astype(np.float64)
    rows, columns = np.linspace(0, coarse.shape[0] - 1.01, height), np.linspace(0, coarse.shape[1] - 1.01, width)
    top, left = rows.astype(int)[:, None], columns.astype(int)[None]
    down, across = rows[:, None] - top, columns[None] - left
    upper = coarse[top, left] * (1 - across) + coarse[top, left + 1] * across
    lower = coarse[top + 1, left] * (1 - across) + coarse[top + 1, left + 1] * across
    smooth: Picture = (upper * (1 - down) + lower * down).astype(np.uint8)
    return smooth


def panned(seed: int, count: int) -> list[Picture]:
    """Return a camera that turns: scenery that moves to the left."""
    wide = scenery(seed, WIDTH + count)
    return [wide[:, n : n + WIDTH] for n in range(count)]


def head(number: int, size: int = 24) -> Picture:
    """Return an inset in which somebody talks: dark, and the middle goes to and fro."""
    picture = np.full((size, size), 70, np.uint8)
    middle = size // 2 + round(3 * np.sin(number * 1.3))
    picture[4 : size - 2, middle - 6 : middle + 6] = 190
    return picture


def noisy(picture: Picture, seed: int, sigma: float) -> Picture:
    """Return a picture with a camera's noise."""
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(np.rint(picture + noise), 16, 235).astype(np.uint8)


def mixed(one: Picture, other: Picture, share: float) -> Picture:
    """Return a picture on the way from one to the other."""
    return np.rint(one * (1 - share) + other.astype(np.float64) * share).astype(np.uint8)


def sampled(path: Path, pictures: Sequence[Picture], rate: Fraction) -> SmallFrames:
    """Write pictures as `sample_pictures` does, grey, and return them."""
    height, width = pictures[0].shape
    sampling = Sampling(rate=rate, width=width, height=height, pair_period=25, pair_gap=1)
    chroma = bytes([128]) * (sampling.frame_bytes - width * height)
    path.write_bytes(b"".join(picture.tobytes() + chroma for picture in pictures))
    return SmallFrames(path, sampling)


def film(path: Path, pictures: Iterable[Picture], rate: int, *words: str) -> Path:
    """Make a video of pictures: x264, good quality; `words` are more output arguments."""
    frames = list(pictures)
    height, width = frames[0].shape
    raw = path.with_suffix(".raw")
    raw.write_bytes(b"".join(frame.tobytes() for frame in frames))
    size = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{width}x{height}", "-r", str(rate))
    coded = ("-c:v", "libx264", "-preset", "veryfast", "-qp", "12", "-pix_fmt", "yuv420p", "-color_range", "tv")
    plain = ("-vf", "scale=in_range=tv:out_range=tv") if "-vf" not in words else ()
    run_ffmpeg(*size, "-i", raw, *plain, *coded, *words, path)
    raw.unlink()
    return path
