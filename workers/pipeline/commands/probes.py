"""Short encodes of a few windows of a lesson, and what they cost and show."""

from fractions import Fraction
from pathlib import Path

from catalog.formats.rungs import Tier
from workers.pipeline.commands.base import compiled, entered_at, guarded_input, number, raw_samples
from workers.pipeline.commands.pictures import denoised, prepared, sized
from workers.pipeline.commands.segments import ENDLESS_GOP, PLAIN, sound_options
from workers.pipeline.ladder.shapes import Shape
from workers.pipeline.rates import timescale_of
from workers.pipeline.recipe import SAMPLE_RATE, Denoise, Handling, SoundRecipe
from workers.pipeline.tools import Tools

PROBE_PRESET = {Tier.COMPATIBLE: "medium", Tier.MODERN: "8"}


def cut_window(
    tools: Tools, source: Path, stream: int, enter: float | None, at: float, frames: int, rate: Fraction,
    handling: Handling, size: tuple[int, int], out: Path,
) -> list[str]:  # fmt: skip
    """Decode a window of `source` at `at` seconds of its own to `frames` lossless pictures as they are shown.

    The file is entered at `enter` (seconds of its own) or read from its beginning, None.
    What is decoded before the window is kept until its first slot: a picture may have stood since long before, and
    after the last one no other comes.
    """
    entered = {} if enter is None else entered_at(enter)
    shown = guarded_input(source, copyts=None, noaccurate_seek=None, noautorotate=None, **entered)[str(stream)]
    shown = prepared(shown, handling).filter("setpts", f"PTS-{number(at)}/TB")
    shown = shown.filter("fps", fps=rate, round="up", start_time=0).filter("tpad", stop=-1, stop_mode="clone")
    shown = sized(shown.filter("trim", end_frame=frames), handling, *size)
    kept = shown.output(f"file:{out}", **{"c:v": "libx264", "preset:v": "ultrafast", "qp:v": 0, "f": "matroska"})
    return compiled(tools, kept)


def encode_window(
    tools: Tools, window: Path, rate: Fraction, tier: Tier, shape: Shape, crf: int, out: Path
) -> list[str]:
    """Encode a window of `rate` pictures a second in this shape, fast: one group of pictures.

    Its pictures are counted and not timed: Matroska rounds their times to milliseconds, and what is rounded up would
    be shown a slot later.
    """
    timescale = timescale_of(rate)
    shown = (
        guarded_input(window)["v:0"].filter("settb", f"1/{timescale}").filter("setpts", f"N*{int(timescale / rate)}")
    )
    if shape.denoise is not Denoise.NONE:
        shown = denoised(shown, shape.denoise)
    shown = shown.filter("fps", fps=shape.rate, round="up", start_time=0)
    shown = shown.filter("scale", w=shape.width, h=shape.height, flags="bicubic").filter("format", "yuv420p")
    own = (
        PLAIN | {"c:v": "libx264", "bf:v": 3, "sc_threshold:v": 0, "threads:v": 1}
        if tier is Tier.COMPATIBLE
        else {"c:v": "libsvtav1", "svtav1-params": f"lp=1:scm={1 if shape.screen else 0}"}
    )
    return compiled(
        tools,
        shown.output(
            f"file:{out}",
            **own,
            **{"preset:v": PROBE_PRESET[tier], "crf:v": crf, "g:v": ENDLESS_GOP, "f": "matroska"},
        ),
    )


def cut_voice(tools: Tools, source: Path, stream: int, at: float, samples: int, out: Path) -> list[str]:
    """Decode a window of the sound at `at` seconds of the source to 16-bit samples of one channel."""
    heard = guarded_input(source, copyts=None, **entered_at(at))[str(stream)].filter("asetpts", f"PTS-{number(at)}/TB")
    heard = heard.filter("aresample", SAMPLE_RATE, **{"async": 1, "first_pts": 0, "min_hard_comp": 0.05})
    heard = heard.filter("aformat", channel_layouts="mono", sample_fmts="s16").filter("apad")
    heard = heard.filter("atrim", end_sample=samples)
    return compiled(tools, heard.output(f"file:{out}", f="s16le", map_metadata=-1))


def encode_voice(tools: Tools, voice: Path, recipe: SoundRecipe, out: Path) -> list[str]:
    """Encode a window of sound as its segments will be."""
    return compiled(tools, raw_samples(voice, 1).output(f"file:{out}", f="mp4", **sound_options(recipe)))


def decode_voice(tools: Tools, coded: Path, out: Path) -> list[str]:
    """Decode an encoded window, or a segment with its init part, to 16-bit samples of one channel."""
    heard = guarded_input(coded)["a:0"].filter("aresample", SAMPLE_RATE)
    heard = heard.filter("aformat", channel_layouts="mono", sample_fmts="s16")
    return compiled(tools, heard.output(f"file:{out}", f="s16le", map_metadata=-1))
