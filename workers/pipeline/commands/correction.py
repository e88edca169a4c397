"""Decoding a source to something small, to be compared with another export of it."""

from fractions import Fraction
from pathlib import Path
from typing import Any

from workers.pipeline.commands.base import compiled, guarded_input, number, together
from workers.pipeline.commands.pictures import lead_of, prepared, turned
from workers.pipeline.correction.sampling import SOUND_RATE, Sampling
from workers.pipeline.probe import Facts
from workers.pipeline.recipe import Handling
from workers.pipeline.tools import Tools


def sample_source(
    tools: Tools, source: Path, facts: Facts, sampling: Sampling, handling: Handling | None, folder: Path
) -> list[str]:
    """Decode `source` once and write its samples into `folder`: bare bytes, one file for each kind.

    `fine` and `coarse` hold pictures as they stand at each instant from the zero (a sample shows the frame that the
    encoder would show), `sound` 16-bit samples, one channel. What the source does not have is not written.
    """
    decoded = guarded_input(source, copyts=None, noautorotate=None, reinit_filter=0)
    outputs: list[Any] = []
    if facts.video is not None and handling is not None:
        outputs += _pictures(decoded[str(facts.video.stream)], facts.start, sampling, handling, folder)
    if facts.sound is not None:
        heard = decoded[str(facts.sound.stream)].filter("asetpts", f"PTS-{number(facts.start)}/TB")
        heard = heard.filter("aresample", SOUND_RATE, **{"async": 1, "first_pts": 0, "min_hard_comp": 0.05})
        heard = heard.filter("aformat", sample_fmts="s16", channel_layouts="mono")
        heard = heard.filter("apad").filter("atrim", end_sample=sampling.samples)
        outputs.append(heard.output(f"file:{folder / 'sound'}", f="s16le", map_metadata=-1))
    return compiled(tools, together(*outputs))


def _pictures(shown: Any, zero: float, sampling: Sampling, handling: Handling, folder: Path) -> list[Any]:
    shown = prepared(shown, handling).filter("setpts", f"PTS-{number(zero + lead_of(handling))}/TB")
    shown = _every(shown, sampling.rate, sampling.frames)
    shown = turned(shown, handling).filter(
        "scale",
        w=sampling.width,
        h=sampling.height,
        flags="area",
        in_color_matrix=handling.matrix,
        out_color_matrix="bt709",
        out_range="tv",
    )
    both = shown.filter("format", "yuv410p").split()
    fine = _every(both[0], sampling.fine_rate, sampling.fine_frames)
    coarse = both[1].filter("extractplanes", "y")
    coarse = coarse.filter("scale", w=sampling.width // 4, h=sampling.height // 4, flags="area")
    return [
        stream.output(f"file:{folder / name}", f="rawvideo", fps_mode="passthrough", map_metadata=-1)
        for name, stream in (("fine", fine), ("coarse", coarse))
    ]


def _every(shown: Any, rate: Fraction, frames: int) -> Any:
    """Show what stands at each of so many instants of this rate, from time zero."""
    shown = shown.filter("fps", fps=rate, round="up", start_time=0)
    return shown.filter("tpad", stop=-1, stop_mode="clone").filter("trim", end_frame=frames)
