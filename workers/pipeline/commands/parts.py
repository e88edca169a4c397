"""Cutting the source once: pictures by stream copy, sound as samples."""

from pathlib import Path

from workers.pipeline.commands.base import LEAD_S, compiled, entered_at, guarded_input, number, raw_samples
from workers.pipeline.recipe import SAMPLE_RATE, SoundHandling
from workers.pipeline.tools import Tools


def cut_part(
    tools: Tools, source: Path, stream: int, zero: float, start: float | None, end: float, out: Path
) -> list[str]:
    """Copy the pictures of `source` from the key frame at or before `start` to `end` (seconds of the source).

    With None for `start`, from the first key frame that there is.
    """
    entered = {} if start is None else entered_at(start)
    copied = guarded_input(source, copyts=None, **entered)[str(stream)].output(
        f"file:{out}",
        c="copy",
        to=number(end),
        output_ts_offset=number(LEAD_S - zero),
        avoid_negative_ts="disabled",
        map_metadata=-1,
        map_chapters=-1,
        fflags="+bitexact",
        f="matroska",
    )
    return compiled(tools, copied)


def decode_sound(
    tools: Tools, source: Path, stream: int, zero: float, samples: int, way: SoundHandling, out: Path
) -> list[str]:
    """Decode the sound of `source` to 16-bit samples at 48 kHz: exactly `samples` from the zero, holes made silent."""
    heard = guarded_input(source, copyts=None)[str(stream)]
    heard = heard.filter("asetpts", f"PTS-{number(zero)}/TB")
    heard = heard.filter("aresample", SAMPLE_RATE, **{"async": 1, "first_pts": 0, "min_hard_comp": 0.05})
    heard = heard.filter("aformat", channel_layouts="mono" if way.channels == 1 else "stereo")
    if way.gain_db:
        heard = heard.filter("volume", volume=f"{way.gain_db:.2f}dB", precision="float")
    heard = heard.filter("aformat", sample_fmts="s16").filter("apad").filter("atrim", end_sample=samples)
    return compiled(tools, heard.output(f"file:{out}", f="s16le", map_metadata=-1))


def pack_piece(tools: Tools, samples: Path, channels: int, out: Path) -> list[str]:
    """Compress a piece of 16-bit samples without loss."""
    raw = raw_samples(samples, channels)
    return compiled(
        tools, raw.output(f"file:{out}", **{"c:a": "flac", "f": "flac", "fflags": "+bitexact", "map_metadata": -1})
    )
