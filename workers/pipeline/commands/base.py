"""What every command line begins and ends with: guarded inputs, quiet logs, fragments that repeat bit for bit."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from workers.pipeline.probe import DEMUXERS, MOST_PIXELS, MOST_STREAMS
from workers.pipeline.recipe import SAMPLE_RATE
from workers.pipeline.tools import Tools

LEAD_S = 10
"""Where the zero of a source stands in its parts, in seconds: no time in them is negative."""

FRAGMENT = {
    "f": "mp4",
    "map_metadata": -1,
    "fflags": "+bitexact",
    "movflags": "+cmaf+empty_moov+frag_custom+skip_trailer",
    "use_editlist": 0,
}


def guarded_input(path: Path, **options: Any) -> Any:
    """Open `path` with the demuxers that we allow, and nothing that it may point to.

    `process.run` opens the file and hands it over: the tool itself may open none (protocol `fd` and no other).
    """
    return ffmpeg.input(
        f"fd:{path}",
        protocol_whitelist="fd",
        format_whitelist=DEMUXERS,
        max_pixels=MOST_PIXELS,
        max_streams=MOST_STREAMS,
        **options,
    )


def raw_samples(path: Path, channels: int) -> Any:
    """Open a file of bare 16-bit samples that we wrote ourselves."""
    return ffmpeg.input(f"fd:{path}", protocol_whitelist="fd", f="s16le", ar=SAMPLE_RATE, ac=channels)


def compiled(tools: Tools, stream: Any) -> list[str]:
    """Return the argument list of ffmpeg for `stream`."""
    quiet = ("-hide_banner", "-nostdin", "-loglevel", "error", "-progress", "pipe:1", "-stats_period", "0.5")
    return [str(word) for word in stream.global_args(*quiet).overwrite_output().compile(cmd=tools.ffmpeg)]


def together(*outputs: Any) -> Any:
    """Make several outputs in one run, so that what they share is decoded once."""
    return ffmpeg.merge_outputs(*outputs)


def joined(first: Any, second: Any, name: str, **options: Any) -> Any:
    """Return the stream that a filter of two inputs makes of `first` and `second`."""
    return ffmpeg.filter([first, second], name, **options)


def number(value: float | Fraction) -> str:
    """Write seconds as ffmpeg reads them, to the microsecond."""
    return f"{float(value):.6f}"


def entered_at(seconds: float | Fraction) -> dict[str, Any]:
    """Enter a file at a time on its own clock, and not counted from its first packet as ffmpeg would."""
    return {"ss": number(seconds), "seek_timestamp": 1}


def raw_pictures(path: Path, size: tuple[int, int]) -> Any:
    """Open a file of bare RGB pictures that we wrote ourselves: one a second."""
    return ffmpeg.input(
        f"fd:{path}", protocol_whitelist="fd", f="rawvideo", pixel_format="rgb24", video_size=size, framerate=1
    )


def muxed(streams: list[Any], out: str, **options: Any) -> Any:
    """Write several streams into one file."""
    return ffmpeg.output(*streams, out, **options)
