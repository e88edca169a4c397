"""Decodes a source once, in one confined pass, to the samples that are compared: files in the task's folder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workers.pipeline.commands.correction import sample_source
from workers.pipeline.correction.levels import band_levels
from workers.pipeline.correction.samples import FileRows, Samples
from workers.pipeline.correction.sampling import Sampling
from workers.pipeline.errors import NotDecodable
from workers.pipeline.probe import Facts
from workers.pipeline.process import UNWATCHED, Limits, Watch, decoding, run
from workers.pipeline.recipe import Handling
from workers.pipeline.tools import Tools
from workers.pipeline.workspace import require_room

START_S = 120.0
SLOWEST_FACTOR = 4
"""A decoder that needs more than so many seconds a second of content is stuck."""


def read_samples(
    tools: Tools,
    source: Path,
    facts: Facts,
    sampling: Sampling,
    handling: Handling | None,
    folder: Path,
    limits: Limits,
    watch: Watch = UNWATCHED,
) -> Samples:
    """Sample `source` into the empty `folder`, which must outlive what is returned; the watch hears seconds.

    Takes `sampling.disk_bytes` of disk. Of memory, what ffmpeg takes and about 7 kB here for each second of the source.
    `limits` gives the memory and file size that ffmpeg may take. Raises WorkspaceFull, NotDecodable, and what
    `process.run` raises.
    """
    require_room(folder, sampling.disk_bytes)
    seconds = float(sampling.frames / sampling.rate)
    limit = START_S + SLOWEST_FACTOR * seconds
    command = sample_source(tools, source, facts, sampling, handling, folder)
    with decoding(0, seconds):
        run(command, replace(limits, seconds=limit, cpu_seconds=round(limit * 2)), watch)
    shown = facts.video is not None and handling is not None
    return Samples(
        sampling=sampling,
        coarse=_rows(folder / "coarse", sampling.coarse_bytes, sampling.frames, seconds) if shown else None,
        fine=_rows(folder / "fine", sampling.fine_bytes, sampling.fine_frames, seconds) if shown else None,
        levels=_levels(folder / "sound", sampling.samples, seconds) if facts.sound is not None else None,
    )


def _rows(path: Path, width: int, count: int, seconds: float) -> FileRows:
    rows = FileRows(path, width)
    if len(rows) != count:
        raise NotDecodable(start=0, end=round(seconds, 2), why=f"{len(rows)} of {count} pictures came out")
    return rows


def _levels(path: Path, samples: int, seconds: float) -> NDArray[np.uint8]:
    """Note the levels of the sound, and remove the samples."""

    def read(start: int, stop: int) -> NDArray[np.int16]:
        return np.fromfile(path, "<i2", stop - start, offset=start * 2)

    heard = path.stat().st_size // 2
    if heard != samples:
        raise NotDecodable(start=0, end=round(seconds, 2), why=f"{heard} of {samples} samples of sound came out")
    levels = band_levels(read, samples)
    path.unlink()
    return levels
