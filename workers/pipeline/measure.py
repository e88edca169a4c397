"""Measures what was encoded: it decodes, whole, and is as long as planned. Quality is measured here later."""

import hashlib
from pathlib import Path

from catalog.formats.boxes import float_segment, read_fields, split_fragmented
from workers.pipeline.commands import measures
from workers.pipeline.errors import SegmentWrong, ToolFailed
from workers.pipeline.plan import AAC_FRAME
from workers.pipeline.process import Limits, run
from workers.pipeline.tools import Tools
from workers.pipeline.work import Encoded, SegmentWork, VideoWork

CHECK = Limits(seconds=300, cpu_seconds=300, memory_bytes=2 << 30, file_bytes=1 << 20)


def check_segment(tools: Tools, work: SegmentWork, encoded: Path, said: Encoded) -> None:
    """Raise SegmentWrong unless the file `encoded` holds exactly the frames of `work`, and all of them decode."""
    unit = work.recipe.frame_units if isinstance(work, VideoWork) else AAC_FRAME
    if said.duration != work.count * unit:
        raise _wrong(work, f"it lasts {said.duration} units, {work.count * unit} were planned")
    _, fragments = split_fragmented(encoded.read_bytes())
    if not read_fields(float_segment(fragments[0])).starts_with_key:
        raise _wrong(work, "it does not start with a key frame")
    counted = encoded.with_suffix(".frames")
    try:
        complaints = run(measures.count_frames(tools, encoded), CHECK, stdout=counted)
    except ToolFailed as error:
        raise _wrong(work, str(error.data["why"])) from error
    frames = counted.read_text().strip().strip(",")
    if frames != str(work.count) or complaints:
        raise _wrong(work, f"{frames} of {work.count} frames decode {complaints}".strip())


def _wrong(work: SegmentWork, why: str) -> SegmentWrong:
    return SegmentWrong(number=work.number, track=work.track, why=why)


def file_digest(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
