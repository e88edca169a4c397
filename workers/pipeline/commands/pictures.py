"""What is done to decoded pictures before they are encoded, and single pictures."""

from typing import Any

from workers.pipeline.recipe import Denoise, Handling


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
