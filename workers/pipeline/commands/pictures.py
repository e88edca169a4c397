"""What is done to decoded pictures before they are encoded, and single pictures."""

from fractions import Fraction
from typing import Any

from workers.pipeline.commands.base import entered_at
from workers.pipeline.recipe import Denoise, Handling

ROUNDED_S = Fraction(1, 500)
"""Times in a part are whole milliseconds: by more than their rounding a key frame must not be missed."""


def lead_of(handling: Handling) -> Fraction:
    """Return by how much a picture may stand before its time, in seconds."""
    return Fraction(handling.lead_s).limit_denominator(10_000)


def entered_for(at: Fraction, handling: Handling) -> dict[str, Any]:
    """Enter a part at the key frame that shows the picture which stands at `at`, or the one before.

    A key frame that begins just there is found: the one before may be ten seconds away. Half pictures are woven with
    those of the picture before, which is then decoded too.
    """
    return entered_at(at - ROUNDED_S + (0 if handling.deinterlace else lead_of(handling)))


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
