"""Reads what ffmpeg sampled: small frames in chunks, so that six hours need no more memory than one minute."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from workers.pipeline.look.sampling import Sampling

Luma: TypeAlias = npt.NDArray[np.uint8]
"""Luma of frames: (count, height, width), or of one: (height, width); 16 is black, 235 white."""
Chroma: TypeAlias = npt.NDArray[np.uint8]
"""Both chroma planes of frames: (count, 2, height, width), 128 is grey."""

_PGM = re.compile(rb"P5\s+(\d+)\s+(\d+)\s+255\s")
_PGM_HEAD = 64


class SmallFrames:
    """The small frames of a file that `sample_pictures` wrote."""

    def __init__(self, path: Path, sampling: Sampling) -> None:
        self.path = path
        self.sampling = sampling
        self.count = path.stat().st_size // sampling.frame_bytes if path.exists() else 0

    def read(self, first: int, count: int) -> tuple[Luma, Chroma]:
        """Return luma and chroma of frames from `first`: as many of `count` as there are."""
        s = self.sampling
        with self.path.open("rb") as file:
            file.seek(first * s.frame_bytes)
            data = file.read(min(count, max(0, self.count - first)) * s.frame_bytes)
        frames = np.frombuffer(data, np.uint8).reshape(-1, s.frame_bytes)
        luma, chroma = np.split(frames, [s.width * s.height], axis=1)
        return luma.reshape(-1, s.height, s.width), chroma.reshape(-1, 2, *s.chroma)


def read_pairs(path: Path, rotation: int) -> Iterator[tuple[Luma, Luma]]:
    """Yield the pairs of whole frames of a file of PGM images, turned upright by `rotation` degrees clockwise.

    A pair whose frames differ in size, because the source changes its own, is left out.
    """
    with path.open("rb") as file:
        while True:
            first, second = _read_image(file), _read_image(file)
            if first is None or second is None:
                return
            if first.shape == second.shape:
                yield np.rot90(first, -rotation // 90), np.rot90(second, -rotation // 90)


def _read_image(file: BinaryIO) -> Luma | None:
    at = file.tell()
    head = _PGM.match(file.read(_PGM_HEAD))
    if head is None:
        return None
    width, height = int(head.group(1)), int(head.group(2))
    file.seek(at + head.end())
    data = file.read(width * height)
    return np.frombuffer(data, np.uint8).reshape(height, width) if len(data) == width * height else None
