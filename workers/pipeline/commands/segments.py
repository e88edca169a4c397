"""Encoding one segment."""

from fractions import Fraction
from pathlib import Path

from workers.pipeline.commands.base import FRAGMENT, LEAD_S, compiled, entered_at, guarded_input, number
from workers.pipeline.commands.pictures import prepared, sized
from workers.pipeline.plan import AAC_FRAME, SAMPLE_RATE
from workers.pipeline.tools import Tools
from workers.pipeline.work import PREROLL_FRAMES, PRIMING_FRAMES, SoundWork, VideoWork

ENDLESS_GOP = 100_000
SEI = 6
"""The type of H.264 units that carry the encoder's banner."""


def encode_video(tools: Tools, work: VideoWork, part: Path, out: Path) -> list[str]:
    """Encode one video segment from its part. A slot shows the picture that stands at its time."""
    recipe, handling = work.recipe, work.handling
    start = LEAD_S + Fraction(work.first) / recipe.rate
    entered = entered_at(start - Fraction(1, 500)) if work.start_s > work.part_start + 0.5 else {}
    decoded = guarded_input(part, copyts=None, noaccurate_seek=None, noautorotate=None, reinit_filter=0, **entered)
    lead = Fraction(handling.lead_s).limit_denominator(10_000)
    shown = prepared(decoded["v:0"], handling)
    shown = shown.filter("setpts", f"PTS-{number(start + lead)}/TB")
    shown = shown.filter("fps", fps=recipe.rate, round="up", start_time=0)
    shown = shown.filter("tpad", stop=-1, stop_mode="clone").filter("trim", end_frame=work.count)
    shown = shown.filter("setpts", "N")
    shown = sized(shown, handling, recipe.width, recipe.height)
    encoded = shown.output(
        f"file:{out}",
        **{
            "c:v": "libx264",
            "preset:v": recipe.preset,
            "profile:v": "high",
            "level:v": recipe.level,
            "crf:v": recipe.crf,
            "maxrate:v": recipe.max_bits_per_s,
            "bufsize:v": recipe.max_bits_per_s * 2,
            "bf:v": 3,
            "g:v": ENDLESS_GOP,
            "keyint_min:v": ENDLESS_GOP,
            "sc_threshold:v": 0,
            "threads:v": 1,
            "flags:v": "+bitexact",
            "bsf:v": f"filter_units=remove_types={SEI}",
            "video_track_timescale": recipe.timescale,
            **FRAGMENT,
        },
    )
    return compiled(tools, encoded)


def encode_sound(tools: Tools, work: SoundWork, piece: Path, out: Path) -> list[str]:
    """Encode one sound segment from its piece: what comes before it and after it is encoded too, and dropped."""
    before = PREROLL_FRAMES + PRIMING_FRAMES
    kept = f"noise=drop=lt(n\\,{before})+gte(n\\,{before + work.count})"
    encoded = guarded_input(piece)["a:0"].output(
        f"file:{out}",
        **{
            "c:a": "aac",
            "b:a": work.recipe.bits_per_s,
            "ar": SAMPLE_RATE,
            "ac": work.recipe.channels,
            "threads:a": 1,
            "flags:a": "+bitexact",
            "bsf:a": f"{kept},setts=pts=N*{AAC_FRAME}:dts=N*{AAC_FRAME}",
            **FRAGMENT,
        },
    )
    return compiled(tools, encoded)
