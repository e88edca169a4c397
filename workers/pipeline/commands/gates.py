"""Looking at a rendition beside its source: both as a screen of 1280×720 shows them, picture by picture.

Both sides are counted in *slots*: pictures of the screen at the view's rate, from the segment's start. A slot shows the
picture that stands at its time, on either side by the same rule as the encoder's, so that slot n is the same moment in
both. Pictures are chosen by slot before they are scaled: what is not measured costs its decoding only.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from workers.pipeline.commands.base import LEAD_S, compiled, guarded_input, joined, number
from workers.pipeline.commands.pictures import entered_for, lead_of, prepared, sized
from workers.pipeline.gates.spots import Slots, View
from workers.pipeline.recipe import Handling
from workers.pipeline.tools import Tools
from workers.pipeline.work import VideoWork

AS_ENCODED = Handling(rotation=0, deinterlace=False, matrix="bt709", lead_s=0.0)
"""What is done to our own renditions to show them: nothing but scaling."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A whole file that anybody made: where it is, its zero on its own clock in seconds, and how it is to be shown.

    The zero is the time of its first picture, which need not be 0: without an edit list, a file whose pictures are not
    in their order begins some pictures late.
    """

    file: Path
    zero: float
    handling: Handling


def compare_segment(
    tools: Tools, work: VideoWork, view: View, slots: Slots, part: Path, encoded: Path, log: Path
) -> list[str]:
    """Write VMAF's scores (v0.6.1, JSON) of the slots of a segment against its part to `log`."""
    return _compared(tools, _shown(work, view, slots, encoded), _source(work, view, slots, part), log)


def compare_files(tools: Tools, view: View, slots: Slots, source: Seen, other: Seen, log: Path) -> list[str]:
    """Write VMAF's scores of a whole file against its source to `log`. For benchmarks: the other may be a peer's."""
    return _compared(tools, _timed(other, view, slots), _timed(source, view, slots), log)


def stills_of_source(tools: Tools, work: VideoWork, view: View, slots: Slots, part: Path, out: Path) -> list[str]:
    """Write the source's pictures in these slots of a segment to `out`: raw BGR, 8 bits, one after another."""
    return _raw(tools, _source(work, view, slots, part), out)


def stills_of_segment(tools: Tools, work: VideoWork, view: View, slots: Slots, encoded: Path, out: Path) -> list[str]:
    """Write the pictures of a segment in these slots to `out`, as `stills_of_source` does."""
    return _raw(tools, _shown(work, view, slots, encoded), out)


def stills_of_file(tools: Tools, view: View, slots: Slots, seen: Seen, out: Path) -> list[str]:
    """Write the pictures of any file in these slots, counted from its zero, to `out`. For benchmarks."""
    return _raw(tools, _timed(seen, view, slots), out)


def _source(work: VideoWork, view: View, slots: Slots, part: Path) -> Any:
    """Return the source's pictures as the encoder gets them, not denoised, in the size and at the rate of the view."""
    start = LEAD_S + work.taken_at
    first = start + slots[0][0] / view.rate
    entered = entered_for(first, work.handling) if first - LEAD_S > work.part_start + 0.5 else {}
    decoded = guarded_input(part, copyts=None, noaccurate_seek=None, noautorotate=None, reinit_filter=0, **entered)
    shown = prepared(decoded["v:0"], work.handling)
    shown = shown.filter("setpts", f"PTS-{number(start + lead_of(work.handling))}/TB")
    return _viewed(shown, work.handling, view, slots)


def _shown(work: VideoWork, view: View, slots: Slots, encoded: Path) -> Any:
    """Return a segment's pictures, which are counted and not timed: the containers of both tiers differ in that."""
    shown = guarded_input(encoded)["v:0"].filter("settb", f"1/{work.recipe.timescale}")
    shown = shown.filter("setpts", f"N*{work.recipe.frame_units}")
    return _viewed(shown, AS_ENCODED, view, slots)


def _timed(seen: Seen, view: View, slots: Slots) -> Any:
    """Return a file's pictures by their own times, which may be rounded to a millisecond."""
    decoded = guarded_input(seen.file, copyts=None, noautorotate=None, reinit_filter=0)
    shown = prepared(decoded["v:0"], seen.handling)
    shown = shown.filter("setpts", f"PTS-{number(Fraction(seen.zero) + 1 / view.rate / 8)}/TB")
    return _viewed(shown, seen.handling, view, slots)


def _viewed(shown: Any, handling: Handling, view: View, slots: Slots) -> Any:
    shown = shown.filter("fps", fps=view.rate, round="up", start_time=0)
    shown = shown.filter("tpad", stop=-1, stop_mode="clone").filter("trim", end_frame=slots[-1][0] + slots[-1][1])
    chosen = "+".join(f"between(n,{first},{first + count - 1})" for first, count in slots)
    shown = shown.filter("select", chosen).filter("setpts", "N")
    return sized(shown, handling, view.width, view.height)


def _compared(tools: Tools, shown: Any, source: Any, log: Path) -> list[str]:
    scored = joined(
        shown, source, "libvmaf", model="version=vmaf_v0.6.1", n_threads=1, log_fmt="json", log_path=str(log)
    )
    return compiled(tools, scored.output("-", f="null"))


def _raw(tools: Tools, shown: Any, out: Path) -> list[str]:
    drawn = shown.filter("scale", in_color_matrix="bt709", flags="bicubic+accurate_rnd+full_chroma_int+bitexact")
    return compiled(tools, drawn.filter("format", "bgr24").output(f"file:{out}", f="rawvideo", map_metadata=-1))
