"""Single pictures of a source and of its renditions, as the screen shows them, for the OCR."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workers.pipeline.commands import gates
from workers.pipeline.errors import SegmentWrong
from workers.pipeline.gates.pictures import timed
from workers.pipeline.gates.reader import Still
from workers.pipeline.gates.spots import Slots, View
from workers.pipeline.process import UNWATCHED, Limits, Watch, run
from workers.pipeline.tools import Tools
from workers.pipeline.work import VideoWork


def stills_of(
    tools: Tools, work: VideoWork, view: View, times: Sequence[float], files: tuple[Path, Path], limits: Limits,
    watch: Watch = UNWATCHED,
) -> tuple[tuple[Still, ...], tuple[Still, ...]]:  # fmt: skip
    """Return the source's pictures at `times`, and the rendition's; `files` are the part and the encoded segment.

    Times are in seconds from the segment's start, ascending; those beyond it, and twice the same picture, are its last
    and one. The rendition's picture of a moment just after a change may still be the one before it: choose times when
    the picture has stood for as long as the slowest rendition's lasts. Raises SegmentWrong and what `run` raises.
    """
    part, encoded = files
    slots = slots_at(times, view, work.seconds)
    decoded_s = work.start_s - work.part_start + work.seconds
    sides = []
    for command in (gates.stills_of_source, gates.stills_of_segment):
        out = encoded.with_suffix(".stills")
        file = part if command is gates.stills_of_source else encoded
        try:
            run(command(tools, work, view, slots, file, out), timed(limits, slots, decoded_s), watch)
            sides.append(pictures_in(out.read_bytes(), view, len(slots)))
        except ValueError as error:
            raise SegmentWrong(number=work.number, track=work.track, why=str(error)) from error
        finally:
            out.unlink(missing_ok=True)
    return sides[0], sides[1]


def slots_at(times: Sequence[float], view: View, seconds: float) -> Slots:
    """Return the slots that show these times of `seconds`, each once. Raises ValueError without a time."""
    if not times:
        raise ValueError("no time to look at")
    last = max(0, round(seconds * view.rate) - 1)
    return tuple((slot, 1) for slot in sorted({min(max(0, int(time * view.rate + 1e-6)), last) for time in times}))


def pictures_in(raw: bytes, view: View, count: int) -> tuple[Still, ...]:
    """Return the pictures in raw BGR bytes. Raises ValueError if there are not `count`."""
    if len(raw) != count * view.width * view.height * 3:
        raise ValueError(f"{len(raw) / (view.width * view.height * 3):g} of {count} pictures could be looked at")
    pictures = np.frombuffer(raw, dtype=np.uint8).reshape(count, view.height, view.width, 3)
    return tuple(pictures)
