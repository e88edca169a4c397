"""What was sampled of a source, as the comparison reads it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from workers.pipeline.correction.sampling import Sampling

Bytes = NDArray[np.uint8]


class Rows(Protocol):
    """Rows of bytes, one for each instant, of which a few are looked at at a time."""

    def __len__(self) -> int:
        """Return how many rows there are."""

    def read(self, start: int, stop: int) -> Bytes:
        """Return the rows from `start` to before `stop`, both within 0 and the length: shape (rows, bytes)."""


class FileRows:
    """Rows in a file of bare bytes. A read maps what it copies and lets it go: memory holds what was asked for."""

    def __init__(self, path: Path, width: int) -> None:
        self.path, self.width = path, width
        self.count = path.stat().st_size // width

    def __len__(self) -> int:
        return self.count

    def read(self, start: int, stop: int) -> Bytes:
        """Return rows as an array of its own. Raises OSError."""
        shape = (max(0, stop - start), self.width)
        if shape[0] == 0:
            return np.empty(shape, np.uint8)
        return np.array(np.memmap(self.path, np.uint8, "r", start * self.width, shape))


class ArrayRows:
    """Rows in memory."""

    def __init__(self, array: Bytes) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def read(self, start: int, stop: int) -> Bytes:
        """Return a view of the rows."""
        return self.array[start:stop]


@dataclass(frozen=True)
class Samples:
    """One source: coarse pictures at the rate, fine ones, and the loudness of sound in bands (see `levels`)."""

    sampling: Sampling
    coarse: Rows | None
    fine: Rows | None
    levels: Bytes | None
