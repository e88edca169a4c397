"""What is done to decoded pictures before they are encoded, and single pictures."""

from pathlib import Path
from typing import Any

from workers.pipeline.commands.base import compiled, entered_at, guarded_input
from workers.pipeline.recipe import Denoise, Handling
from workers.pipeline.tools import Tools


def prepared(shown: Any, handling: Handling) -> Any:
    """Weave half pictures together where the source has them."""
    if handling.deinterlace:
        shown = shown.filter("bwdif", mode="send_frame", deint="interlaced")
    return shown


def cropped(shown: Any, handling: Handling) -> Any:
    """Cut black bars away."""
    if handling.crop is None:
        return shown
    crop = handling.crop
    return shown.filter("crop", w=crop.width, h=crop.height, x=crop.left, y=crop.top, exact=1)


def denoised(shown: Any, denoise: Denoise) -> Any:
    """Take grain away: a little, or most of it. The strengths are those of `docs/encoding.md`."""
    spatial, temporal = {Denoise.LIGHT: (2, 4), Denoise.STRONG: (4, 6)}[denoise]
    return shown.filter(
        "hqdn3d", luma_spatial=spatial, chroma_spatial=0.75 * spatial, luma_tmp=temporal, chroma_tmp=0.75 * temporal
    )


def turned(shown: Any, handling: Handling) -> Any:
    """Turn pictures upright."""
    for way in {90: ["clock"], 180: ["clock", "clock"], 270: ["cclock"]}.get(handling.rotation, []):
        shown = shown.filter("transpose", dir=way)
    return shown


def sized(shown: Any, handling: Handling, width: int, height: int) -> Any:
    """Turn, scale and colour pictures as every rung has them: 4:2:0, BT.709, limited range, square pixels."""
    shown = cropped(turned(shown, handling), handling).filter(
        "scale",
        w=width,
        h=height,
        flags="bicubic+accurate_rnd+bitexact",
        in_color_matrix=handling.matrix,
        out_color_matrix="bt709",
        out_range="tv",
    )
    shown = shown.filter("setsar", 1).filter("format", "yuv420p")
    return shown.filter("setparams", range="tv", color_primaries="bt709", color_trc="bt709", colorspace="bt709")


def poster(
    tools: Tools, source: Path, stream: int, at: float, handling: Handling, size: tuple[int, int], out: Path
) -> list[str]:
    """Make a JPEG of the picture at `at` seconds of the source."""
    shown = guarded_input(source, copyts=None, noautorotate=None, **entered_at(at))[str(stream)]
    shown = cropped(turned(prepared(shown, handling).filter("trim", end_frame=1), handling), handling)
    shown = shown.filter("scale", w=size[0], h=size[1], in_color_matrix=handling.matrix, out_range="pc")
    shown = shown.filter("setsar", 1).filter("format", "yuvj420p")
    drawn = shown.output(
        f"file:{out}", **{"frames:v": 1, "c:v": "mjpeg", "q:v": 5, "f": "image2", "update": 1, "threads:v": 1,
                          "map_metadata": -1, "fflags": "+bitexact", "flags:v": "+bitexact"}
    )  # fmt: skip
    return compiled(tools, drawn)
