"""Decoding a source once, small, to look at it; and how many bytes its packets have."""

from pathlib import Path

from workers.pipeline.commands.base import compiled, guarded_input, number, together
from workers.pipeline.commands.pictures import turned
from workers.pipeline.look.sampling import Sampling
from workers.pipeline.probe import GUARD
from workers.pipeline.recipe import SAMPLE_RATE, Handling
from workers.pipeline.tools import Tools


def sample_pictures(
    tools: Tools, source: Path, stream: int, zero: float, handling: Handling, sampling: Sampling,
    small: Path, pairs: Path
) -> list[str]:  # fmt: skip
    """Write all small frames to `small` (yuv410p, one after another) and the whole pairs to `pairs` (PGM images).

    Both have limited range: black is 16. A small frame is the mean of what it covers (area), so half pictures need no
    weaving; whole frames are left woven, and lie as they were stored.
    """
    seen = guarded_input(source, copyts=None, noautorotate=None, reinit_filter=0)[str(stream)]
    seen = seen.filter("setpts", f"PTS-{number(zero + handling.lead_s)}/TB")
    seen = seen.filter("fps", fps=sampling.rate, round="up", start_time=0).filter_multi_output("split")
    lying = handling.rotation in (90, 270)
    width, height = (sampling.height, sampling.width) if lying else (sampling.width, sampling.height)
    scaled = seen[0].filter("scale", w=width, h=height, flags="area+bitexact", out_range="tv")
    shown = turned(scaled.filter("format", "yuv410p"), handling)
    period, gap = sampling.pair_period, sampling.pair_gap
    whole = seen[1].filter("select", f"not(mod(n,{period}))+not(mod(n-{gap},{period}))")
    whole = whole.filter("scale", flags="bitexact", out_range="tv").filter("format", "yuv420p")
    whole = whole.filter("extractplanes", "y")  # to ffmpeg, grey is full range: a conversion would stretch the levels
    return compiled(
        tools,
        together(
            shown.output(f"file:{small}", f="rawvideo", fps_mode="passthrough", map_metadata=-1),
            whole.output(
                f"file:{pairs}",
                **{"c:v": "pgm", "f": "image2pipe", "fps_mode": "passthrough", "threads:v": 1, "map_metadata": -1},
            ),
        ),
    )


def sample_sound(
    tools: Tools, source: Path, stream: int, zero: float, channels: int, samples: Path, loudness: Path
) -> list[str]:
    """Write the sound from the zero to `samples` (16 bit, 48 kHz, one or two channels) and its loudness to `loudness`.

    The loudness is text, for every 100 ms the values so far: `lavfi.r128.I=-23.1` and the like.
    """
    layout = "mono" if channels == 1 else "stereo"
    heard = guarded_input(source, copyts=None)[str(stream)]
    heard = heard.filter("asetpts", f"PTS-{number(zero)}/TB")
    heard = heard.filter("aresample", SAMPLE_RATE, **{"async": 1, "first_pts": 0, "min_hard_comp": 0.05})
    heard = heard.filter("aformat", sample_fmts="flt", channel_layouts=layout)
    heard = heard.filter("ebur128", peak="true", metadata=1, dualmono=1, framelog="quiet")
    heard = heard.filter("ametadata", mode="print", file=str(loudness))
    heard = heard.filter("aformat", sample_fmts="s16", channel_layouts=layout)
    return compiled(tools, heard.output(f"file:{samples}", f="s16le", map_metadata=-1))


def packet_sizes(tools: Tools, source: Path) -> list[str]:
    """List `stream,bytes` of every packet (ffprobe)."""
    show = ("-show_entries", "packet=stream_index,size", "-of", "csv=p=0", "-i")
    return [tools.ffprobe, "-v", "error", *GUARD, *show, f"fd:{source}"]
