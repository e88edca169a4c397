"""Probes: a few short stretches of the lesson, encoded fast in the shapes that are worth trying, and measured."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from catalog.formats.rungs import Tier
from workers.pipeline.commands import gates, probes
from workers.pipeline.desk import SEEK_BACK_S
from workers.pipeline.errors import ToolFailed
from workers.pipeline.gates.pictures import scores_of, timed
from workers.pipeline.gates.spots import Asked, View, view_of
from workers.pipeline.gates.verdict import SLOPES
from workers.pipeline.ladder.hull import Point, Try, curve, hull
from workers.pipeline.ladder.shapes import Shape, kept_size, shapes_to_try
from workers.pipeline.ladder.windows import WINDOW_S, choose_windows
from workers.pipeline.look.model import PictureLook
from workers.pipeline.plan import TARGET_S
from workers.pipeline.probe import VideoFacts, packet_sizes
from workers.pipeline.process import Limits, Watch, run
from workers.pipeline.recipe import Handling
from workers.pipeline.tools import Tools

CRFS = {Tier.COMPATIBLE: (28, 36, 43), Tier.MODERN: (46, 56, 63)}
LOOKED_AT = 3
"""So many pictures of each second are compared: what moves is seen, and what stands still is not seen many times."""

PRESET_SAVES = {Tier.COMPATIBLE: 0.9, Tier.MODERN: 0.9}
"""The bits of the real preset as a share of the probe's, which is faster and wastes some."""

AS_SHOWN = Handling(rotation=0, deinterlace=False, matrix="bt709", lead_s=0.0)
"""What is done to a window to show it: it has been turned, cropped and coloured when it was cut."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What probing works with: tools, a folder for files, limits, and who watches."""

    tools: Tools
    folder: Path
    limits: Limits
    watch: Watch

    @property
    def unheard(self) -> Watch:
        """A watch that hears of a cancel and tells nobody how far it is."""
        return Watch(is_cancelled=self.watch.is_cancelled)

    def run(self, command: list[str], seconds: float) -> None:
        """Run ffmpeg with this bench's limits."""
        run(command, replace(self.limits, seconds=seconds, cpu_seconds=round(2 * seconds)), self.unheard)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the source, decoded without loss as it is shown: a file, and the seconds that it lasts."""

    file: Path
    seconds: float


def probe_ladder(
    bench: Bench, source: Path, zero: float, facts: VideoFacts, look: PictureLook, handling: Handling
) -> dict[Tier, list[Point]]:
    """Encode windows of the source in the shapes worth trying; return the hull of each tier.

    The modern tier tries every shape, and the compatible one those that turned out to lie on its hull: which size and
    rate show the most is a matter of the pictures, not of the codec. Raises what `process.run` raises.
    """
    view = view_of(*kept_size(facts, look), facts.rate)
    windows = _cut(bench, source, zero, facts, look, handling, view)
    shapes = shapes_to_try(facts, look)
    hulls: dict[Tier, list[Point]] = {}
    for number, tier in enumerate((Tier.MODERN, Tier.COMPATIBLE)):
        points: list[Point] = []
        for shape in shapes:
            tries = [_try(bench, windows, view, tier, shape, crf) for crf in CRFS[tier]]
            points += curve(tries, SLOPES[tier].highest)
        hulls[tier] = hull(points)
        shapes = tuple(dict.fromkeys(point.shape for point in hulls[tier]))
        bench.watch.progress((number + 1) / 2)
    for window in windows:
        window.file.unlink()
    return hulls


def _cut(
    bench: Bench, source: Path, zero: float, facts: VideoFacts, look: PictureLook, handling: Handling, view: View
) -> list[Window]:
    duration = facts.end - zero
    seconds = min(WINDOW_S, max(1.0, duration))
    frames = round(Fraction(seconds).limit_denominator(1000) * view.rate)
    last = max(zero, facts.end - float(1 / view.rate))  # the last picture stands for as long as the sound goes on
    windows = []
    for number, start in enumerate(choose_windows(duration, look.activity)):
        out = bench.folder / f"window-{number}.mkv"
        at = min(zero + start, last)
        for back in SEEK_BACK_S:
            enter = at - back if at - back > facts.start else None
            bench.run(
                probes.cut_window(
                    bench.tools, source, facts.stream, enter, at, frames, view.rate, handling,
                    (view.width, view.height), out,
                ),
                300,
            )  # fmt: skip
            if enter is None or _has_pictures(bench.tools, out):
                break
        windows.append(Window(out, float(frames / view.rate)))
    return windows


def _has_pictures(tools: Tools, window: Path) -> bool:
    """Say whether anything was cut: a file without an index may be entered behind its last key frame."""
    try:
        return len(packet_sizes(tools, window)) > 0
    except ToolFailed:
        return False


def _try(bench: Bench, windows: Sequence[Window], view: View, tier: Tier, shape: Shape, crf: int) -> Try:
    """Encode and measure all windows. A segment has one key frame, so a window's counts as much as in a segment."""
    bits = seconds = 0.0
    scores: list[float] = []
    for window in windows:
        out = bench.folder / "try.mkv"
        bench.run(probes.encode_window(bench.tools, window.file, view.rate, tier, shape, crf, out), 300)
        first, *rest = packet_sizes(bench.tools, out)
        bits += 8 * (first * window.seconds / TARGET_S + sum(rest))
        seconds += window.seconds
        scores += _compare(bench, window, view, out)
        out.unlink()
    return Try(shape, crf, PRESET_SAVES[tier] * bits / seconds, sum(scores) / len(scores))


def _compare(bench: Bench, window: Window, view: View, encoded: Path) -> list[float]:
    frames = round(window.seconds * view.rate)
    step = max(1, round(view.rate / LOOKED_AT))
    slots = tuple((n, 1) for n in range(0, frames, step))
    log = encoded.with_suffix(".vmaf")
    both = (gates.Seen(window.file, 0.0, AS_SHOWN), gates.Seen(encoded, 0.0, AS_SHOWN))
    command = gates.compare_files(bench.tools, view, slots, *both, log)
    run(command, timed(bench.limits, slots, window.seconds), bench.unheard)
    seen = range(min(1, len(slots) - 1), len(slots))  # the first has no motion before it, and scores ten points too low
    asked = Asked(slots=slots, spots=tuple((n, 1) for n in seen))
    found = [score for spot in scores_of(log.read_bytes(), asked) for score in spot]
    log.unlink()
    return found
