"""What PeerTube, MediaCMS and ricecooker (Kolibri's importer) ask of ffmpeg, word for word, at 480 lines.

The arguments were read in their code in November 2026; none of that code is here. All three run on our ffmpeg (the
wheel's), and each may use every core, as it does at home.

- **PeerTube**, packages/ffmpeg (presets.ts at 1d1ac573, encoder-options.ts, ffmpeg-default-transcoding-profile.ts and
  ffprobe.ts at 01808d9e) and packages/core-utils/src/videos/bitrate.ts at b6b1aaa5. x264's own CRF 23 under a ceiling.
  Its sound depends on the source's: AAC up to 384 kbit/s is made anew at ffmpeg's own rate (128 kbit/s stereo), FLAC at
  384 kbit/s. Our lectures carry FLAC, but schools upload AAC; the peer gets the **smaller** one, so that nobody wins
  by its sound.
- **MediaCMS** 8.3.2 (90b9fad5), files/helpers.py: `get_base_ffmpeg_command` for h264 at 480, a source over 2 s (CRF).
- **ricecooker** (main, 02b14ba4; 0.8.0 differs in `-pix_fmt` and `-map` only), ricecooker/utils/videos.py:
  `compress_video` to MP4 with its defaults.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from pathlib import Path

from benchmarks.encode.running import ffmpeg, ffprobe
from benchmarks.programs import Broken

LINES = 480


@dataclass(frozen=True, slots=True)
class Shape:
    """What a peer asks about a source: size in pixels, frames per second, bits per second of the whole file."""

    width: int
    height: int
    rate: Fraction
    bits_per_s: int


def shape_of(source: Path) -> Shape:
    """Return the shape of a source with pictures. Raises Broken."""
    fields = ("-select_streams", "v:0", "-show_entries", "stream=width,height,avg_frame_rate:format=bit_rate")
    told = ffprobe(*fields, "-of", "default=noprint_wrappers=1", source)
    values = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    try:
        rate, bits = Fraction(values["avg_frame_rate"]), values.get("bit_rate", "0")
        return Shape(int(values["width"]), int(values["height"]), rate, int(bits) if bits.isdecimal() else 0)
    except (KeyError, ValueError, ZeroDivisionError) as error:
        raise Broken(f"{source.name} has no pictures that a peer could encode: {told}") from error


def peertube_ceiling(shape: Shape) -> int:
    """Return PeerTube's maxrate at 480 lines, bits per second: 0.12 bits a pixel, or 1.3 times the source's own."""
    pixels = LINES * LINES * Fraction(shape.width, shape.height) * round(shape.rate)
    average, least = floor(pixels * Fraction(12, 100)), floor(pixels * Fraction(2, 100))
    capped = min(average, floor(shape.bits_per_s * 1.3)) if shape.bits_per_s else average
    return max(least, capped)


def peertube(shape: Shape, crf: int = 23) -> list[str]:
    """Return PeerTube's output arguments. CRF 23 is x264's own and not written there; here it is, for the curves."""
    most, rate = peertube_ceiling(shape), round(shape.rate)
    scaled = f"w=-2:h={LINES}" if shape.width >= shape.height else f"w={LINES}:h=-2"
    return [
        *("-movflags", "faststart", "-max_muxing_queue_size", "1024", "-map_metadata", "-1", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-channel_layout", "stereo"),
        *("-c:v", "libx264", "-vf", f"scale={scaled}", "-preset", "veryfast"),
        *("-maxrate:v", str(most), "-bufsize:v", str(most * 2), "-b_strategy", "1", "-bf", "16"),
        *("-r", str(rate), "-g:v", str(rate * 2), "-crf", str(crf), "-f", "mp4"),
    ]


def mediacms(shape: Shape, crf: int = 23) -> list[str]:
    """Return MediaCMS's output arguments."""
    rate = shape.rate
    while rate > 60:
        rate /= 2
    rate = max(rate, Fraction(1))
    wide = round(LINES * 16 / 9)
    box = f"if(lt(iw\\,ih)\\,{LINES}\\,{wide}):if(lt(iw\\,ih)\\,{wide}\\,{LINES})"
    scaled = f"scale={box}:force_original_aspect_ratio=decrease:force_divisible_by=2:flags=lanczos"
    keys = int(rate * 4)
    return [
        *("-c:v", "libx264", "-filter:v", f"{scaled},fps=fps={rate}", "-pix_fmt", "yuv420p", "-crf", str(crf)),
        *("-c:a", "aac", "-b:a", "128k", "-ac", "2", "-maxrate", "1500k", "-bufsize", "1500k"),
        *("-force_key_frames", "expr:gte(t,n_forced*4)", "-x264-params", f"keyint={keys * 2}:keyint_min={keys}"),
        *("-preset", "medium", "-profile:v", "main", "-level", "4.2", "-strict", "-2"),
    ]


def ricecooker(_shape: Shape, crf: int = 32) -> list[str]:
    """Return ricecooker's output arguments: never more lines than the source has."""
    return [
        *("-vf", f"scale='w=-2:h=trunc(min(ih,{LINES})/2)*2'", "-pix_fmt", "yuv420p", "-b:a", "32k", "-ac", "1"),
        *("-crf", str(crf), "-strict", "-2", "-profile:v", "baseline", "-level", "3.0", "-preset", "slow"),
        *("-movflags", "faststart"),
    ]


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer: its name, its arguments for a shape and a CRF, and the CRF that it uses."""

    name: str
    arguments: Callable[[Shape, int], list[str]]
    crf: int


PEERS = (Peer("peertube", peertube, 23), Peer("mediacms", mediacms, 23), Peer("ricecooker", ricecooker, 32))


def encode(peer: Peer, source: Path, out: Path, crf: int | None = None) -> list[str]:
    """Encode `source` to `out` (MP4) as the peer does, at its own CRF or another; return the arguments."""
    arguments = peer.arguments(shape_of(source), peer.crf if crf is None else crf)
    ffmpeg("-i", source, *arguments, out)
    return arguments
