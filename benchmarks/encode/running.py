"""Runs the ffmpeg of the wheel by hand, and counts bytes: what the peers and the measuring need."""

import os
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.programs import Broken
from workers.pipeline.tools import find_tools

LONGEST_S = 1800.0


def ffmpeg(*words: str | Path, folder: Path | None = None) -> bytes:
    """Run ffmpeg quietly in `folder` and return its stdout. Raises Broken with its own words."""
    command = [find_tools().ffmpeg, "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *map(str, words)]
    done = subprocess.run(command, capture_output=True, timeout=LONGEST_S, check=False, cwd=folder)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace")[-2000:]
        raise Broken(f"ffmpeg ended with {done.returncode}: {' '.join(command)}\n{said}")
    return done.stdout


def ffprobe(*words: str | Path) -> str:
    """Run ffprobe and return what it says. Raises Broken."""
    command = [find_tools().ffprobe, "-v", "error", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    if done.returncode != 0:
        raise Broken(f"ffprobe ended with {done.returncode}: {' '.join(command)}\n{done.stderr[-2000:]}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Weight:
    """Bytes of a file, or of several that are played together: of coded pictures, of coded sound, and all in all."""

    video: int = 0
    sound: int = 0
    whole: int = 0

    def __add__(self, other: "Weight") -> "Weight":
        return Weight(self.video + other.video, self.sound + other.sound, self.whole + other.whole)


def weigh(path: Path) -> Weight:
    """Return the bytes of the packets in a file, pictures and sound apart, and of the file itself."""
    video = sound = 0
    for line in ffprobe("-show_entries", "packet=codec_type,size", "-of", "csv=p=0", path).splitlines():
        kind, _, size = line.partition(",")
        if kind == "video":
            video += int(size.strip(","))
        elif kind == "audio":
            sound += int(size.strip(","))
    return Weight(video, sound, path.stat().st_size)


def cpu_seconds() -> float:
    """Return the processor seconds, user and system, of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))
