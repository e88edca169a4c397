"""Pictures that stand: stills out of a video, and a video out of a deck's pages."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from workers.pipeline.commands.base import compiled, entered_at, guarded_input, muxed, number, raw_pictures
from workers.pipeline.commands.pictures import cropped, prepared, turned
from workers.pipeline.recipe import Handling
from workers.pipeline.tools import Tools

STILL_RATE = 10
"""Stills are taken on a grid of so many a second."""

PAGE_RATE = 5
"""Pictures a second of a video that shows a deck's pages."""

ENTER_EARLY_S = 0.002


def extract_stills(
    tools: Tools,
    source: Path,
    stream: int,
    key: float | None,
    begin: float,
    slots: Sequence[int],
    handling: Handling,
    size: tuple[int, int],
    out: str,
) -> list[str]:
    """Write the pictures that stand at `begin` + slot/10 seconds of the source, as PNG files named by `out` (from 1).

    `begin` is in seconds of the source; it is entered at the key frame `key`, or read from its start with None. A slot
    shows the last picture at or before its time, however long that stands.
    """
    entered = {} if key is None else entered_at(key - ENTER_EARLY_S)
    decoded = guarded_input(source, copyts=None, noaccurate_seek=None, noautorotate=None, reinit_filter=0, **entered)
    shown = prepared(decoded[str(stream)], handling)
    shown = shown.filter("setpts", f"PTS-{number(begin)}/TB").filter("fps", fps=STILL_RATE, round="up", start_time=0)
    shown = shown.filter("tpad", stop=-1, stop_mode="clone").filter("trim", end_frame=slots[-1] + 1)
    shown = shown.filter("select", "+".join(f"eq(n,{slot})" for slot in slots)).filter("setpts", "N/10/TB")
    shown = cropped(turned(shown, handling), handling).filter(
        "scale", w=size[0], h=size[1], flags="lanczos+accurate_rnd+full_chroma_int", in_color_matrix=handling.matrix
    )
    shown = shown.filter("setsar", 1).filter("format", "rgb24")
    drawn = shown.output(
        f"file:{out}",
        **{"frames:v": len(slots), "c:v": "png", "compression_level:v": 1, "pred:v": "mixed", "f": "image2",
           "r": STILL_RATE, "threads:v": 1, "map_metadata": -1, "fflags": "+bitexact", "flags:v": "+bitexact"},
    )  # fmt: skip
    return compiled(tools, drawn)


SMALL_HEIGHT = 180


def small_frames(
    tools: Tools, source: Path, stream: int, zero: float, seconds: int, handling: Handling, out: Path
) -> list[str]:
    """Write a small grey picture of each second of the source, 320×180, to compare with a deck's pages."""
    shown = prepared(guarded_input(source, copyts=None, noautorotate=None)[str(stream)], handling)
    shown = shown.filter("setpts", f"PTS-{number(zero)}/TB").filter("fps", fps=1, round="up", start_time=0)
    shown = shown.filter("tpad", stop=-1, stop_mode="clone").filter("trim", end_frame=seconds)
    shown = cropped(turned(shown, handling), handling).filter("scale", w=320, h=SMALL_HEIGHT, flags="area")
    return compiled(tools, shown.filter("format", "gray").output(f"file:{out}", f="rawvideo", map_metadata=-1))


KEY_S = 10
"""A deck's video has a key frame at least so often, in seconds, so that it can be cut and entered."""


def encode_pages(
    tools: Tools,
    raw: Path,
    size: tuple[int, int],
    starts: Sequence[float],
    duration: float,
    voice: tuple[Path, int] | None,
    out: Path,
) -> list[str]:
    """Make a Matroska video that shows each picture of a file of bare RGB from its time on, without loss.

    The file ends with the last picture once more: `fps` drops a picture that nothing comes after.

    H.264 in 4:4:4 and BT.709; `starts` ascend and begin with 0. With a `voice` (file and stream) its sound is beside
    the pictures, as FLAC.
    """
    bounds = pairwise([*starts, duration])
    steps = [f"{number(after - before)}*gte(N,{n})" for n, (before, after) in enumerate(bounds, start=1)]
    shown = raw_pictures(raw, size)["v:0"].filter("settb", "1/1000")
    shown = shown.filter("setpts", f"({'+'.join(['0', *steps])})/TB").filter(
        "fps", fps=PAGE_RATE, round="near", start_time=0
    )
    frames = max(1, round(duration * PAGE_RATE))
    shown = shown.filter("tpad", stop=-1, stop_mode="clone").filter("trim", end_frame=frames)
    shown = shown.filter("scale", out_color_matrix="bt709", out_range="tv", flags="accurate_rnd+full_chroma_int")
    shown = shown.filter("format", "yuv444p")
    shown = shown.filter("setparams", range="tv", color_primaries="bt709", color_trc="bt709", colorspace="bt709")
    streams = [shown]
    sound: dict[str, Any] = {}
    if voice is not None:
        streams.append(guarded_input(voice[0])[str(voice[1])])
        sound = {"c:a": "flac", "sample_fmt:a": "s16"}
    made = muxed(
        streams,
        f"file:{out}",
        **{"c:v": "libx264", "preset:v": "veryfast", "qp:v": 0, "g:v": KEY_S * PAGE_RATE, "threads:v": 1,
           "flags:v": "+bitexact", "map_metadata": -1, "fflags": "+bitexact", "f": "matroska", **sound},
    )  # fmt: skip
    return compiled(tools, made)
