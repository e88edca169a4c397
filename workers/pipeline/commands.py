"""Every command line of ffmpeg that we run: the only module that imports `ffmpeg` (ffmpeg-python).

It only builds argument lists (`.compile()`); `process.run` runs them. `tests/unit/test_pipeline_commands.py` pins them.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from workers.pipeline.plan import AAC_FRAME, SAMPLE_RATE, Handling, SoundRecipe
from workers.pipeline.probe import DEMUXERS
from workers.pipeline.tools import Tools
from workers.pipeline.work import PREROLL_FRAMES, PRIMING_FRAMES, SoundWork, VideoWork

LEAD_S = 10
"""Where the zero of a source stands in its parts, in seconds: no time in them is negative."""

ENDLESS_GOP = 100_000
SEI = 6
"""The type of H.264 units that carry the encoder's banner."""

_FRAGMENT = {
    "f": "mp4",
    "map_metadata": -1,
    "fflags": "+bitexact",
    "movflags": "+cmaf+empty_moov+frag_custom+skip_trailer",
    "use_editlist": 0,
}


def _input(path: Path, **options: Any) -> Any:
    return ffmpeg.input(f"file:{path}", protocol_whitelist="file,pipe", format_whitelist=DEMUXERS, **options)


def _compile(tools: Tools, stream: Any) -> list[str]:
    quiet = ("-hide_banner", "-nostdin", "-loglevel", "error", "-progress", "pipe:1", "-stats_period", "0.5")
    return [str(word) for word in stream.global_args(*quiet).overwrite_output().compile(cmd=tools.ffmpeg)]


def _number(value: float | Fraction) -> str:
    return f"{float(value):.6f}"


def _at(seconds: float | Fraction) -> dict[str, Any]:
    """Enter a file at a time on its own clock, and not counted from its first packet as ffmpeg would."""
    return {"ss": _number(seconds), "seek_timestamp": 1}


def cut_part(
    tools: Tools, source: Path, stream: int, zero: float, start: float | None, end: float, out: Path
) -> list[str]:
    """Copy the pictures of `source` from the key frame at or before `start` to `end` (seconds of the source).

    With None for `start`, from the first key frame that there is.
    """
    entered = {} if start is None else _at(start)
    copied = _input(source, copyts=None, **entered)[str(stream)].output(
        f"file:{out}",
        c="copy",
        to=_number(end),
        output_ts_offset=_number(LEAD_S - zero),
        avoid_negative_ts="disabled",
        map_metadata=-1,
        map_chapters=-1,
        fflags="+bitexact",
        f="matroska",
    )
    return _compile(tools, copied)


def encode_video(tools: Tools, work: VideoWork, part: Path, out: Path) -> list[str]:
    """Encode one video segment from its part. A slot shows the picture that stands at its time."""
    recipe, handling = work.recipe, work.handling
    start = LEAD_S + Fraction(work.first) / recipe.rate
    entered = _at(start - Fraction(1, 500)) if work.start_s > work.part_start + 0.5 else {}
    decoded = _input(part, copyts=None, noaccurate_seek=None, noautorotate=None, reinit_filter=0, **entered)
    lead = Fraction(handling.lead_s).limit_denominator(10_000)
    shown = _prepared(decoded["v:0"], handling)
    shown = shown.filter("setpts", f"PTS-{_number(start + lead)}/TB")
    shown = shown.filter("fps", fps=recipe.rate, round="up", start_time=0)
    shown = shown.filter("tpad", stop=-1, stop_mode="clone").filter("trim", end_frame=work.count)
    shown = shown.filter("setpts", "N")
    shown = _sized(shown, handling, recipe.width, recipe.height)
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
            **_FRAGMENT,
        },
    )
    return _compile(tools, encoded)


def _prepared(shown: Any, handling: Handling) -> Any:
    if handling.deinterlace:
        shown = shown.filter("bwdif", mode="send_frame", deint="interlaced")
    return shown


def _turned(shown: Any, handling: Handling) -> Any:
    for way in {90: ["clock"], 180: ["clock", "clock"], 270: ["cclock"]}.get(handling.rotation, []):
        shown = shown.filter("transpose", dir=way)
    return shown


def _sized(shown: Any, handling: Handling, width: int, height: int) -> Any:
    shown = _turned(shown, handling).filter(
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


def decode_sound(
    tools: Tools, source: Path, stream: int, zero: float, frames: int, recipe: SoundRecipe, out: Path
) -> list[str]:
    """Decode the sound of `source` to 16-bit samples: exactly `frames` AAC frames from the zero, holes made silent."""
    heard = _input(source, copyts=None)[str(stream)]
    heard = heard.filter("asetpts", f"PTS-{_number(zero)}/TB")
    heard = heard.filter("aresample", SAMPLE_RATE, **{"async": 1, "first_pts": 0, "min_hard_comp": 0.05})
    layout = "mono" if recipe.channels == 1 else "stereo"
    heard = heard.filter("aformat", sample_fmts="s16", channel_layouts=layout)
    heard = heard.filter("apad").filter("atrim", end_sample=frames * AAC_FRAME)
    return _compile(tools, heard.output(f"file:{out}", f="s16le", map_metadata=-1))


def pack_piece(tools: Tools, samples: Path, recipe: SoundRecipe, out: Path) -> list[str]:
    """Compress a piece of 16-bit samples without loss."""
    raw = ffmpeg.input(f"file:{samples}", f="s16le", ar=SAMPLE_RATE, ac=recipe.channels)
    return _compile(
        tools, raw.output(f"file:{out}", **{"c:a": "flac", "f": "flac", "fflags": "+bitexact", "map_metadata": -1})
    )


def encode_sound(tools: Tools, work: SoundWork, piece: Path, out: Path) -> list[str]:
    """Encode one sound segment from its piece: what comes before it and after it is encoded too, and dropped."""
    before = PREROLL_FRAMES + PRIMING_FRAMES
    kept = f"noise=drop=lt(n\\,{before})+gte(n\\,{before + work.count})"
    encoded = _input(piece)["a:0"].output(
        f"file:{out}",
        **{
            "c:a": "aac",
            "b:a": work.recipe.bits_per_s,
            "ar": SAMPLE_RATE,
            "ac": work.recipe.channels,
            "threads:a": 1,
            "flags:a": "+bitexact",
            "bsf:a": f"{kept},setts=pts=N*{AAC_FRAME}:dts=N*{AAC_FRAME}",
            **_FRAGMENT,
        },
    )
    return _compile(tools, encoded)


def poster(
    tools: Tools, source: Path, stream: int, at: float, handling: Handling, size: tuple[int, int], out: Path
) -> list[str]:
    """Make a JPEG of the picture at `at` seconds of the source."""
    shown = _input(source, copyts=None, noautorotate=None, **_at(at))[str(stream)]
    shown = _turned(_prepared(shown, handling).filter("trim", end_frame=1), handling)
    shown = shown.filter("scale", w=size[0], h=size[1], in_color_matrix=handling.matrix, out_range="pc")
    shown = shown.filter("setsar", 1).filter("format", "yuvj420p")
    drawn = shown.output(
        f"file:{out}", **{"frames:v": 1, "c:v": "mjpeg", "q:v": 5, "f": "image2", "update": 1, "threads:v": 1,
                          "map_metadata": -1, "fflags": "+bitexact", "flags:v": "+bitexact"}
    )  # fmt: skip
    return _compile(tools, drawn)


def count_frames(tools: Tools, encoded: Path) -> list[str]:
    """Decode a segment and count its frames (ffprobe): one number."""
    show = ("-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0")
    return [tools.ffprobe, "-v", "error", "-protocol_whitelist", "file", *show, f"file:{encoded}"]
