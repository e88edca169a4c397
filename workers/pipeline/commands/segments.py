"""Encoding one segment, alone: a fresh encoder, one processor, the same bytes every time."""

from pathlib import Path
from typing import Any

from catalog.formats.rungs import Tier
from workers.pipeline.commands.base import FRAGMENT, LEAD_S, compiled, guarded_input, number
from workers.pipeline.commands.pictures import denoised, entered_for, lead_of, prepared, sized
from workers.pipeline.recipe import SAMPLE_RATE, SoundRecipe, VideoRecipe
from workers.pipeline.tools import Tools
from workers.pipeline.work import BEFORE_SAMPLES, SoundWork, VideoWork

ENDLESS_GOP = 100_000
SEI = 6
"""The type of H.264 units that carry the encoder's banner."""
PRIMING_PACKETS = {Tier.COMPATIBLE: 1, Tier.MODERN: 0}
"""Packets that the encoder of a tier emits before the first sample's own."""


def encode_video(tools: Tools, work: VideoWork, part: Path, out: Path) -> list[str]:
    """Encode one video segment from its part. A slot shows the picture that stands at its time."""
    recipe, handling = work.recipe, work.handling
    start = LEAD_S + work.taken_at
    entered = entered_for(start, handling) if work.start_s > work.part_start + 0.5 else {}
    decoded = guarded_input(
        part, threads=1, copyts=None, noaccurate_seek=None, noautorotate=None, reinit_filter=0, **entered
    )
    shown = prepared(decoded["v:0"], handling).filter("setpts", f"PTS-{number(start + lead_of(handling))}/TB")
    if recipe.denoise.value != "none":
        # grain is told from motion by looking at all pictures, so before any of them is left out
        shown = denoised(shown.filter("fps", fps=work.view.rate, round="up", start_time=0), recipe.denoise)
    shown = shown.filter("fps", fps=recipe.rate, round="up", start_time=0)
    shown = shown.filter("tpad", stop=-1, stop_mode="clone").filter("trim", end_frame=work.count)
    shown = sized(shown.filter("setpts", "N"), handling, recipe.width, recipe.height)
    encoded = shown.output(
        f"file:{out}",
        **(_avc(recipe) if recipe.tier is Tier.COMPATIBLE else _av1(recipe)),
        **{
            "g:v": ENDLESS_GOP,
            "flags:v": "+bitexact",
            "video_track_timescale": recipe.timescale,
            **FRAGMENT,
        },
    )
    return compiled(tools, encoded)


PLAIN = {"psy:v": 0, "aq-mode:v": 0}
"""x264's tricks for film, off: they spend bits on keeping grain alive and on flat parts, and a lecture is mostly flat.
Without them a board with grain took a third of the bits for more VMAF (docs/encoding.md)."""


def _avc(recipe: VideoRecipe) -> dict[str, Any]:
    """H.264 that every screen plays: High profile, three B-frames, the level of 720p at 30 frames a second."""
    return PLAIN | {
        "c:v": "libx264",
        "preset:v": recipe.preset,
        "profile:v": "high",
        "level:v": "3.1",
        "crf:v": recipe.crf,
        "bf:v": 3,
        "keyint_min:v": ENDLESS_GOP,
        "sc_threshold:v": 0,
        "threads:v": 1,
        "x264-params": "stitchable=1",  # one init part at any CRF: new segments may need more bits than the old
        "bsf:v": f"filter_units=remove_types={SEI}",
    }


def _av1(recipe: VideoRecipe) -> dict[str, Any]:
    """AV1 by SVT-AV1, in one thread of work; `scm` turns its tools for drawn pictures on or off for the whole."""
    own = {"lp": 1, "scm": 1 if recipe.screen else 0}
    return {
        "c:v": "libsvtav1",
        "preset:v": recipe.preset,
        "crf:v": recipe.crf,
        "svtav1-params": ":".join(f"{name}={value}" for name, value in own.items()),
    }


def encode_sound(tools: Tools, work: SoundWork, piece: Path, out: Path) -> list[str]:
    """Encode one sound segment from its piece: what comes before it and after it is encoded too, and dropped."""
    recipe = work.recipe
    before = BEFORE_SAMPLES // recipe.frame + PRIMING_PACKETS[recipe.tier]
    kept = f"noise=drop=lt(n\\,{before})+gte(n\\,{before + work.count})"
    encoded = guarded_input(piece)["a:0"].output(
        f"file:{out}",
        **sound_options(recipe),
        **{
            "threads:a": 1,
            "flags:a": "+bitexact",
            "bsf:a": f"{kept},setts=pts=N*{recipe.frame}:dts=N*{recipe.frame}",
            **FRAGMENT,
        },
    )
    return compiled(tools, encoded)


def sound_options(recipe: SoundRecipe) -> dict[str, Any]:
    """Return how ffmpeg's encoder is set for the sound of a tier."""
    shared = {"b:a": recipe.bits_per_s, "cutoff:a": recipe.band_hz, "ar": SAMPLE_RATE, "ac": recipe.channels}
    return (_aac(recipe) if recipe.tier is Tier.COMPATIBLE else _opus()) | shared


def _aac(recipe: SoundRecipe) -> dict[str, Any]:
    """AAC-LC, mono or stereo. Its noise shaping costs speech more than it gives (docs/encoding.md)."""
    return {"c:a": "aac", "aac_tns:a": 0} if recipe.channels == 1 else {"c:a": "aac"}


def _opus() -> dict[str, Any]:
    """Opus for speech: its longest packets, whose headers cost least."""
    return {"c:a": "libopus", "application:a": "voip", "frame_duration:a": 60, "vbr:a": "on"}
