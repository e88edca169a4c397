"""Reading a segment: the text of a picture of the source, looked for in the same picture of the rendition."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from workers.pipeline.commands import gates
from workers.pipeline.errors import SegmentWrong
from workers.pipeline.gates.legibility import Legibility, compare
from workers.pipeline.gates.reader import Still, the_reader
from workers.pipeline.gates.spots import Slots, View
from workers.pipeline.process import UNWATCHED, Limits, Watch, run
from workers.pipeline.tools import Tools
from workers.pipeline.work import VideoWork

START_S = 60.0


def read_segment(
    tools: Tools, work: VideoWork, at: float, files: tuple[Path, Path], limits: Limits, watch: Watch = UNWATCHED
) -> Legibility | None:
    """Return how much of the source's text is still read `at` seconds after the segment's start; None without text.

    `files` are its part and the segment with its init part. Raises SegmentWrong if there is no picture at that time, and
    what `process.run` and the reader raise.
    """
    part, encoded = files
    total = max(1, round(work.stretch.seconds * work.view.rate))
    slots: Slots = ((min(max(0, round(at * work.view.rate)), total - 1), 1),)
    seconds = START_S + 4 * (work.start_s - work.part_start + work.seconds)
    limits = replace(limits, seconds=seconds, cpu_seconds=round(2 * seconds))
    out = encoded.with_suffix(".bgr")
    stills = []
    for command in (
        gates.stills_of_source(tools, work, work.view, slots, part, out),
        gates.stills_of_segment(tools, work, work.view, slots, encoded, out),
    ):
        run(command, limits, watch)
        stills.append(_still(work, out))
        out.unlink()
    source, rendition = stills
    regions = the_reader().regions(source)
    return compare(regions, the_reader().read(rendition, regions)) if regions else None


def _still(work: VideoWork, file: Path) -> Still:
    view: View = work.view
    values = np.fromfile(file, dtype=np.uint8)
    if values.size != view.width * view.height * 3:
        raise SegmentWrong(number=work.number, track=work.track, why="there is no picture where letters are read")
    return values.reshape(view.height, view.width, 3)
